//! The breaker and the retry budget between threads. Most of it is a model: the same source is
//! compiled with `loom`'s lock and atomics in place of the standard ones, and every order in which the
//! threads can pass them is tried. One test at the end takes real threads.

#[expect(
    clippy::duplicate_mod,
    reason = "the source of the breaker itself, with another lock"
)]
#[expect(dead_code, reason = "the model calls what threads race for")]
#[path = "breaker.rs"]
mod breaker;
#[expect(
    clippy::duplicate_mod,
    reason = "the source of the budget itself, with another atomic"
)]
#[path = "retry_budget.rs"]
mod retry_budget;

mod sync {
    pub(super) use loom::sync::atomic::{AtomicI64, Ordering};
    pub(super) use loom::sync::{Arc, Mutex, MutexGuard};
    pub(super) use std::sync::PoisonError;
}

use super::BreakerState::{Closed, HalfOpen, Open};
use super::{BreakerSettings, span, state};
use breaker::{Breaker, Permit};
use chrono::{DateTime, Utc};
use loom::thread;
use retry_budget::{RetryBudget, RetryBudgetSettings};
use std::collections::BTreeMap;
use std::sync::Barrier;

fn at(milliseconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_767_000_000_000 + milliseconds).expect("a time")
}

/// Open since 0; one failure opens it, `successes` close it, `probes` may be under way.
fn open_breaker(successes: u32, probes: usize) -> Breaker {
    let breaker = Breaker::new(BreakerSettings {
        failure_threshold: 1,
        success_threshold: successes,
        half_open_max_probes: probes,
        ..BreakerSettings::default()
    });
    breaker.acquire(at(0)).expect("a permit").failure(at(0));
    breaker
}

/// Has each action done by a thread of its own, and waits for all of them.
fn race<T: 'static>(breaker: &Breaker, actions: Vec<fn(&Breaker) -> T>) -> Vec<T> {
    let run = |action: fn(&Breaker) -> T| {
        let breaker = breaker.clone();
        thread::spawn(move || action(&breaker))
    };
    let threads: Vec<_> = actions.into_iter().map(run).collect();
    let join = |thread: thread::JoinHandle<T>| thread.join().expect("no thread dies");
    threads.into_iter().map(join).collect()
}

/// Whatever happened: when all permits have ended, the next one comes after 30 seconds at the latest.
fn assert_not_wedged(breaker: &Breaker) {
    assert_eq!(breaker.snapshot(at(30_000)).probes_in_flight, 0);
    breaker
        .acquire(at(60_000))
        .expect("a permit")
        .success(at(60_000));
}

#[test]
fn of_threads_that_race_at_reopening_exactly_one_gets_a_probe() {
    fn ask(breaker: &Breaker) -> Option<Permit> {
        breaker.acquire(at(30_000)).ok()
    }
    for threads in [2, 3] {
        loom::model(move || {
            let breaker = open_breaker(3, 1);
            let probes = race(&breaker, vec![ask; threads]);
            assert_eq!(probes.iter().flatten().count(), 1);
            assert_eq!(breaker.snapshot(at(30_000)).probes_in_flight, 1);
            drop(probes);
            assert_not_wedged(&breaker);
        });
    }
}

#[test]
fn calls_that_end_in_each_way_at_once_leave_it_whole() {
    fn succeed(breaker: &Breaker) -> bool {
        let permit = breaker.acquire(at(30_000));
        permit.map(|permit| permit.success(at(30_000))).is_ok()
    }
    fn fail(breaker: &Breaker) -> bool {
        let permit = breaker.acquire(at(30_000));
        permit.map(|permit| permit.failure(at(30_000))).is_ok()
    }
    fn give_up(breaker: &Breaker) -> bool {
        breaker.acquire(at(30_000)).map(drop).is_ok()
    }
    fn check(actions: &[fn(&Breaker) -> bool]) {
        let breaker = open_breaker(2, 1);
        let probed = race(&breaker, actions.to_vec());
        assert!(probed.contains(&true));
        let probed_by = |action: fn(&Breaker) -> bool| {
            let mut each = actions.iter().zip(&probed);
            each.any(|(other, probed)| *probed && std::ptr::fn_addr_eq(*other, action))
        };
        let snapshot = breaker.snapshot(at(30_000));
        if probed_by(fail) {
            assert_eq!(snapshot.state, Open);
        } else {
            let successes = u32::from(probed_by(succeed));
            assert_eq!((snapshot.state, snapshot.successes), (HalfOpen, successes));
        }
        assert_not_wedged(&breaker);
    }
    loom::model(|| check(&[succeed, fail]));
    loom::model(|| check(&[succeed, give_up]));
    loom::model(|| check(&[fail, give_up]));
    // Of three, every order takes a minute: those with two interruptions are enough here.
    let mut three = loom::model::Builder::new();
    three.preemption_bound = Some(2);
    three.check(|| check(&[succeed, fail, give_up]));
}

#[test]
fn a_failure_of_an_older_generation_changes_nothing_however_it_races() {
    loom::model(|| {
        let breaker = Breaker::new(BreakerSettings {
            failure_threshold: 1,
            success_threshold: 1,
            ..BreakerSettings::default()
        });
        let old = breaker.acquire(at(0)).expect("a permit");
        breaker.acquire(at(0)).expect("a permit").failure(at(0));
        let probe = breaker.acquire(at(30_000)).expect("a probe");
        let late = thread::spawn(move || old.failure(at(30_000)));
        probe.success(at(30_000));
        late.join().expect("no thread dies");
        assert_eq!(breaker.state(at(30_000)), Closed);
        assert_eq!(breaker.snapshot(at(30_000)).failures_in_a_row, 0);
    });
}

#[test]
fn of_two_outcomes_that_race_the_first_decides_and_the_second_changes_nothing() {
    loom::model(|| {
        let breaker = open_breaker(1, 2);
        let [good, bad] = [(); 2].map(|()| breaker.acquire(at(30_000)).expect("a probe"));
        breaker.take_transitions();
        let failing = thread::spawn(move || bad.failure(at(30_000)));
        good.success(at(30_000));
        failing.join().expect("no thread dies");
        let changes = breaker.take_transitions();
        let closed = BTreeMap::from([((HalfOpen, Closed), 1)]);
        let opened = BTreeMap::from([((HalfOpen, Open), 1)]);
        assert!(changes == closed || changes == opened, "{changes:?}");
    });
}

#[test]
fn a_drop_that_races_with_an_acquire_never_loses_a_place() {
    for probes in [1, 2] {
        loom::model(move || {
            let breaker = open_breaker(3, probes);
            let first = breaker.acquire(at(30_000)).expect("a probe");
            let dropping = thread::spawn(move || drop(first));
            let second = breaker.acquire(at(30_000)).ok();
            dropping.join().expect("no thread dies");
            let places = usize::from(second.is_some());
            assert!(places == 1 || probes == 1);
            assert_eq!(breaker.snapshot(at(30_000)).probes_in_flight, places);
            drop(second);
            let _third = breaker.acquire(at(30_000)).expect("the place is free");
        });
    }
}

#[test]
fn content_comes_before_a_probe_is_lost_or_after_and_nothing_between() {
    loom::model(|| {
        let breaker = open_breaker(1, 1);
        let probe = breaker.acquire(at(30_000)).expect("a probe");
        let reader = {
            let breaker = breaker.clone();
            thread::spawn(move || breaker.state(at(60_000)))
        };
        probe.content_came();
        probe.success(at(60_000));
        let read = reader.join().expect("no thread dies");
        let state = breaker.state(at(60_000));
        assert_eq!(state, if read == Open { Open } else { Closed });
    });
}

#[test]
fn an_operator_who_races_with_a_probe_does_not_wedge_it() {
    fn probe(breaker: &Breaker) {
        if let Ok(permit) = breaker.acquire(at(30_000)) {
            permit.success(at(30_000));
        }
    }
    fn hold(breaker: &Breaker) {
        breaker.force_open(at(30_000));
        breaker.release(at(30_000));
    }
    fn reset(breaker: &Breaker) {
        breaker.reset(at(30_000));
    }
    for operator in [hold, reset] {
        loom::model(move || {
            let breaker = open_breaker(2, 1);
            race(&breaker, vec![probe, operator]);
            assert!(!breaker.is_forced());
            assert_not_wedged(&breaker);
        });
    }
}

#[test]
fn a_retry_is_paid_once_and_no_deposit_is_lost_however_they_race() {
    loom::model(|| {
        let budget = RetryBudget::new(RetryBudgetSettings {
            ratio: 1.0,
            reserve: 2,
        });
        assert!(budget.withdraw());
        let others = budget.clone();
        let depositing = thread::spawn(move || others.deposit());
        let others = budget.clone();
        let withdrawing = thread::spawn(move || others.withdraw());
        let mine = budget.withdraw();
        depositing.join().expect("no thread dies");
        let theirs = withdrawing.join().expect("no thread dies");
        // Two in all: one that was left, one for the request.
        let last = budget.withdraw();
        assert_eq!(
            [mine, theirs, last]
                .into_iter()
                .filter(|paid| *paid)
                .count(),
            2
        );
        assert!(!budget.withdraw());
    });
}

#[test]
fn of_a_thousand_callers_at_reopening_exactly_one_is_let_through() {
    let settings = BreakerSettings::default();
    let breaker = super::Breaker::new(settings);
    for _ in 0..settings.failure_threshold {
        breaker.acquire(at(0)).expect("a permit").failure(at(0));
    }
    let start = Barrier::new(8);
    let ask = || {
        start.wait();
        let asked = (0..125).map(|_| breaker.acquire(at(30_000)));
        asked.collect::<Vec<_>>()
    };
    let answers: Vec<_> = std::thread::scope(|scope| {
        let threads = [(); 8].map(|()| scope.spawn(ask));
        threads
            .into_iter()
            .flat_map(|thread| thread.join().expect("no thread dies"))
            .collect()
    });
    assert_eq!(answers.len(), 1_000);
    assert_eq!(answers.iter().flatten().count(), 1);
}
