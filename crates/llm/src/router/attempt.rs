//! One call of one provider under way: holds the permit, and reports how the call ended to breaker,
//! limiter and metrics. Dropped without an end, its caller has gone.

use super::member::Member;
use crate::guard::{Operation, settle};
use crate::metrics::{CallCost, CallOutcome};
use crate::{ProviderError, ProviderErrorKind as Kind, Usage};
use chrono::{DateTime, TimeDelta, Utc};
use ragd_core::clock::Clock;
use ragd_core::resilience::Permit;
use std::sync::Arc;
use std::time::Instant;

/// When nothing has come for so long, a caller that goes away counts as the provider's failure.
const SILENCE: TimeDelta = TimeDelta::seconds(10);

/// A call under way.
pub(super) struct Attempt {
    member: Arc<Member>,
    operation: Operation,
    model: String,
    permit: Option<Permit>,
    clock: Clock,
    begun: Instant,
    received_at: DateTime<Utc>,
}

impl Attempt {
    /// A call of `member` for `model` that begins now.
    pub(super) fn begin(
        member: Arc<Member>,
        permit: Permit,
        operation: Operation,
        model: String,
        clock: Clock,
    ) -> Self {
        Self {
            received_at: clock.now(),
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
        self.received();
        if let Some(permit) = &self.permit {
            permit.content_came();
        }
        let calls = self.member.series().calls(self.operation, &self.model);
        calls.first_content(self.begun.elapsed().as_secs_f64());
    }

    /// More of a stream has come.
    pub(super) fn received(&mut self) {
        self.received_at = self.clock.now();
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

    /// It was answered, with nothing that can be seen: that says nothing about the provider.
    pub(super) fn withheld(mut self, usage: Usage) {
        let now = self.clock.now();
        if let Some(permit) = self.permit.take() {
            permit.neutral();
        }
        self.record(CallOutcome::Success, usage);
        self.member.ended(now, None);
    }

    /// It failed; what follows depends on whose fault it is.
    pub(super) fn fail(mut self, error: &ProviderError) {
        let now = self.clock.now();
        let outcome = match error.kind {
            Kind::BadRequest | Kind::Filtered => CallOutcome::Rejected,
            _ => CallOutcome::Failure,
        };
        if let Some(permit) = self.permit.take() {
            let unusable = settle(permit, self.member.limiter(), error, now);
            if let Some(reason) = unusable {
                self.member.series().unusable(reason);
            }
            if error.kind == Kind::ModelNotFound {
                self.member.lacks(&self.model, now);
            }
        }
        tracing::warn!(
            provider = self.member.name(),
            kind = error.kind.as_str(),
            "a call failed: {error}"
        );
        self.record(outcome, Usage::default());
        self.member.ended(now, Some(error));
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
        if now - self.received_at >= SILENCE {
            permit.failure(now);
            self.record(CallOutcome::Failure, Usage::default());
        } else {
            permit.neutral();
        }
        self.member.observe(now);
    }
}
