//! Which provider of its route a request calls next: pure decisions over the state of each candidate.
//! It makes no call and keeps no time of its own.

use super::attempt::Attempt;
use super::outcome::{RouteError, RouteErrorKind, Served};
use super::route::{Route, Step};
use super::shared::{MAX_CALLS, Shared};
use crate::guard::{Blocked, Operation};
use crate::{ProviderError, ProviderErrorKind as Kind};
use chrono::{DateTime, Utc};
use ragd_core::resilience::{HeldReason, Permit};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// A provider that can be called again within this time is waited for when there is no other.
const WORTH_WAITING: Duration = Duration::from_secs(2);
/// When asking again may help, where no provider said.
const ASK_AGAIN: Duration = Duration::from_secs(5);

/// What to do next.
pub(super) enum Next {
    /// Make this call.
    Try(Attempt),
    /// Wait, then ask for the next step again.
    Wait(Duration),
    /// No candidate is left.
    GiveUp,
}

/// The state of one provider for one request.
enum State {
    /// It may be called.
    Ready,
    /// It may not be called now.
    Blocked(Blocked),
    /// It was called and failed.
    Failed(ProviderError),
}

/// The candidates of one request, with what has become of each so far.
pub(super) struct Candidates<'a> {
    route: &'a Route,
    operation: Operation,
    deadline: Instant,
    states: Vec<State>,
    /// Which providers were called a second time.
    retried: Vec<bool>,
    calls: u32,
    has_waited: bool,
    upstream: Duration,
    /// When the call under way began.
    call_begun: Instant,
    last_called: usize,
}

impl<'a> Candidates<'a> {
    pub(super) fn new(route: &'a Route, operation: Operation, deadline: Instant) -> Self {
        let count = route.steps().len();
        Self {
            route,
            operation,
            deadline,
            states: (0..count).map(|_| State::Ready).collect(),
            retried: vec![false; count],
            calls: 0,
            has_waited: false,
            upstream: Duration::ZERO,
            call_begun: Instant::now(),
            last_called: 0,
        }
    }

    /// When all of it must have ended.
    pub(super) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// The deadline of the next call: while others have not been called yet it gets
    /// half of the time that is left, so that one that hangs does not take theirs.
    pub(super) fn call_deadline(&self) -> Instant {
        let others = |state: &State| matches!(state, State::Ready);
        let asked = self.last_called;
        let is_last =
            !(self.states.iter().enumerate()).any(|(at, state)| at != asked && others(state));
        if is_last || self.calls >= MAX_CALLS {
            return self.deadline;
        }
        let now = Instant::now();
        now + self.deadline.saturating_duration_since(now) / 2
    }

    /// Whether there is time to wait so long.
    pub(super) fn allows(&self, time: Duration) -> bool {
        Instant::now() + time < self.deadline
    }

    /// The next step at `now`: providers that were not called yet, in order; then one that failed and
    /// may be called again; then one that can be called again soon.
    pub(super) fn next(&mut self, now: DateTime<Utc>, shared: &Shared) -> Next {
        if self.calls >= MAX_CALLS || !self.allows(Duration::ZERO) {
            return Next::GiveUp;
        }
        for at in 0..self.states.len() {
            if !matches!(self.states[at], State::Ready) {
                continue;
            }
            let Step { member, model } = &self.route.steps()[at];
            let model = model.as_deref().unwrap_or(member.model());
            if let Some(left) = member.missing_for(model, now) {
                self.states[at] = State::Blocked(Blocked::NoModel(left));
                continue;
            }
            match member.admit(self.operation, now) {
                Ok(permit) => return Next::Try(self.begin(at, permit, shared)),
                Err(blocked) => self.blocked(at, blocked),
            }
        }
        self.again(shared)
    }

    fn begin(&mut self, at: usize, permit: Permit, shared: &Shared) -> Attempt {
        let Step { member, model } = &self.route.steps()[at];
        if at > 0 && !self.retried[at] {
            let before = &self.route.steps()[at - 1].member;
            let reason = reason_of(&self.states[at - 1]);
            before.series().fallback(member.name(), reason);
        }
        self.calls += 1;
        self.last_called = at;
        self.call_begun = Instant::now();
        let model = model.clone().unwrap_or_else(|| member.model().to_owned());
        let clock = shared.clock.clone();
        Attempt::begin(Arc::clone(member), permit, self.operation, model, clock)
    }

    fn blocked(&mut self, at: usize, blocked: Blocked) {
        if let Blocked::Limited(held) = blocked
            && matches!(held.reason, HeldReason::Minute | HeldReason::Day)
        {
            self.route.steps()[at].member.series().violation();
        }
        self.states[at] = State::Blocked(blocked);
    }

    /// Which one to call once more, and how long to wait before that.
    fn again(&mut self, shared: &Shared) -> Next {
        let settings = &shared.settings;
        let may_retry =
            |candidates: &Self, at: usize| settings.retries > 0 && !candidates.retried[at];
        for at in 0..self.states.len() {
            let State::Failed(error) = &self.states[at] else {
                continue;
            };
            if !is_passing(error.kind) || !may_retry(self, at) {
                continue;
            }
            let wait = error.retry_after;
            if wait.is_some_and(|wait| wait > WORTH_WAITING) || !shared.budget.withdraw() {
                continue;
            }
            self.retried[at] = true;
            self.states[at] = State::Ready;
            return Next::Wait(wait.unwrap_or_else(|| jittered(settings.retry_wait)));
        }
        let soon = |state: &State| wait_of(state).filter(|wait| *wait <= WORTH_WAITING);
        let wait = self.states.iter().filter_map(soon).min();
        match wait {
            Some(wait) if !std::mem::replace(&mut self.has_waited, true) => {
                for at in 0..self.states.len() {
                    let was_called = matches!(self.states[at], State::Failed(_));
                    if soon(&self.states[at]).is_none() || (was_called && !may_retry(self, at)) {
                        continue;
                    }
                    if was_called && !shared.budget.withdraw() {
                        continue;
                    }
                    self.retried[at] |= was_called;
                    self.states[at] = State::Ready;
                }
                Next::Wait(wait)
            }
            _ => Next::GiveUp,
        }
    }

    /// Records the failure of the call under way.
    ///
    /// # Errors
    /// The failure itself, when it is the caller's own fault.
    pub(super) fn failed(&mut self, error: ProviderError) -> Result<(), RouteError> {
        self.upstream += self.call_begun.elapsed();
        if self.is_callers_fault(error.kind) {
            return Err(RouteError {
                message: error.to_string(),
                retry_after: ASK_AGAIN,
                attempts: self.calls,
                kind: RouteErrorKind::Refused(Box::new(error)),
            });
        }
        self.states[self.last_called] = State::Failed(error);
        Ok(())
    }

    /// Whether a failure of the call under way is the caller's own. What another provider than theirs
    /// refuses is not: a stand-in may take less.
    fn is_callers_fault(&self, kind: Kind) -> bool {
        let Step { member, model } = &self.route.steps()[self.last_called];
        let is_theirs = match kind {
            Kind::BadRequest | Kind::Filtered => true,
            Kind::ModelNotFound => model
                .as_deref()
                .is_some_and(|asked| asked != member.model()),
            _ => false,
        };
        is_theirs && member.name() == self.route.provider()
    }

    /// Who answers, now that the content has come.
    pub(super) fn served(&self, attempt: &Attempt) -> Served {
        let name = attempt.member().name();
        Served {
            provider: name.to_owned(),
            model: attempt.model().to_owned(),
            attempts: self.calls,
            is_fallback: name != self.route.provider(),
            upstream: self.upstream + self.call_begun.elapsed(),
        }
    }

    /// Why no provider answered.
    pub(super) fn give_up(&self) -> RouteError {
        let steps = self.route.steps().iter().zip(&self.states);
        let reasons: Vec<String> = steps
            .map(|(step, state)| describe(step.member.name(), state))
            .collect();
        let all_limited = self.states.iter().all(is_limited);
        let (kind, start) = if all_limited {
            let limit = self.states.iter().find_map(limit_of);
            (RouteErrorKind::RateLimited { limit }, "Rate limit exceeded")
        } else {
            (RouteErrorKind::Unavailable, "no provider answers")
        };
        let waits = self.states.iter().filter_map(wait_of);
        RouteError {
            kind,
            message: format!("{start}: {}", reasons.join("; ")),
            retry_after: waits.min().unwrap_or(ASK_AGAIN).max(Duration::from_secs(1)),
            attempts: self.calls,
        }
    }
}

/// A failure that may have gone when the same provider is called once more. One that took all its
/// time is not: its caller has waited long enough.
const fn is_passing(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Connect | Kind::Server | Kind::Malformed | Kind::Interrupted | Kind::Empty
    )
}

fn is_limited(state: &State) -> bool {
    match state {
        State::Blocked(Blocked::Limited(held)) => held.reason != HeldReason::Unusable,
        State::Failed(error) => error.kind == Kind::RateLimited,
        State::Blocked(Blocked::Open(_) | Blocked::NoModel(_)) | State::Ready => false,
    }
}

fn limit_of(state: &State) -> Option<u32> {
    match state {
        State::Blocked(Blocked::Limited(held)) => held.limit,
        _ => None,
    }
}

/// How long until it can be called again, where that is known.
fn wait_of(state: &State) -> Option<Duration> {
    match state {
        State::Ready => None,
        State::Blocked(Blocked::Open(refused)) => Some(refused.retry_after),
        State::Blocked(Blocked::Limited(held)) => Some(held.retry_after),
        State::Blocked(Blocked::NoModel(left)) => Some(*left),
        State::Failed(error) if error.kind == Kind::RateLimited => error.retry_after,
        State::Failed(_) => None,
    }
}

/// The reason of a fallback, for a metric's label.
fn reason_of(state: &State) -> &'static str {
    match state {
        State::Blocked(Blocked::Open(_)) => "circuit_open",
        State::Blocked(Blocked::Limited(held)) if held.reason == HeldReason::Unusable => "unusable",
        State::Blocked(Blocked::Limited(_)) => "rate_limited",
        State::Blocked(Blocked::NoModel(_)) => "model_not_found",
        State::Failed(error) => match error.kind {
            Kind::RateLimited => "rate_limited",
            Kind::Unauthorized | Kind::Quota => "unusable",
            Kind::Timeout => "timeout",
            Kind::ModelNotFound => "model_not_found",
            Kind::BadRequest | Kind::Filtered => "refused",
            _ => "failure",
        },
        State::Ready => "failure",
    }
}

fn describe(name: &str, state: &State) -> String {
    match state {
        State::Ready => format!("{name}: was not called"),
        State::Blocked(Blocked::Open(_)) => format!("Circuit breaker open: {name}"),
        State::Blocked(Blocked::NoModel(_)) => format!("{name} does not have the model"),
        State::Blocked(Blocked::Limited(held)) => match (held.reason, held.limit) {
            (HeldReason::Minute, Some(limit)) => {
                format!("{name} is sent at most {limit} requests a minute")
            }
            (HeldReason::Day, Some(limit)) => {
                format!("{name} is sent at most {limit} requests a day")
            }
            (HeldReason::Unusable, _) => {
                format!("{name}: its key is not accepted or its quota is spent")
            }
            _ => format!("{name} asked not to be called"),
        },
        State::Failed(error) => error.to_string(),
    }
}

/// Anything between nothing and `longest`: exponential backoff with full jitter (M. Brooker, 2015),
/// whose first step is the only one here.
fn jittered(longest: Duration) -> Duration {
    let random = uuid::Uuid::new_v4().as_u64_pair().0 >> 32;
    longest.mul_f64(random as f64 / f64::from(u32::MAX))
}
