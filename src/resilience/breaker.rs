//! The circuit breaker: after failures in a row an upstream is left alone for a while, then tried
//! with few calls at a time, and used again when these succeed.

use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// When a breaker opens, for how long, and what closes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerSettings {
    /// Failures in a row that open it.
    pub failure_threshold: u32,
    /// How long it rejects everything once it is open.
    pub open_for: Duration,
    /// How many probes may be under way at once while it is half-open.
    pub half_open_max_probes: usize,
    /// Successes of probes that close it.
    pub success_threshold: u32,
    /// A probe that takes longer counts as a failure, so that a lost one cannot wedge the breaker.
    pub probe_timeout: Duration,
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self {
            failure_threshold: 5,
            open_for: Duration::from_secs(30),
            half_open_max_probes: 1,
            success_threshold: 3,
            probe_timeout: Duration::from_secs(30),
        }
    }
}

/// Where a breaker stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BreakerState {
    /// Calls go through.
    Closed,
    /// Calls are rejected.
    Open,
    /// A few calls go through, to see.
    HalfOpen,
}

impl BreakerState {
    /// The word for logs and metric labels.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }

    /// The number for the gauge.
    pub const fn gauge(self) -> i64 {
        match self {
            Self::Closed => 0,
            Self::Open => 1,
            Self::HalfOpen => 2,
        }
    }
}

/// A change of state: from, to.
pub type Transition = (BreakerState, BreakerState);

/// A call that was not let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// When asking again may help.
    pub retry_after: Duration,
}

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
    /// Rises with every transition; an outcome of an earlier generation changes nothing.
    generation: u64,
    /// While closed: failures in a row. While half-open: successes.
    count: u32,
    opened_at: DateTime<Utc>,
    /// Probes under way, by number, with their beginning.
    probes: BTreeMap<u64, DateTime<Utc>>,
    next_probe: u64,
    /// The upstream asked, or has reason, to be left alone until then.
    rest_until: Option<DateTime<Utc>>,
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
                probes: BTreeMap::new(),
                next_probe: 0,
                rest_until: None,
                transitions: BTreeMap::new(),
            }),
        }))
    }

    /// The leave to make a call now.
    ///
    /// # Errors
    /// [`Refused`] while the breaker is open, while its probes are under way, and while the upstream
    /// rests.
    pub fn acquire(&self, now: DateTime<Utc>) -> Result<Permit, Refused> {
        let settings = &self.0.settings;
        let mut machine = self.machine();
        machine.pass_time(settings, now);
        let until = |then: DateTime<Utc>| Refused {
            retry_after: (then - now).to_std().unwrap_or_default(),
        };
        if let Some(rested) = machine.rest_until.filter(|rested| *rested > now) {
            return Err(until(rested));
        }
        let mut probe = None;
        match machine.state {
            BreakerState::Closed => {}
            BreakerState::Open => return Err(until(machine.opened_at + delta(settings.open_for))),
            BreakerState::HalfOpen if machine.probes.len() >= settings.half_open_max_probes => {
                let oldest = machine.probes.values().min().copied().unwrap_or(now);
                return Err(until(oldest + delta(settings.probe_timeout)));
            }
            BreakerState::HalfOpen => {
                let number = machine.next_probe;
                machine.next_probe += 1;
                machine.probes.insert(number, now);
                probe = Some(number);
            }
        }
        Ok(Permit {
            breaker: self.clone(),
            generation: machine.generation,
            probe,
            ended: false,
        })
    }

    /// Where it stands now.
    pub fn state(&self, now: DateTime<Utc>) -> BreakerState {
        let mut machine = self.machine();
        machine.pass_time(&self.0.settings, now);
        machine.state
    }

    /// How often each transition came since this was asked last, for whoever counts them.
    pub fn take_transitions(&self) -> BTreeMap<Transition, u64> {
        std::mem::take(&mut self.machine().transitions)
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

    /// The call says nothing of the upstream's health, but it is to be left alone until then.
    pub fn rest(self, until: DateTime<Utc>) {
        let mut machine = self.breaker.machine();
        machine.rest_until = machine.rest_until.max(Some(until));
    }

    fn end(&mut self, outcome: Outcome, now: DateTime<Utc>) {
        self.ended = true;
        let settings = self.breaker.0.settings;
        let mut machine = self.breaker.machine();
        machine.pass_time(&settings, now);
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
        if self.ended {
            return;
        }
        let mut machine = self.breaker.machine();
        if let Some(probe) = self.probe.filter(|_| machine.generation == self.generation) {
            machine.probes.remove(&probe);
        }
    }
}

impl Machine {
    /// What time alone changes: an open breaker becomes half-open, a probe that was lost fails.
    fn pass_time(&mut self, settings: &BreakerSettings, now: DateTime<Utc>) {
        if self.state == BreakerState::Open && now >= self.opened_at + delta(settings.open_for) {
            self.change_to(BreakerState::HalfOpen, now);
        }
        let lost = |begun: &DateTime<Utc>| now >= *begun + delta(settings.probe_timeout);
        if self.state == BreakerState::HalfOpen && self.probes.values().any(lost) {
            self.change_to(BreakerState::Open, now);
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

    fn change_to(&mut self, state: BreakerState, now: DateTime<Utc>) {
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

/// No setting is so long that it does not fit.
fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}

#[cfg(test)]
#[path = "breaker_tests.rs"]
mod tests;
