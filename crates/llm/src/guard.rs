//! What guards one operation of an upstream, whichever it is: a breaker with its metrics and log
//! lines, and the one rule for which failure counts against what. It makes no call, and knows no
//! operation's requests.

use crate::metrics::LlmMetrics;
use crate::{ProviderError, ProviderErrorKind as Kind};
use chrono::{DateTime, TimeDelta, Utc};
use prometheus::IntGauge;
use ragd_core::resilience::{
    Breaker, BreakerSettings, BreakerState, Held, Limiter, Permit, Refused,
};
use std::time::Duration;

/// How long an upstream that does not accept our key, whose quota is spent or that lacks its model is not
/// called.
pub(crate) const UNUSABLE_FOR: TimeDelta = TimeDelta::minutes(5);

/// What an upstream is asked to do; each has a breaker of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Operation {
    /// Answer.
    Chat,
    /// Make vectors.
    Embeddings,
    /// Score texts.
    Rerank,
}

impl Operation {
    /// The word for metric labels and admin routes.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Why an upstream may not be called now.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Blocked {
    /// Its breaker is open, or its probes are under way.
    Open(Refused),
    /// Its limiter holds the call back.
    Limited(Held),
    /// It does not have the model; asked again after so long.
    NoModel(Duration),
}

/// The breaker of one operation of one upstream, with its series; clones share it.
#[derive(Clone)]
pub(crate) struct Guard {
    upstream: String,
    operation: Operation,
    breaker: Breaker,
    state: IntGauge,
    metrics: LlmMetrics,
}

impl std::fmt::Debug for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guard")
            .field("upstream", &self.upstream)
            .field("operation", &self.operation)
            .field("breaker", &self.breaker)
            .finish_non_exhaustive()
    }
}

impl Guard {
    /// A closed breaker, whose series are there from now on.
    pub(crate) fn new(
        upstream: &str,
        operation: Operation,
        settings: BreakerSettings,
        metrics: &LlmMetrics,
    ) -> Self {
        let label = operation.as_str();
        metrics.start_breaker(upstream, label);
        Self {
            upstream: upstream.to_owned(),
            operation,
            breaker: Breaker::new(settings),
            state: metrics.breaker_state.with_label_values(&[upstream, label]),
            metrics: metrics.clone(),
        }
    }

    pub(crate) fn operation(&self) -> Operation {
        self.operation
    }

    pub(crate) fn breaker(&self) -> &Breaker {
        &self.breaker
    }

    /// A permit to call the upstream now, if `limiter` allows it too.
    pub(crate) fn admit(&self, limiter: &Limiter, now: DateTime<Utc>) -> Result<Permit, Blocked> {
        let permit = self.breaker.acquire(now).map_err(Blocked::Open)?;
        // A permit that the limiter takes back counts neither for nor against the upstream.
        limiter.admit(now).map_err(Blocked::Limited)?;
        Ok(permit)
    }

    /// Brings gauge, counters and log up to date: a breaker's state also changes by time alone.
    pub(crate) fn observe(&self, now: DateTime<Utc>) -> BreakerState {
        let state = self.breaker.state(now);
        self.state.set(state.gauge());
        for ((from, to), count) in self.breaker.take_transitions() {
            self.log(to);
            let labels = [
                self.upstream.as_str(),
                self.operation.as_str(),
                from.as_str(),
                to.as_str(),
            ];
            let transitions = &self.metrics.breaker_transitions;
            transitions.with_label_values(&labels).inc_by(count);
        }
        state
    }

    fn log(&self, to: BreakerState) {
        let (name, operation) = (self.upstream.as_str(), self.operation.as_str());
        match (to, self.operation) {
            (BreakerState::Open, Operation::Rerank) => tracing::warn!(
                provider = name,
                operation,
                "Circuit breaker open: {operation} by {name} is skipped"
            ),
            (BreakerState::Open, _) => tracing::warn!(
                provider = name,
                operation,
                "Circuit breaker open: {name} is not called for a while"
            ),
            (to, _) => tracing::info!(
                provider = name,
                operation,
                "Circuit breaker {}: {name}",
                to.as_str()
            ),
        }
    }
}

/// Makes of a failed call what breaker and limiter do from now on. The reason, when the upstream
/// cannot be used until somebody changes something.
pub(crate) fn settle(
    permit: Permit,
    limiter: &Limiter,
    error: &ProviderError,
    now: DateTime<Utc>,
) -> Option<&'static str> {
    let unusable = match error.kind {
        Kind::Quota => "its quota is spent",
        Kind::Unauthorized => "it does not accept our key",
        Kind::RateLimited => {
            permit.neutral();
            let wait = error.retry_after.unwrap_or_default();
            limiter.cool_down(now + TimeDelta::from_std(wait).unwrap_or_default());
            return None;
        }
        Kind::BadRequest | Kind::Filtered | Kind::ModelNotFound => {
            permit.neutral();
            return None;
        }
        Kind::Timeout
        | Kind::Connect
        | Kind::Server
        | Kind::Malformed
        | Kind::Interrupted
        | Kind::Empty
        | Kind::Misconfigured => {
            permit.failure(now);
            return None;
        }
    };
    permit.neutral();
    limiter.unusable(now + UNUSABLE_FOR, unusable);
    Some(unusable)
}
