//! The circuit breaker: after failures in a row an upstream is left alone for a while, then tried
//! with few calls at a time, and used again when these succeed. It knows nothing of what a failure
//! is, nor of an upstream that asks for rest: the limiter keeps that.

use super::span::{between, later};
use super::state::{BreakerSettings, BreakerSnapshot, BreakerState, Refused, Transition};
use super::sync::{Arc, Mutex, MutexGuard, PoisonError};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

/// A breaker for one upstream and one operation; the clones are one breaker.
#[derive(Debug, Clone)]
pub struct Breaker(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    settings: BreakerSettings,
    machine: Mutex<Machine>,
}

#[derive(Debug)]
struct Machine {
    state: BreakerState,
    /// Rises with every transition; an outcome of another generation changes nothing.
    generation: u64,
    /// While closed: failures in a row. While half-open: successes.
    count: u32,
    opened_at: DateTime<Utc>,
    /// An operator holds it open, whatever the time.
    forced: bool,
    /// Probes of this generation that are under way; since when they wait for content, if they still
    /// do. A number is never given twice.
    probes: BTreeMap<u64, Option<DateTime<Utc>>>,
    next_probe: u64,
    transitions: BTreeMap<Transition, u64>,
}

/// The leave to make one call. It ends in exactly one outcome; dropped without one, it is neutral.
#[derive(Debug)]
#[must_use = "a permit that is dropped counts as a call without an outcome"]
pub struct Permit {
    breaker: Breaker,
    generation: u64,
    probe: Option<u64>,
    ended: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Success,
    Failure,
}

impl Breaker {
    /// A closed breaker.
    pub fn new(settings: BreakerSettings) -> Self {
        Self(Arc::new(Shared {
            settings,
            machine: Mutex::new(Machine {
                state: BreakerState::Closed,
                generation: 0,
                count: 0,
                opened_at: DateTime::UNIX_EPOCH,
                forced: false,
                probes: BTreeMap::new(),
                next_probe: 0,
                transitions: BTreeMap::new(),
            }),
        }))
    }

    /// The leave to make a call now.
    ///
    /// # Errors
    /// [`Refused`] while the breaker is open, and while as many probes as may be are under way.
    pub fn acquire(&self, now: DateTime<Utc>) -> Result<Permit, Refused> {
        let mut machine = self.machine_at(now);
        let probe = machine.admit(&self.0.settings, now)?;
        Ok(Permit {
            breaker: self.clone(),
            generation: machine.generation,
            probe,
            ended: false,
        })
    }

    /// Where it stands now.
    pub fn state(&self, now: DateTime<Utc>) -> BreakerState {
        self.machine_at(now).state
    }

    /// Whether an operator holds it open.
    pub fn is_forced(&self) -> bool {
        self.machine().forced
    }

    /// All that an operator may want to see of it.
    pub fn snapshot(&self, now: DateTime<Utc>) -> BreakerSnapshot {
        let machine = self.machine_at(now);
        let count_in = |state| {
            if machine.state == state {
                machine.count
            } else {
                0
            }
        };
        let reopens_at = later(machine.opened_at, self.0.settings.open_for);
        let reopens = machine.state == BreakerState::Open && !machine.forced;
        BreakerSnapshot {
            state: machine.state,
            forced: machine.forced,
            failures_in_a_row: count_in(BreakerState::Closed),
            successes: count_in(BreakerState::HalfOpen),
            probes_in_flight: machine.probes.len(),
            reopens_in: reopens.then(|| between(now, reopens_at)),
        }
    }

    /// How often each transition came since this was asked last, for whoever counts them.
    pub fn take_transitions(&self) -> BTreeMap<Transition, u64> {
        std::mem::take(&mut self.machine().transitions)
    }

    /// Opens it, until [`Breaker::release`] or [`Breaker::reset`]: time does not end this. Calls
    /// under way go on; their outcomes change nothing.
    pub fn force_open(&self, now: DateTime<Utc>) {
        let mut machine = self.machine_at(now);
        machine.forced = true;
        machine.change_to(BreakerState::Open, now);
    }

    /// Ends a forced opening: it is half-open at once, and probes decide. A breaker that nobody
    /// holds open is not changed.
    pub fn release(&self, now: DateTime<Utc>) {
        let mut machine = self.machine_at(now);
        if std::mem::take(&mut machine.forced) {
            machine.change_to(BreakerState::HalfOpen, now);
        }
    }

    /// Closes it and forgets its failures; ends a forced opening too.
    pub fn reset(&self, now: DateTime<Utc>) {
        let mut machine = self.machine_at(now);
        machine.forced = false;
        machine.count = 0;
        machine.change_to(BreakerState::Closed, now);
    }

    /// The machine as it is now: what time alone changes has been changed.
    fn machine_at(&self, now: DateTime<Utc>) -> MutexGuard<'_, Machine> {
        let mut machine = self.machine();
        machine.pass_time(&self.0.settings, now);
        machine
    }

    fn machine(&self) -> MutexGuard<'_, Machine> {
        // Every change of the machine is whole, even if a thread died while it held the lock.
        self.0
            .machine
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit {
    /// The first content came: the call is not lost, however long the rest takes. A probe keeps its
    /// place until it ends; the timers of its stream see to that.
    pub fn content_came(&self) {
        let mut machine = self.breaker.machine();
        if let Some(waits_since) = self.probe.and_then(|probe| machine.probes.get_mut(&probe)) {
            *waits_since = None;
        }
    }

    /// The upstream did what was asked.
    pub fn success(mut self, now: DateTime<Utc>) {
        self.end(Outcome::Success, now);
    }

    /// The upstream, or the way to it, failed.
    pub fn failure(mut self, now: DateTime<Utc>) {
        self.end(Outcome::Failure, now);
    }

    /// The call says nothing of the upstream's health.
    pub fn neutral(self) {}

    fn end(&mut self, outcome: Outcome, now: DateTime<Utc>) {
        self.ended = true;
        let settings = self.breaker.0.settings;
        let mut machine = self.breaker.machine_at(now);
        if machine.generation != self.generation {
            return;
        }
        if let Some(probe) = self.probe {
            machine.probes.remove(&probe);
        }
        machine.count_in(&settings, outcome, now);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let Some(probe) = self.probe.filter(|_| !self.ended) else {
            return;
        };
        self.breaker.machine().probes.remove(&probe);
    }
}

impl Machine {
    /// What time alone changes: a probe that was lost fails, an open breaker becomes half-open. When
    /// that is noticed makes no difference: a probe fails at the moment at which its time was up.
    fn pass_time(&mut self, settings: &BreakerSettings, now: DateTime<Utc>) {
        // A clock that was set back must not make a wait longer.
        self.opened_at = self.opened_at.min(now);
        let waiting = self.probes.values_mut().flatten();
        waiting.for_each(|since| *since = now.min(*since));
        if let Some(lost_at) = self.next_loss(settings).filter(|lost_at| now >= *lost_at) {
            self.change_to(BreakerState::Open, lost_at);
        }
        let reopens_at = later(self.opened_at, settings.open_for);
        if self.state == BreakerState::Open && !self.forced && now >= reopens_at {
            self.change_to(BreakerState::HalfOpen, now);
        }
    }

    /// When the time of the oldest probe that waits for content is up.
    fn next_loss(&self, settings: &BreakerSettings) -> Option<DateTime<Utc>> {
        let since = self.probes.values().flatten().min()?;
        Some(later(*since, settings.probe_timeout))
    }

    /// Lets a call through: the number of its probe, if it is one.
    fn admit(
        &mut self,
        settings: &BreakerSettings,
        now: DateTime<Utc>,
    ) -> Result<Option<u64>, Refused> {
        let refused = |retry_after| Err(Refused { retry_after });
        match self.state {
            BreakerState::Closed => Ok(None),
            BreakerState::Open if self.forced => refused(settings.open_for),
            BreakerState::Open => refused(between(now, later(self.opened_at, settings.open_for))),
            BreakerState::HalfOpen if self.probes.len() >= settings.half_open_max_probes.max(1) => {
                let lost_at = self.next_loss(settings);
                refused(lost_at.map_or(settings.probe_timeout, |lost_at| between(now, lost_at)))
            }
            BreakerState::HalfOpen => {
                let number = self.next_probe;
                self.next_probe += 1;
                self.probes.insert(number, Some(now));
                Ok(Some(number))
            }
        }
    }

    fn count_in(&mut self, settings: &BreakerSettings, outcome: Outcome, now: DateTime<Utc>) {
        match (self.state, outcome) {
            (BreakerState::Closed, Outcome::Success) => self.count = 0,
            (BreakerState::Closed, Outcome::Failure) => {
                self.count += 1;
                if self.count >= settings.failure_threshold {
                    self.change_to(BreakerState::Open, now);
                }
            }
            (BreakerState::HalfOpen, Outcome::Success) => {
                self.count += 1;
                if self.count >= settings.success_threshold {
                    self.change_to(BreakerState::Closed, now);
                }
            }
            (BreakerState::HalfOpen, Outcome::Failure) => self.change_to(BreakerState::Open, now),
            (BreakerState::Open, _) => {}
        }
    }

    /// To the state in which it already is: nothing.
    fn change_to(&mut self, state: BreakerState, now: DateTime<Utc>) {
        if self.state == state {
            return;
        }
        *self.transitions.entry((self.state, state)).or_default() += 1;
        self.state = state;
        self.generation += 1;
        self.count = 0;
        self.probes.clear();
        if state == BreakerState::Open {
            self.opened_at = now;
        }
    }
}
