//! The breaker against a model that is written another way: it keeps every call that was let
//! through, and finds out by looking at them what the machine counts.

use super::BreakerState::{self, Closed, HalfOpen, Open};
use super::{Breaker, BreakerSettings, Permit};
use chrono::DateTime;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

const SEQUENCES: u32 = 100_000;
const WAIT_MS: i64 = 30_000;
/// What passes between two steps: nothing most of the time, else what leads to the edge.
const WAITS_MS: [i64; 16] = [
    0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 15_000, 29_998, 29_999, 30_000, 90_000, -20_000,
];

#[derive(Debug)]
struct Call {
    generation: u64,
    probe: bool,
    /// When it began; `None` once content came.
    waits_since: Option<i64>,
}

struct Model {
    settings: BreakerSettings,
    state: BreakerState,
    forced: bool,
    generation: u64,
    count: u32,
    opened: i64,
    calls: Vec<Call>,
    changes: BTreeMap<(BreakerState, BreakerState), u64>,
}

impl Model {
    fn go(&mut self, to: BreakerState, now: i64) {
        if self.state != to {
            *self.changes.entry((self.state, to)).or_default() += 1;
            (self.state, self.opened, self.count) = (to, now, 0);
            self.generation += 1;
        }
    }

    fn probes(&mut self) -> impl Iterator<Item = &mut Call> {
        let generation = self.generation;
        let current = move |call: &&mut Call| call.probe && call.generation == generation;
        self.calls.iter_mut().filter(current)
    }

    fn since(&mut self) -> Option<i64> {
        self.probes().filter_map(|probe| probe.waits_since).min()
    }

    fn look(&mut self, now: i64) {
        self.opened = self.opened.min(now);
        self.probes()
            .for_each(|probe| probe.waits_since = probe.waits_since.map(|since| since.min(now)));
        if let Some(since) = self.since().filter(|since| now - since >= WAIT_MS) {
            self.go(Open, since + WAIT_MS);
        }
        if self.state == Open && !self.forced && now - self.opened >= WAIT_MS {
            self.go(HalfOpen, now);
        }
    }

    fn acquire(&mut self, now: i64) -> Result<(), i64> {
        let full = self.probes().count() >= self.settings.half_open_max_probes;
        match self.state {
            Open if self.forced => return Err(WAIT_MS),
            Open => return Err(self.opened + WAIT_MS - now),
            HalfOpen if full => return Err(self.since().map_or(now, |since| since) + WAIT_MS - now),
            Closed | HalfOpen => {}
        }
        self.calls.push(Call {
            generation: self.generation,
            probe: self.state == HalfOpen,
            waits_since: Some(now),
        });
        Ok(())
    }

    fn end(&mut self, call: usize, success: bool, now: i64) {
        let call = self.calls.remove(call);
        if call.generation != self.generation {
            return;
        }
        self.count = if success && self.state == Closed {
            0
        } else {
            self.count + 1
        };
        match self.state {
            Closed if !success && self.count >= self.settings.failure_threshold => {
                self.go(Open, now)
            }
            HalfOpen if !success => self.go(Open, now),
            HalfOpen if self.count >= self.settings.success_threshold => self.go(Closed, now),
            _ => {}
        }
    }
}

/// One breaker and its model, in step.
struct Pair {
    breaker: Breaker,
    permits: Vec<Permit>,
    model: Model,
    now: i64,
}

impl Pair {
    fn new(settings: BreakerSettings) -> Self {
        let model = Model {
            settings,
            state: Closed,
            forced: false,
            generation: 0,
            count: 0,
            opened: 0,
            calls: Vec::new(),
            changes: BTreeMap::new(),
        };
        Self {
            breaker: Breaker::new(settings),
            permits: Vec::new(),
            model,
            now: 0,
        }
    }

    /// What is to be done, and which of the calls under way does it.
    fn step(&mut self, action: u8, which: usize) -> Result<(), TestCaseError> {
        let now = DateTime::from_timestamp_millis(self.now).expect("a time");
        let call = which.checked_rem(self.permits.len());
        let model = &mut self.model;
        match (action, call) {
            (0..6, _) | (_, None) => {
                model.look(self.now);
                let asked = model.acquire(self.now);
                let permit = self.breaker.acquire(now);
                let wait = permit
                    .as_ref()
                    .map(|_| ())
                    .map_err(|refused| refused.retry_after);
                prop_assert_eq!(wait, asked.map_err(|ms| Duration::from_millis(ms as u64)));
                self.permits.extend(permit);
            }
            (6..12, Some(call)) => {
                model.look(self.now);
                model.end(call, action == 6, self.now);
                let permit = self.permits.remove(call);
                if action == 6 {
                    permit.success(now);
                } else {
                    permit.failure(now);
                }
            }
            (12, Some(call)) => {
                model.calls.remove(call);
                self.permits.remove(call).neutral();
            }
            (13, Some(call)) => {
                model.calls[call].waits_since = None;
                self.permits[call].content_came();
            }
            (_, Some(_)) => self.force(which),
        }
        Ok(())
    }

    fn force(&mut self, which: usize) {
        let now = DateTime::from_timestamp_millis(self.now).expect("a time");
        let model = &mut self.model;
        model.look(self.now);
        match which % 4 {
            0 => {
                model.forced = true;
                model.go(Open, self.now);
                self.breaker.force_open(now);
            }
            1 | 2 => {
                if model.forced {
                    model.forced = false;
                    model.go(HalfOpen, self.now);
                }
                self.breaker.release(now);
            }
            _ => {
                (model.forced, model.count) = (false, 0);
                model.go(Closed, self.now);
                self.breaker.reset(now);
            }
        }
    }

    fn compare(&mut self) -> Result<(), TestCaseError> {
        let model = &mut self.model;
        model.look(self.now);
        let now = DateTime::from_timestamp_millis(self.now).expect("a time");
        let snapshot = self.breaker.snapshot(now);
        prop_assert_eq!(
            (snapshot.state, snapshot.forced),
            (model.state, model.forced)
        );
        let counts = match model.state {
            Closed => (model.count, 0),
            HalfOpen => (0, model.count),
            Open => (0, 0),
        };
        prop_assert_eq!((snapshot.failures_in_a_row, snapshot.successes), counts);
        prop_assert_eq!(snapshot.probes_in_flight, model.probes().count());
        let reopens =
            (model.state == Open && !model.forced).then(|| model.opened + WAIT_MS - self.now);
        prop_assert_eq!(
            snapshot.reopens_in.map(|wait| wait.as_millis() as i64),
            reopens
        );
        Ok(())
    }
}

fn settings() -> impl Strategy<Value = BreakerSettings> {
    let others = (1_u32..6, 1_usize..4, 1_u32..4).prop_map(|(failures, probes, successes)| {
        BreakerSettings {
            failure_threshold: failures,
            half_open_max_probes: probes,
            success_threshold: successes,
            ..BreakerSettings::default()
        }
    });
    prop_oneof![Just(BreakerSettings::default()), others]
}

/// What came to pass in all sequences together: without it they would prove nothing.
#[derive(Default)]
struct Seen {
    sequences: u32,
    changes: BTreeMap<(BreakerState, BreakerState), u64>,
}

#[test]
fn in_a_hundred_thousand_sequences_it_does_what_the_model_does() {
    let seen = RefCell::new(Seen::default());
    let mut runner = TestRunner::new(ProptestConfig {
        cases: SEQUENCES,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    // Each step in 16 bits: what is done, how long before, by which call, whether one looks after.
    let sequences = (settings(), prop::collection::vec(any::<u16>(), 1..=40));
    let outcome = runner.run(&sequences, |(settings, steps)| {
        let mut pair = Pair::new(settings);
        for step in steps {
            pair.now += WAITS_MS[usize::from(step >> 4 & 15)];
            pair.step((step & 15) as u8, usize::from(step >> 8 & 127))?;
            if step >> 15 == 1 {
                pair.compare()?;
            }
        }
        pair.compare()?;
        prop_assert_eq!(&pair.breaker.take_transitions(), &pair.model.changes);
        let mut seen = seen.borrow_mut();
        seen.sequences += 1;
        for (change, times) in pair.model.changes {
            *seen.changes.entry(change).or_default() += times;
        }
        Ok(())
    });
    assert_eq!(outcome.err().map(|failure| failure.to_string()), None);
    let seen = seen.into_inner();
    assert!(seen.sequences >= SEQUENCES);
    let often = seen.changes.values().filter(|times| **times > 1_000);
    // All but closed to half-open, which nothing does.
    assert_eq!(often.count(), 5, "{:?}", seen.changes);
}
