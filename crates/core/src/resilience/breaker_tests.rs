//! The breaker's transitions one by one, at their edges.

use super::BreakerState::{Closed, HalfOpen, Open};
use super::*;
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use std::time::Duration;

fn at(milliseconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_767_000_000_000 + milliseconds).expect("a time")
}

fn breaker() -> Breaker {
    Breaker::new(BreakerSettings::default())
}

fn fail(breaker: &Breaker, times: u32, now: DateTime<Utc>) {
    for _ in 0..times {
        breaker.acquire(now).expect("a permit").failure(now);
    }
}

fn succeed(breaker: &Breaker, times: u32, now: DateTime<Utc>) {
    for _ in 0..times {
        breaker.acquire(now).expect("a permit").success(now);
    }
}

/// Open since 0.
fn open_breaker() -> Breaker {
    let breaker = breaker();
    fail(&breaker, 5, at(0));
    breaker.take_transitions();
    breaker
}

fn wait_of(breaker: &Breaker, now: DateTime<Utc>) -> Duration {
    breaker.acquire(now).expect_err("refused").retry_after
}

#[test]
fn closed_to_open_after_five_failures_in_a_row() {
    let breaker = breaker();
    fail(&breaker, 4, at(0));
    assert_eq!(breaker.state(at(0)), Closed);
    fail(&breaker, 1, at(0));
    assert_eq!(breaker.state(at(0)), Open);
    assert_eq!(wait_of(&breaker, at(10_000)), Duration::from_secs(20));
    let once = BTreeMap::from([((Closed, Open), 1)]);
    assert_eq!(breaker.take_transitions(), once);
    assert!(breaker.take_transitions().is_empty());
}

#[test]
fn a_success_begins_the_count_anew_and_a_neutral_outcome_does_not() {
    let breaker = breaker();
    fail(&breaker, 4, at(0));
    succeed(&breaker, 1, at(0));
    fail(&breaker, 4, at(0));
    breaker.acquire(at(0)).expect("a permit").neutral();
    drop(breaker.acquire(at(0)).expect("a permit"));
    assert_eq!(breaker.state(at(0)), Closed);
    fail(&breaker, 1, at(0));
    assert_eq!(breaker.state(at(0)), Open);
}

#[test]
fn open_to_half_open_at_thirty_seconds_and_not_a_millisecond_before() {
    let breaker = open_breaker();
    assert_eq!(wait_of(&breaker, at(29_999)), Duration::from_millis(1));
    assert_eq!(breaker.state(at(29_999)), Open);
    let _probe = breaker.acquire(at(30_000)).expect("a probe");
    let once = BTreeMap::from([((Open, HalfOpen), 1)]);
    assert_eq!(breaker.take_transitions(), once);

    // Reading it is enough: no call need come.
    let breaker = open_breaker();
    assert_eq!(breaker.snapshot(at(29_999)).state, Open);
    assert_eq!(breaker.state(at(30_000)), HalfOpen);
    assert_eq!(breaker.take_transitions(), once);
}

#[test]
fn half_open_to_closed_after_three_successes_one_probe_at_a_time() {
    let breaker = open_breaker();
    for _ in 0..3 {
        let probe = breaker.acquire(at(30_000)).expect("a probe");
        assert_eq!(breaker.state(at(30_000)), HalfOpen);
        assert_eq!(wait_of(&breaker, at(31_000)), Duration::from_secs(29));
        probe.success(at(31_000));
    }
    assert_eq!(breaker.state(at(31_000)), Closed);
    fail(&breaker, 4, at(31_000));
    assert_eq!(breaker.state(at(31_000)), Closed);
}

#[test]
fn half_open_to_open_on_any_failure_for_a_fresh_thirty_seconds() {
    let breaker = open_breaker();
    succeed(&breaker, 2, at(30_000));
    fail(&breaker, 1, at(31_000));
    assert_eq!(breaker.state(at(60_999)), Open);
    assert_eq!(breaker.state(at(61_000)), HalfOpen);
    succeed(&breaker, 2, at(61_000));
    assert_eq!(breaker.state(at(61_000)), HalfOpen);
}

#[test]
fn a_dropped_probe_gives_its_place_back_and_counts_as_nothing() {
    let breaker = open_breaker();
    drop(breaker.acquire(at(30_000)).expect("a probe"));
    breaker.acquire(at(30_000)).expect("a probe").neutral();
    let snapshot = breaker.snapshot(at(30_000));
    assert_eq!((snapshot.probes_in_flight, snapshot.successes), (0, 0));
    assert!(breaker.acquire(at(30_000)).is_ok());
}

#[test]
fn a_probe_without_content_within_thirty_seconds_is_a_failure() {
    let breaker = open_breaker();
    let lost = breaker.acquire(at(31_000)).expect("a probe");
    assert_eq!(breaker.state(at(60_999)), HalfOpen);
    assert_eq!(breaker.state(at(61_000)), Open);
    // Its generation is over.
    lost.content_came();
    lost.success(at(61_000));
    assert_eq!(breaker.state(at(90_999)), Open);
    assert_eq!(breaker.state(at(91_000)), HalfOpen);
}

#[test]
fn a_lost_probe_that_nobody_noticed_failed_all_the_same_when_its_time_was_up() {
    let breaker = open_breaker();
    let _lost = breaker.acquire(at(30_000)).expect("a probe");
    assert_eq!(wait_of(&breaker, at(70_000)), Duration::from_secs(20));
    let _lost = breaker.acquire(at(90_000)).expect("a probe");
    assert!(breaker.acquire(at(500_000)).is_ok());
}

#[test]
fn a_probe_whose_content_came_keeps_its_place_until_it_ends() {
    let breaker = open_breaker();
    let probe = breaker.acquire(at(30_000)).expect("a probe");
    probe.content_came();
    assert_eq!(breaker.state(at(600_000)), HalfOpen);
    assert_eq!(wait_of(&breaker, at(600_000)), Duration::from_secs(30));
    probe.success(at(600_000));
    assert_eq!(breaker.snapshot(at(600_000)).successes, 1);
    let probe = breaker.acquire(at(600_000)).expect("a probe");
    probe.content_came();
    probe.failure(at(700_000));
    assert_eq!(breaker.state(at(700_000)), Open);
}

#[test]
fn an_outcome_of_an_older_generation_changes_nothing() {
    let breaker = breaker();
    let [first, second, third] = [(); 3].map(|()| breaker.acquire(at(0)).expect("a permit"));
    fail(&breaker, 5, at(0));
    first.success(at(1));
    assert_eq!(breaker.state(at(1)), Open);
    let probe = breaker.acquire(at(30_000)).expect("a probe");
    second.failure(at(30_000));
    drop(third);
    let snapshot = breaker.snapshot(at(30_000));
    assert_eq!((snapshot.state, snapshot.probes_in_flight), (HalfOpen, 1));
    probe.success(at(30_000));
}

#[test]
fn a_forced_breaker_is_open_whatever_the_time_until_it_is_released_to_probes() {
    let breaker = breaker();
    let under_way = breaker.acquire(at(0)).expect("a permit");
    breaker.force_open(at(0));
    breaker.force_open(at(1));
    under_way.success(at(1));
    assert!(breaker.is_forced());
    assert_eq!(breaker.state(at(86_400_000)), Open);
    assert_eq!(wait_of(&breaker, at(86_400_000)), Duration::from_secs(30));
    assert_eq!(breaker.snapshot(at(1)).reopens_in, None);
    breaker.release(at(2));
    assert!(!breaker.is_forced());
    fail(&breaker, 1, at(2));
    let snapshot = breaker.snapshot(at(3));
    assert_eq!(snapshot.reopens_in, Some(Duration::from_millis(29_999)));
    // Only a forced opening can be released.
    breaker.release(at(3));
    assert_eq!(breaker.state(at(3)), Open);
    let changes = [(Closed, Open), (Open, HalfOpen), (HalfOpen, Open)];
    let once = changes.map(|change| (change, 1));
    assert_eq!(breaker.take_transitions(), BTreeMap::from(once));
}

#[test]
fn a_reset_closes_it_forgets_its_failures_and_ends_a_forced_opening() {
    let breaker = breaker();
    fail(&breaker, 4, at(0));
    breaker.reset(at(0));
    fail(&breaker, 4, at(0));
    assert_eq!(breaker.snapshot(at(0)).failures_in_a_row, 4);
    breaker.force_open(at(0));
    breaker.reset(at(1));
    assert_eq!((breaker.state(at(1)), breaker.is_forced()), (Closed, false));
    fail(&breaker, 5, at(1));
    assert_eq!(breaker.state(at(30_001)), HalfOpen);
    breaker.reset(at(30_001));
    assert_eq!(breaker.state(at(30_001)), Closed);
    let changes = [
        ((Closed, Open), 2),
        ((Open, Closed), 1),
        ((Open, HalfOpen), 1),
        ((HalfOpen, Closed), 1),
    ];
    assert_eq!(breaker.take_transitions(), BTreeMap::from(changes));
}

#[test]
fn a_clock_that_was_set_back_does_not_keep_it_open() {
    let breaker = open_breaker();
    assert_eq!(wait_of(&breaker, at(-3_600_000)), Duration::from_secs(30));
    let _lost = breaker.acquire(at(-3_570_000)).expect("a probe");
    assert_eq!(breaker.state(at(-7_200_000)), HalfOpen);
    assert_eq!(breaker.state(at(-7_170_000)), Open);
}

#[test]
fn without_a_place_for_probes_there_is_one_all_the_same() {
    let breaker = Breaker::new(BreakerSettings {
        half_open_max_probes: 0,
        ..BreakerSettings::default()
    });
    fail(&breaker, 5, at(0));
    let _probe = breaker.acquire(at(30_000)).expect("a probe");
    assert!(breaker.acquire(at(30_000)).is_err());
}

#[test]
fn the_gauge_is_zero_one_two() {
    assert_eq!([Closed, Open, HalfOpen].map(BreakerState::gauge), [0, 1, 2]);
}
