//! Whether the case is recorded as it should be: the calls of both upstreams, the breakers, the
//! limiters, the metrics; and whether the provider is asked again when it should be, and no sooner.

use super::case::{Case, Part, View};
use super::findings::Findings;
use super::play::Played;
use super::scrape::Scrape;
use super::script::TOKENS;
use super::seen::{served, whole};
use super::stage::{STAND_IN, Stage};
use super::table::{Fate, Fault};
use ragd::provider::Operation;
use ragd::resilience::BreakerState;
use std::time::Duration;

/// How long an unusable provider is left alone.
const UNUSABLE_FOR: Duration = Duration::from_secs(5 * 60);
const A_MOMENT: Duration = Duration::from_millis(1);

/// Checks what `case` left behind.
pub fn check(case: &Case, (stage, played): (&Stage, &Played), findings: &mut Findings) {
    calls(case, played, findings);
    breakers(case, stage, findings);
    limiters(case, stage, findings);
    let (before, after) = &played.metrics;
    let grown = |family: &str, labels: &[(&str, &str)]| after.since(before, (family, labels));
    of_calls(case, (stage.names, &grown), findings);
    of_streams(case, &grown, findings);
    of_trouble(case, (stage.names, &grown), findings);
}

fn calls(case: &Case, played: &Played, findings: &mut Findings) {
    let reaches = !matches!(case.row.fault, Fault::NoWay(_));
    let stands_in = matches!(case.view(), View::StandIn { .. });
    let wanted = (usize::from(reaches), usize::from(stands_in));
    findings.same("the number of calls of each upstream", played.calls, wanted);
    if let Some(told_after) = played.told_after {
        findings.holds(
            "the upstream is told within 1 s",
            told_after <= Duration::from_secs(1),
        );
    }
}

fn breakers(case: &Case, stage: &Stage, findings: &mut Findings) {
    let snapshot = stage.snapshot(stage.names.0);
    for (operation, breaker) in &snapshot.breakers {
        let is_failure = *operation == Operation::Chat && case.row.fate == Fate::Failure;
        findings.same("the breaker's state", breaker.state, BreakerState::Closed);
        let failures = breaker.failures_in_a_row;
        findings.same("the failures in a row", failures, u32::from(is_failure));
    }
    let failure = snapshot.last.and_then(|last| last.failure);
    let kind = failure.map(|(kind, _)| kind);
    findings.same("the kind of the failure", kind, case.row.kind);
    for (_, breaker) in &stage.snapshot(stage.names.1).breakers {
        findings.same(
            "the other's failures in a row",
            breaker.failures_in_a_row,
            0,
        );
    }
}

fn limiters(case: &Case, stage: &Stage, findings: &mut Findings) {
    let limiter = stage.snapshot(stage.names.0).limiter;
    let rest = match case.row.fate {
        Fate::Rest(time) => Some(time),
        _ => None,
    };
    findings.same("the rest", limiter.cools_for, rest);
    let is_unusable = case.row.fate == Fate::Unusable;
    let unusable = limiter.unusable.map(|(time, _)| time);
    findings.same(
        "the time of being unusable",
        unusable,
        is_unusable.then_some(UNUSABLE_FOR),
    );
    let other = stage.snapshot(stage.names.1).limiter;
    findings.same("the other's rest", other.cools_for, None::<Duration>);
    findings.holds("the other is usable", other.unusable.is_none());
}

type Grown<'a> = &'a dyn Fn(&str, &[(&str, &str)]) -> i64;

fn of_calls(
    case: &Case,
    ((tested, stand_in), grown): ((&str, &str), Grown<'_>),
    findings: &mut Findings,
) {
    let fate = case.row.fate;
    // The one place of our own limit was taken by a call that was answered.
    let is_answered = fate == Fate::Success || case.row.fault == Fault::OwnLimit;
    let is_failed = matches!(fate, Fate::Failure | Fate::Rest(_) | Fate::Unusable);
    let is_rejected = matches!(fate, Fate::Callers(_));
    let stands_in = matches!(case.view(), View::StandIn { .. });
    for (provider, outcome, wanted) in [
        (tested, "success", is_answered),
        (tested, "failure", is_failed),
        (stand_in, "success", stands_in),
        (stand_in, "failure", false),
    ] {
        let labels = [("provider", provider), ("outcome", outcome)];
        let count = grown("origin_llm_calls_total", &labels);
        findings.same(
            &format!("calls of {provider}: {outcome}"),
            count,
            i64::from(wanted),
        );
    }
    for (provider, status, wanted) in [
        (tested, "success", is_answered),
        (tested, "error", is_failed || is_rejected),
        (stand_in, "success", stands_in),
        (stand_in, "error", false),
    ] {
        let labels = [("provider", provider), ("status", status)];
        let count = grown("rag_llm_request_total", &labels);
        findings.same(
            &format!("requests of {provider}: {status}"),
            count,
            i64::from(wanted),
        );
    }
    let fallbacks = grown("ragd_fallbacks_total", &[]);
    findings.same("the fallbacks", fallbacks, i64::from(stands_in));
    let labels = [
        ("from", tested),
        ("to", stand_in),
        ("reason", case.reason()),
    ];
    let fallbacks = grown("ragd_fallbacks_total", &labels);
    findings.same(
        "the fallbacks of this reason",
        fallbacks,
        i64::from(stands_in),
    );
}

fn of_streams(case: &Case, grown: Grown<'_>, findings: &mut Findings) {
    let ending = match case.view() {
        View::Answer | View::StandIn { .. } => "complete",
        View::Part => "error_after_content",
        View::Refusal(_) => "error_before_content",
        View::Gone => "client_abort",
    };
    for outcome in [
        "complete",
        "error_after_content",
        "error_before_content",
        "client_abort",
    ] {
        let count = grown("ragd_stream_outcomes_total", &[("outcome", outcome)]);
        let wanted = case.is_stream() && outcome == ending;
        findings.same(&format!("streams: {outcome}"), count, i64::from(wanted));
    }
}

fn of_trouble(
    case: &Case,
    ((tested, _), grown): ((&str, &str), Grown<'_>),
    findings: &mut Findings,
) {
    let alerts = grown(
        "rag_errors_total",
        &[("component", "provider"), ("kind", "unusable")],
    );
    let is_unusable = case.row.fate == Fate::Unusable;
    findings.same("the alerts", alerts, i64::from(is_unusable));
    let held = grown("rag_rate_limit_violations_total", &[("limit", tested)]);
    let is_held = case.row.fault == Fault::OwnLimit;
    findings.same("the requests that our limit held", held, i64::from(is_held));
    let opened = grown(
        "rag_circuit_breaker_transitions_total",
        &[("provider", tested)],
    );
    findings.same("the breaker's transitions", opened, 0);
}

/// Asks again: a provider that rests is not called until its time is up, any other at once.
pub async fn asked_again(case: &Case, stage: &Stage, findings: &mut Findings) {
    if matches!(case.row.fault, Fault::NoWay(_)) {
        return;
    }
    let rest = match (case.row.fate, case.setting().part) {
        (Fate::Rest(time), _) => Some(time),
        (Fate::Unusable, _) => Some(UNUSABLE_FOR),
        (_, Part::OwnLimit) => Some(Duration::from_secs(60)),
        _ => None,
    };
    let count = stage.calls().0;
    if let Some(rest) = rest {
        stage.clock.advance(rest - A_MOMENT);
        let seen = stage.ask(false).await;
        served(&seen, (stage.names.1, 1, true), findings);
        whole(&seen, &STAND_IN.concat(), findings);
        findings.same("the calls of a provider that rests", stage.calls().0, count);
        stage.clock.advance(A_MOMENT);
    }
    let seen = stage.ask(false).await;
    served(&seen, (stage.names.0, 1, false), findings);
    whole(&seen, &TOKENS.concat(), findings);
    findings.same("the calls when asked again", stage.calls().0, count + 1);
    let breakers = stage.snapshot(stage.names.0).breakers;
    let failures: u32 = breakers
        .iter()
        .map(|(_, breaker)| breaker.failures_in_a_row)
        .sum();
    findings.same("the failures in a row after a success", failures, 0);
}

/// What is recorded of two providers that both failed.
pub fn both_failed((stage, metrics): (&Stage, &(Scrape, Scrape)), findings: &mut Findings) {
    let (before, after) = metrics;
    for provider in [stage.names.0, stage.names.1] {
        let labels = [("provider", provider), ("outcome", "failure")];
        let count = after.since(before, ("origin_llm_calls_total", &labels));
        findings.same(&format!("failed calls of {provider}"), count, 1);
    }
    let fallbacks = after.since(before, ("ragd_fallbacks_total", &[]));
    findings.same("the fallbacks", fallbacks, 1);
}
