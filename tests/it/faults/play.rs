//! Runs one case on a stage: the request over HTTP, and its outcome.

use super::case::{Case, Moment, Part};
use super::scrape::Scrape;
use super::script::BEGINNING;
use super::stage::{PATIENCE, Seen, Stage};
use super::table::{Fate, Fault};
use crate::support::until::{until, within};
use futures_util::StreamExt;
use std::time::Duration;
use tokio::time::Instant;

/// What came of a case.
pub struct Played {
    /// What the client was sent; `None`: it has gone.
    pub seen: Option<Seen>,
    /// How long after its client had gone the upstream was told.
    pub told_after: Option<Duration>,
    /// How many calls each upstream had.
    pub calls: (usize, usize),
    /// The metrics before and after.
    pub metrics: (Scrape, Scrape),
}

/// Plays `case`; the stage is as new before it.
pub async fn play(stage: &mut Stage, case: &Case) -> Played {
    let before = Scrape::of(stage).await;
    let calls = stage.calls();
    stage.script(case);
    if case.setting().part == Part::OwnLimit {
        // Takes the one place of the minute.
        let first = stage.ask(false).await;
        assert_eq!(first.status, 200, "{first:?}");
    }
    let (seen, told_after) = match case.row.fault {
        Fault::ClientGone(silence) => (None, Some(leave(stage, case, silence).await)),
        _ => (Some(hear(stage, case).await), None),
    };
    let now = stage.calls();
    Played {
        seen,
        told_after,
        calls: (now.0 - calls.0, now.1 - calls.1),
        metrics: (before, Scrape::of(stage).await),
    }
}

async fn hear(stage: &Stage, case: &Case) -> Seen {
    within("an answer that ends", PATIENCE, stage.ask(case.is_stream())).await
}

/// Goes away after `silence` by the clock; returns how long it took until the upstream was told.
async fn leave(stage: &mut Stage, case: &Case, silence: Duration) -> Duration {
    let before = Scrape::of(stage).await;
    let count = stage.calls().0 + 1;
    let request = stage.request(case.is_stream());
    let hears_content = case.is_stream() && case.moment == Moment::AfterContent;
    let (heard, hearing) = tokio::sync::oneshot::channel();
    let client = tokio::spawn(async move {
        let mut body = request.send().await.unwrap().bytes_stream();
        let mut seen = Vec::new();
        while !String::from_utf8_lossy(&seen).contains(BEGINNING) {
            seen.extend_from_slice(&body.next().await.unwrap().unwrap());
        }
        let _listened = heard.send(());
        while body.next().await.is_some() {}
    });
    stage.called(count).await;
    if hears_content {
        within("content", PATIENCE, hearing).await.unwrap();
    }
    stage.clock.advance(silence);
    client.abort();
    let gone_at = Instant::now();
    stage.left += 1;
    let left = stage.tested.clients_gone(stage.left);
    within("an upstream that is told", PATIENCE, left).await;
    let told_after = gone_at.elapsed();
    settle(stage, case, &before).await;
    told_after
}

/// Waits until it is recorded that the client has gone, as far as the metrics show it.
async fn settle(stage: &Stage, case: &Case, before: &Scrape) {
    let aborted = (
        "ragd_stream_outcomes_total",
        &[("outcome", "client_abort")][..],
    );
    let labels = [("provider", stage.names.0), ("outcome", "failure")];
    let failed = ("origin_llm_calls_total", &labels[..]);
    let is_failure = case.row.fate == Fate::Failure;
    until("a client's leaving in the books", PATIENCE, || async {
        let now = Scrape::of(stage).await;
        let is_ended = !case.is_stream() || now.since(before, aborted) == 1;
        is_ended && (!is_failure || now.since(before, failed) == 1)
    })
    .await;
}
