//! How one request goes through its chain: pure decisions over what each provider has said so far.
//! It makes no call and keeps no time of its own.

use super::attempt::Attempt;
use super::member::HeldUp;
use super::route::Step;
use super::{MAX_CALLS, Operation, Route, RouteError, RouteErrorKind, Router, Served};
use crate::{ProviderError, ProviderErrorKind as Kind};
use chrono::{DateTime, Utc};
use ragd_core::resilience::HeldReason;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// A provider that can be called again within this time is waited for when there is no other.
const WORTH_WAITING: Duration = Duration::from_secs(2);
/// When asking again may help, where nobody said.
const ASK_AGAIN: Duration = Duration::from_secs(5);

/// What to do next.
pub(super) enum Next {
    /// Make this call.
    Try(Attempt),
    /// Wait, and ask again.
    Wait(Duration),
    /// Nobody is left.
    GiveUp,
}

/// Where a request stands with one provider.
enum Standing {
    /// It may be asked.
    Open,
    /// It may not be called now.
    HeldUp(HeldUp),
    /// It was called and failed.
    Failed(ProviderError),
}

/// One request on its way.
pub(super) struct Walk<'a> {
    route: &'a Route,
    operation: Operation,
    deadline: Instant,
    standings: Vec<Standing>,
    /// Which providers were called a second time.
    retried: Vec<bool>,
    calls: u32,
    has_waited: bool,
    upstream: Duration,
    /// When the call under way began.
    call_begun: Instant,
    last_asked: usize,
}

impl<'a> Walk<'a> {
    pub(super) fn new(route: &'a Route, operation: Operation, deadline: Instant) -> Self {
        let count = route.steps().len();
        Self {
            route,
            operation,
            deadline,
            standings: (0..count).map(|_| Standing::Open).collect(),
            retried: vec![false; count],
            calls: 0,
            has_waited: false,
            upstream: Duration::ZERO,
            call_begun: Instant::now(),
            last_asked: 0,
        }
    }

    /// When all of it must have ended.
    pub(super) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// When the next call must have brought something: while others have not been asked yet it gets
    /// half of the time that is left, so that one that hangs does not take theirs.
    pub(super) fn call_deadline(&self) -> Instant {
        let others = |standing: &Standing| matches!(standing, Standing::Open);
        let asked = self.last_asked;
        let is_last = !(self.standings.iter().enumerate())
            .any(|(at, standing)| at != asked && others(standing));
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

    /// The next step at `now`: providers that were not asked yet, in order; then one that failed and
    /// may be asked again; then one that can be called again soon.
    pub(super) fn next(&mut self, now: DateTime<Utc>, router: &Router) -> Next {
        if self.calls >= MAX_CALLS || !self.allows(Duration::ZERO) {
            return Next::GiveUp;
        }
        for at in 0..self.standings.len() {
            if !matches!(self.standings[at], Standing::Open) {
                continue;
            }
            match self.route.steps()[at].member.admit(self.operation, now) {
                Ok(permit) => return Next::Try(self.begin(at, permit, router)),
                Err(held) => self.held_up(at, held),
            }
        }
        self.again(router)
    }

    fn begin(
        &mut self,
        at: usize,
        permit: ragd_core::resilience::Permit,
        router: &Router,
    ) -> Attempt {
        let Step { member, model } = &self.route.steps()[at];
        if at > 0 && !self.retried[at] {
            let before = &self.route.steps()[at - 1].member;
            let reason = reason_of(&self.standings[at - 1]);
            before.series().fallback(member.name(), reason);
        }
        self.calls += 1;
        self.last_asked = at;
        self.call_begun = Instant::now();
        let model = model.clone().unwrap_or_else(|| member.model().to_owned());
        let called = (Arc::clone(member), permit);
        Attempt::begin(called, (self.operation, model), router.0.clock.clone())
    }

    fn held_up(&mut self, at: usize, held: HeldUp) {
        if let HeldUp::Limited(held) = held
            && matches!(held.reason, HeldReason::Minute | HeldReason::Day)
        {
            self.route.steps()[at].member.series().violation();
        }
        self.standings[at] = Standing::HeldUp(held);
    }

    /// Whom to ask once more, and how long to wait before that.
    fn again(&mut self, router: &Router) -> Next {
        let settings = &router.0.settings;
        let may_retry = |walk: &Self, at: usize| settings.retries > 0 && !walk.retried[at];
        for at in 0..self.standings.len() {
            let Standing::Failed(error) = &self.standings[at] else {
                continue;
            };
            if !is_passing(error.kind) || !may_retry(self, at) {
                continue;
            }
            let wait = error.retry_after;
            if wait.is_some_and(|wait| wait > WORTH_WAITING) || !router.0.budget.withdraw() {
                continue;
            }
            self.retried[at] = true;
            self.standings[at] = Standing::Open;
            return Next::Wait(wait.unwrap_or_else(|| jittered(settings.retry_wait)));
        }
        let soon = |standing: &Standing| wait_of(standing).filter(|wait| *wait <= WORTH_WAITING);
        let wait = self.standings.iter().filter_map(soon).min();
        match wait {
            Some(wait) if !std::mem::replace(&mut self.has_waited, true) => {
                for at in 0..self.standings.len() {
                    let was_called = matches!(self.standings[at], Standing::Failed(_));
                    if soon(&self.standings[at]).is_none() || (was_called && !may_retry(self, at)) {
                        continue;
                    }
                    if was_called && !router.0.budget.withdraw() {
                        continue;
                    }
                    self.retried[at] |= was_called;
                    self.standings[at] = Standing::Open;
                }
                Next::Wait(wait)
            }
            _ => Next::GiveUp,
        }
    }

    /// Takes the failure of the call under way in.
    ///
    /// # Errors
    /// The failure itself, when it is the caller's own fault.
    pub(super) fn failed(&mut self, error: ProviderError) -> Result<(), RouteError> {
        self.upstream += self.call_begun.elapsed();
        if error.kind == Kind::BadRequest {
            return Err(RouteError {
                message: error.to_string(),
                retry_after: ASK_AGAIN,
                attempts: self.calls,
                kind: RouteErrorKind::Refused(Box::new(error)),
            });
        }
        self.standings[self.last_asked] = Standing::Failed(error);
        Ok(())
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

    /// Why nobody answered.
    pub(super) fn give_up(&self) -> RouteError {
        let steps = self.route.steps().iter().zip(&self.standings);
        let reasons: Vec<String> = steps
            .map(|(step, standing)| words_of(step.member.name(), standing))
            .collect();
        let all_limited = self.standings.iter().all(is_limited);
        let (kind, start) = if all_limited {
            let limit = self.standings.iter().find_map(limit_of);
            (RouteErrorKind::RateLimited { limit }, "Rate limit exceeded")
        } else {
            (RouteErrorKind::Unavailable, "no provider answers")
        };
        let waits = self.standings.iter().filter_map(wait_of);
        RouteError {
            kind,
            message: format!("{start}: {}", reasons.join("; ")),
            retry_after: waits.min().unwrap_or(ASK_AGAIN).max(Duration::from_secs(1)),
            attempts: self.calls,
        }
    }
}

/// A failure that may have gone when the same provider is asked once more. One that took all its
/// time is not: its caller has waited long enough.
const fn is_passing(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Connect | Kind::Server | Kind::Malformed | Kind::Interrupted | Kind::Empty
    )
}

fn is_limited(standing: &Standing) -> bool {
    match standing {
        Standing::HeldUp(HeldUp::Limited(held)) => held.reason != HeldReason::Unusable,
        Standing::Failed(error) => error.kind == Kind::RateLimited,
        Standing::HeldUp(HeldUp::Open(_)) | Standing::Open => false,
    }
}

fn limit_of(standing: &Standing) -> Option<u32> {
    match standing {
        Standing::HeldUp(HeldUp::Limited(held)) => held.limit,
        _ => None,
    }
}

/// How long until it can be called again, where that is known.
fn wait_of(standing: &Standing) -> Option<Duration> {
    match standing {
        Standing::Open => None,
        Standing::HeldUp(HeldUp::Open(refused)) => Some(refused.retry_after),
        Standing::HeldUp(HeldUp::Limited(held)) => Some(held.retry_after),
        Standing::Failed(error) if error.kind == Kind::RateLimited => error.retry_after,
        Standing::Failed(_) => None,
    }
}

/// The reason of a fallback, for a metric's label.
fn reason_of(standing: &Standing) -> &'static str {
    match standing {
        Standing::HeldUp(HeldUp::Open(_)) => "circuit_open",
        Standing::HeldUp(HeldUp::Limited(held)) if held.reason == HeldReason::Unusable => {
            "unusable"
        }
        Standing::HeldUp(HeldUp::Limited(_)) => "rate_limited",
        Standing::Failed(error) => match error.kind {
            Kind::RateLimited => "rate_limited",
            Kind::Unauthorized | Kind::Quota => "unusable",
            Kind::Timeout => "timeout",
            _ => "failure",
        },
        Standing::Open => "failure",
    }
}

fn words_of(name: &str, standing: &Standing) -> String {
    match standing {
        Standing::Open => format!("{name}: was not asked"),
        Standing::HeldUp(HeldUp::Open(_)) => format!("Circuit breaker open: {name}"),
        Standing::HeldUp(HeldUp::Limited(held)) => match (held.reason, held.limit) {
            (HeldReason::Minute, Some(limit)) => {
                format!("{name} is sent at most {limit} requests a minute")
            }
            (HeldReason::Day, Some(limit)) => {
                format!("{name} is sent at most {limit} requests a day")
            }
            (HeldReason::Unusable, _) => format!("{name}: its key or quota does not serve"),
            _ => format!("{name} asked to be left alone"),
        },
        Standing::Failed(error) => error.to_string(),
    }
}

/// Anything between nothing and `longest`: exponential backoff with full jitter (M. Brooker, 2015),
/// whose first step is the only one here.
fn jittered(longest: Duration) -> Duration {
    let random = uuid::Uuid::new_v4().as_u64_pair().0 >> 32;
    longest.mul_f64(random as f64 / f64::from(u32::MAX))
}
