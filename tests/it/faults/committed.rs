//! Streams whose client has been told that its request is worked on, before any content has come:
//! another provider may still answer, and if none does the stream's end says so.

use super::case::{Part, Setting, Timers};
use super::findings::Findings;
use super::seen::{events, header};
use super::stage::{STAND_IN, Seen, Stage};
use ragd::stub_llm::{Reply, Wire};
use serde_json::Value;

/// More than the ten seconds after which a client is told.
const FIRST_CONTENT_SECONDS: u64 = 11;

/// Asks a provider of `wire` that says nothing; says what is wrong.
pub async fn play(wire: Wire, second_is_down: bool) -> Option<String> {
    let stage = Stage::open(Setting {
        wire,
        way: None,
        timers: Timers {
            first_content: FIRST_CONTENT_SECONDS,
            idle: 20,
            total: 60,
        },
        part: Part::Replies,
    })
    .await;
    stage.tested.queue(Reply::silence());
    if second_is_down {
        stage.stand_in.queue(Reply::error(500, "down as well"));
    }
    let seen = stage.ask(true).await;
    let mut findings = Findings::default();
    findings.same("the status", seen.status, 200);
    findings.holds("a comment comes first", seen.text.starts_with(": ping\n\n"));
    findings.same("who answers", header(&seen, "x-ragd-provider"), None);
    findings.same("the calls", stage.calls(), (1, 1));
    let outcome = if second_is_down {
        failed(&seen, &mut findings);
        "error_before_content"
    } else {
        answered(&seen, &mut findings);
        "complete"
    };
    let series = format!("ragd_stream_outcomes_total{{outcome=\"{outcome}\"}}");
    findings.same(
        "the streams of this end",
        stage.app.metric(&series).await,
        1.0,
    );
    stage.finish().await;
    findings.of(&format!("{wire:?}, the second is down: {second_is_down}"))
}

fn answered(seen: &Seen, findings: &mut Findings) {
    let events = events(seen, findings);
    findings.same(
        "the last event",
        events.last().map(String::as_str),
        Some("[DONE]"),
    );
    for token in STAND_IN {
        findings.holds("the text of the second", seen.text.contains(token));
    }
    findings.holds("no error", !seen.text.contains("\"error\""));
}

fn failed(seen: &Seen, findings: &mut Findings) {
    let events = events(seen, findings);
    findings.same("the number of events", events.len(), 1);
    let last = events
        .last()
        .and_then(|event| serde_json::from_str(event).ok());
    let error = last.unwrap_or(Value::Null)["error"].clone();
    findings.same(
        "the error's type",
        error["type"].as_str(),
        Some("server_error"),
    );
    findings.same(
        "the error's code",
        error["code"].as_str(),
        Some("llm_unavailable"),
    );
    findings.same("partial", error["partial"].as_bool(), Some(false));
}
