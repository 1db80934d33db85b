//! The breaker's states at their edges, and against a model of a few lines.

use super::*;
use BreakerState::{Closed, HalfOpen, Open};
use proptest::prelude::*;

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

#[test]
fn five_failures_in_a_row_open_it_and_a_success_begins_anew() {
    let breaker = breaker();
    fail(&breaker, 4, at(0));
    breaker.acquire(at(0)).expect("a permit").success(at(0));
    fail(&breaker, 4, at(0));
    assert_eq!(breaker.state(at(0)), Closed);
    fail(&breaker, 1, at(0));
    assert_eq!(breaker.state(at(0)), Open);
    let refused = breaker.acquire(at(10_000)).expect_err("open");
    assert_eq!(refused.retry_after, Duration::from_secs(20));
    assert_eq!(
        breaker.take_transitions(),
        BTreeMap::from([((Closed, Open), 1)])
    );
    assert!(breaker.take_transitions().is_empty());
}

#[test]
fn after_thirty_seconds_one_probe_at_a_time_and_three_successes_close_it() {
    let breaker = breaker();
    fail(&breaker, 5, at(0));
    assert!(breaker.acquire(at(29_999)).is_err());
    let probe = breaker.acquire(at(30_000)).expect("a probe");
    assert_eq!(breaker.state(at(30_000)), HalfOpen);
    assert!((0..1_000).all(|_| breaker.acquire(at(30_000)).is_err()));
    probe.success(at(30_001));
    for _ in 0..2 {
        assert_eq!(breaker.state(at(30_001)), HalfOpen);
        breaker
            .acquire(at(30_001))
            .expect("a probe")
            .success(at(30_001));
    }
    assert_eq!(breaker.state(at(30_001)), Closed);
}

#[test]
fn a_failed_or_lost_probe_opens_it_again_and_a_dropped_one_gives_its_place_back() {
    let breaker = breaker();
    fail(&breaker, 5, at(0));
    drop(breaker.acquire(at(30_000)).expect("a probe"));
    breaker
        .acquire(at(30_000))
        .expect("a probe")
        .failure(at(31_000));
    assert_eq!(breaker.state(at(60_999)), Open);
    let lost = breaker.acquire(at(61_000)).expect("a probe");
    assert_eq!(breaker.state(at(90_999)), HalfOpen);
    assert_eq!(breaker.state(at(91_000)), Open);
    // Its generation is over.
    lost.success(at(91_000));
    assert_eq!(breaker.state(at(91_000)), Open);
}

#[test]
fn an_upstream_that_rests_is_not_asked_and_its_breaker_stays_closed() {
    let breaker = breaker();
    breaker.acquire(at(0)).expect("a permit").rest(at(10_000));
    let refused = breaker.acquire(at(4_000)).expect_err("resting");
    assert_eq!(refused.retry_after, Duration::from_secs(6));
    assert_eq!(breaker.state(at(4_000)), Closed);
    assert!(breaker.acquire(at(10_000)).is_ok());
}

/// What each step asks for: a call that succeeds, fails or says nothing, or time that passes.
fn steps() -> impl Strategy<Value = Vec<(u8, i64)>> {
    prop::collection::vec((0_u8..4, 0_i64..40_000), 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn it_does_what_the_model_does(steps in steps()) {
        let breaker = breaker();
        let (mut state, mut count, mut opened, mut now) = (Closed, 0, 0, 0);
        for (step, wait) in steps {
            if step == 3 {
                now += wait;
            }
            if state == Open && now >= opened + 30_000 {
                (state, count) = (HalfOpen, 0);
            }
            let permit = breaker.acquire(at(now));
            prop_assert_eq!(permit.is_ok(), state != Open);
            prop_assert_eq!(breaker.state(at(now)), state);
            let Ok(permit) = permit else { continue };
            match (step, state) {
                (0, _) => permit.success(at(now)),
                (1, _) => permit.failure(at(now)),
                _ => permit.neutral(),
            }
            count = match (step, state) {
                (0, Closed) => 0,
                (0, HalfOpen) | (1, Closed) => count + 1,
                _ => count,
            };
            if (step, state) == (1, HalfOpen) || (state == Closed && count == 5) {
                (state, count, opened) = (Open, 0, now);
            } else if state == HalfOpen && count == 3 {
                (state, count) = (Closed, 0);
            }
        }
    }
}
