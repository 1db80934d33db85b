//! Plays one case on a stage: the request through the real door, and what came of it.

use super::case::{Case, Moment, Part};
use super::scrape::Scrape;
use super::script::BEGINNING;
use super::stage::{Seen, Stage};
use super::table::Fault;
use futures_util::StreamExt;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// How long a case may take in all.
const PATIENCE: Duration = Duration::from_secs(25);

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
    let asked = timeout(PATIENCE, stage.ask(case.is_stream())).await;
    asked.expect("an answer that ends")
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
    timeout(PATIENCE, stage.called(count))
        .await
        .expect("a call");
    if hears_content {
        timeout(PATIENCE, hearing).await.expect("content").unwrap();
    }
    stage.clock.advance(silence);
    client.abort();
    let gone_at = Instant::now();
    stage.left += 1;
    timeout(PATIENCE, stage.tested.clients_gone(stage.left))
        .await
        .expect("an upstream that is told");
    let told_after = gone_at.elapsed();
    settle(stage, case, &before).await;
    told_after
}

/// Waits until a client's leaving is in the books.
async fn settle(stage: &Stage, case: &Case, before: &Scrape) {
    let aborted = (
        "ragd_stream_outcomes_total",
        &[("outcome", "client_abort")][..],
    );
    for _ in 0..50 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        if !case.is_stream() || Scrape::of(stage).await.since(before, aborted) == 1 {
            return;
        }
    }
}
