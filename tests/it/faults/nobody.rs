//! The second table: the same faults while the provider that stands in is down as well.

use super::books::both_failed;
use super::case::{self, Case, Part, View};
use super::findings::Findings;
use super::scrape::Scrape;
use super::seen::{error, header, nobody};
use super::stage::{Seen, Stage};
use super::table::{Fate, Fault, ROWS};
use ragd::stub_llm::Reply;

/// How the second provider fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Second {
    /// 500.
    Down,
    /// 429 with nine seconds to wait.
    Limited,
}

/// The cases: whatever another provider would have answered, and that no timer has to wait for.
pub fn cases() -> Vec<(Case, Second)> {
    let is_one = |case: &Case| {
        let waits = [Fault::Silence, Fault::NoContent, Fault::Endless];
        let quick = !waits.contains(&case.row.fault);
        let setting = case.setting();
        case.impossible().is_none()
            && case.view() == View::StandIn { calls: 2 }
            && setting.way.is_none()
            && setting.part == Part::Replies
            && quick
    };
    let both = |case: Case| [(case, Second::Down), (case, Second::Limited)];
    case::of_rows(ROWS)
        .into_iter()
        .filter(is_one)
        .flat_map(both)
        .collect()
}

/// Plays a case, and says what is wrong with it.
pub async fn play(stage: &Stage, (case, second): (Case, Second)) -> Option<String> {
    stage.reset();
    let mut findings = Findings::default();
    let (before, calls) = (Scrape::of(stage).await, stage.calls());
    stage.script(&case);
    stage.stand_in.queue(match second {
        Second::Down => Reply::error(500, "down as well"),
        Second::Limited => Reply::error_with_header(429, "rate_limit_exceeded", "retry-after", "9"),
    });
    let seen = stage.ask(case.is_stream()).await;
    let now = stage.calls();
    findings.same("the calls", (now.0 - calls.0, now.1 - calls.1), (1, 1));
    told(&seen, (case.row.fate, second), &mut findings);
    let metrics = (before, Scrape::of(stage).await);
    both_failed((stage, &metrics), &mut findings);
    let outcome = [("outcome", "error_before_content")];
    let ended = metrics
        .1
        .since(&metrics.0, ("ragd_stream_outcomes_total", &outcome));
    findings.same(
        "the streams that failed",
        ended,
        i64::from(case.is_stream()),
    );
    findings.of(&format!("{}, the second {second:?}", case.name()))
}

/// The soonest that a provider can be asked again is when to ask again.
fn told(seen: &Seen, (fate, second): (Fate, Second), findings: &mut Findings) {
    let first = match fate {
        Fate::Rest(time) => Some(time.as_secs()),
        // Five minutes, which clients are not asked to wait.
        _ => None,
    };
    let second = (second == Second::Limited).then_some(9);
    let soonest = [first, second].into_iter().flatten().min().unwrap_or(5);
    let soonest = soonest.to_string();
    if first.is_some() && second.is_some() {
        error(seen, (429, "rate_limit_error"), findings);
        findings.same(
            "Retry-After",
            header(seen, "retry-after"),
            Some(soonest.as_str()),
        );
    } else {
        nobody(seen, &soonest, findings);
    }
}
