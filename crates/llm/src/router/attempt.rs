//! One call of one provider under way: holds the permit, and makes of each end the outcome that the
//! breaker, the limiter and the metrics are told. Dropped without an end, its caller has gone.

use super::Operation;
use super::member::Member;
use crate::metrics::{CallCost, CallOutcome};
use crate::{ProviderError, ProviderErrorKind as Kind, Usage};
use chrono::{DateTime, TimeDelta, Utc};
use ragd_core::clock::Clock;
use ragd_core::resilience::Permit;
use std::sync::Arc;
use std::time::Instant;

/// How long a provider whose key or quota does not serve is left alone.
const UNUSABLE_FOR: TimeDelta = TimeDelta::minutes(5);
/// After so long a silence even a caller that goes away counts as the provider's failure.
const SILENCE: TimeDelta = TimeDelta::seconds(10);

/// A call under way.
pub(super) struct Attempt {
    member: Arc<Member>,
    operation: Operation,
    model: String,
    permit: Option<Permit>,
    clock: Clock,
    begun: Instant,
    heard_at: DateTime<Utc>,
}

impl Attempt {
    /// A call of `member` for `model` that begins now.
    pub(super) fn begin(
        (member, permit): (Arc<Member>, Permit),
        (operation, model): (Operation, String),
        clock: Clock,
    ) -> Self {
        Self {
            heard_at: clock.now(),
            member,
            operation,
            model,
            permit: Some(permit),
            clock,
            begun: Instant::now(),
        }
    }

    pub(super) fn member(&self) -> &Member {
        &self.member
    }

    pub(super) fn model(&self) -> &str {
        &self.model
    }

    /// The first content of a stream has come.
    pub(super) fn content_came(&mut self) {
        self.heard();
        if let Some(permit) = &self.permit {
            permit.content_came();
        }
        let calls = self.member.series().calls(self.operation, &self.model);
        calls.first_content(self.begun.elapsed().as_secs_f64());
    }

    /// More of a stream has come.
    pub(super) fn heard(&mut self) {
        self.heard_at = self.clock.now();
    }

    /// It was answered.
    pub(super) fn succeed(mut self, usage: Usage) {
        let now = self.clock.now();
        if let Some(permit) = self.permit.take() {
            permit.success(now);
        }
        self.record(CallOutcome::Success, usage);
        self.member.ended(now, None);
    }

    /// It failed: who is told depends on whose fault it is.
    pub(super) fn fail(mut self, error: &ProviderError) {
        let now = self.clock.now();
        let outcome = match error.kind {
            Kind::BadRequest => CallOutcome::Rejected,
            _ => CallOutcome::Failure,
        };
        if let Some(permit) = self.permit.take() {
            self.settle(permit, error, now);
        }
        tracing::warn!(
            provider = self.member.name(),
            kind = error.kind.as_str(),
            "a call failed: {error}"
        );
        self.record(outcome, Usage::default());
        self.member.ended(now, Some(error));
    }

    fn settle(&self, permit: Permit, error: &ProviderError, now: DateTime<Utc>) {
        match error.kind {
            Kind::RateLimited => {
                permit.neutral();
                let wait = error.retry_after.unwrap_or_default();
                let wait = TimeDelta::from_std(wait).unwrap_or_default();
                self.member.limiter().cool_down(now + wait);
            }
            Kind::Unauthorized | Kind::Quota => {
                permit.neutral();
                let why = match error.kind {
                    Kind::Quota => "its quota is spent",
                    _ => "it does not accept our key",
                };
                self.member.limiter().unusable(now + UNUSABLE_FOR, why);
                self.member.series().unusable(why);
            }
            Kind::BadRequest => permit.neutral(),
            Kind::Timeout
            | Kind::Connect
            | Kind::Server
            | Kind::Malformed
            | Kind::Interrupted
            | Kind::Empty
            | Kind::Misconfigured => permit.failure(now),
        }
    }

    fn record(&self, outcome: CallOutcome, usage: Usage) {
        let cost = CallCost {
            seconds: self.begun.elapsed().as_secs_f64(),
            prompt_tokens: usage.prompt_tokens,
            completion_tokens: usage.completion_tokens,
        };
        let calls = self.member.series().calls(self.operation, &self.model);
        calls.record(outcome, cost);
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let Some(permit) = self.permit.take() else {
            return;
        };
        let now = self.clock.now();
        if now - self.heard_at >= SILENCE {
            permit.failure(now);
            self.record(CallOutcome::Failure, Usage::default());
        } else {
            permit.neutral();
        }
        self.member.observe(now);
    }
}
