//! One provider with all that guards it: a breaker for each operation, a limiter for all of them,
//! its series, and what its last call said.

use super::missing_models::MissingModels;
use super::overrides::Overrides;
use super::series::Series;
use crate::guard::{Blocked, Guard, Operation};
use crate::settings::UpstreamParts;
use crate::{Provider, ProviderError, ProviderErrorKind, ProviderSettings};
use chrono::{DateTime, Utc};
use ragd_core::error::Result;
use ragd_core::resilience::{
    BreakerSettings, BreakerSnapshot, BreakerState, Limiter, LimiterSettings, LimiterSnapshot,
    Permit,
};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// One provider's settings, with those of what guards it.
#[derive(Debug, Clone)]
pub struct MemberSettings {
    /// The provider.
    pub provider: ProviderSettings,
    /// How many requests it is sent.
    pub limits: LimiterSettings,
    /// When its breakers open and close.
    pub breaker: BreakerSettings,
}

/// How the last call of a provider ended.
#[derive(Debug, Clone)]
pub struct LastCall {
    /// When.
    pub at: DateTime<Utc>,
    /// What went wrong, as a kind and a message; `None`: it was answered.
    pub failure: Option<(ProviderErrorKind, String)>,
}

/// A provider at one moment, for operators.
#[derive(Debug, Clone)]
pub struct MemberSnapshot {
    /// Its breakers.
    pub breakers: Vec<(Operation, BreakerSnapshot)>,
    /// Its limiter.
    pub limiter: LimiterSnapshot,
    /// How its last call ended.
    pub last: Option<LastCall>,
}

/// One provider of the chain.
#[derive(Debug)]
pub struct Member {
    provider: Provider,
    /// In the order of `OPERATIONS`.
    guards: [Guard; 2],
    limiter: Limiter,
    series: Series,
    missing: MissingModels,
    last: Mutex<Option<LastCall>>,
}

/// What a provider is asked to do.
const OPERATIONS: [Operation; 2] = [Operation::Chat, Operation::Embeddings];

impl Member {
    /// A provider of which nothing is known yet.
    ///
    /// # Errors
    /// As [`Provider::new`].
    pub fn new(settings: MemberSettings, parts: UpstreamParts) -> Result<Self> {
        let UpstreamParts {
            http,
            clock,
            metrics,
            shared_metrics,
        } = parts;
        let provider = Provider::new(settings.provider, http, clock.clone())?;
        let guard = |operation| Guard::new(provider.name(), operation, settings.breaker, &metrics);
        let guards = OPERATIONS.map(guard);
        let series = Series::new(metrics, shared_metrics, &provider);
        let member = Self {
            guards,
            limiter: Limiter::new(settings.limits),
            series,
            missing: MissingModels::default(),
            last: Mutex::default(),
            provider,
        };
        member.observe(clock.now());
        Ok(member)
    }

    /// The name it is configured under.
    pub fn name(&self) -> &str {
        self.provider.name()
    }

    /// The model that is used when a request names none.
    pub fn model(&self) -> &str {
        self.provider.model()
    }

    /// The upstream itself, past everything that guards it.
    pub fn provider(&self) -> &Provider {
        &self.provider
    }

    /// How it is now.
    pub fn snapshot(&self, now: DateTime<Utc>) -> MemberSnapshot {
        let breakers = self
            .guards
            .iter()
            .map(|guard| (guard.operation(), guard.breaker().snapshot(now)));
        let mut limiter = self.limiter.snapshot(now);
        if let Some(left) = self.missing_for(self.model(), now) {
            let why = "it does not have the configured model";
            limiter.unusable = limiter.unusable.or(Some((left, why)));
        }
        MemberSnapshot {
            breakers: breakers.collect(),
            limiter,
            last: self.last().clone(),
        }
    }

    /// Whether a call of it would be made now, as far as is known without making one.
    pub fn is_reachable(&self, now: DateTime<Utc>) -> bool {
        let state = self.guard(Operation::Chat).breaker().state(now);
        state != BreakerState::Open
            && self.limiter.is_usable(now)
            && self.missing_for(self.model(), now).is_none()
    }

    pub(super) fn series(&self) -> &Series {
        &self.series
    }

    /// How much longer it is taken not to have a model.
    pub(super) fn missing_for(&self, model: &str, now: DateTime<Utc>) -> Option<Duration> {
        self.missing.missing_for(model, now)
    }

    /// It said that it does not have `model`. Its configured one is the operator's to repair; what a caller
    /// names may be a slip of theirs, and is asked for again.
    pub(super) fn lacks(&self, model: &str, now: DateTime<Utc>) {
        if model == self.model() {
            self.missing.add(model, now);
            self.series
                .unusable(&format!("it does not have its model `{model}`"));
        }
    }

    pub(super) fn limiter(&self) -> &Limiter {
        &self.limiter
    }

    /// A permit to call it now.
    pub(super) fn admit(
        &self,
        operation: Operation,
        now: DateTime<Utc>,
    ) -> std::result::Result<Permit, Blocked> {
        let permit = self.guard(operation).admit(&self.limiter, now);
        self.observe(now);
        permit
    }

    /// Remembers how a call ended.
    pub(super) fn ended(&self, now: DateTime<Utc>, error: Option<&ProviderError>) {
        let failure = error.map(|error| (error.kind, error.message.clone()));
        *self.last() = Some(LastCall { at: now, failure });
        self.observe(now);
    }

    /// Applies operators' changes.
    pub(super) fn follow(&self, old: &Overrides, new: &Overrides, now: DateTime<Utc>) {
        let name = self.name();
        let was_open = old.forced_open.contains(name);
        let is_open = new.forced_open.contains(name);
        let is_reset = new.resets.get(name) > old.resets.get(name);
        for breaker in self.guards.iter().map(Guard::breaker) {
            match (was_open, is_open) {
                (false, true) => breaker.force_open(now),
                (true, false) => breaker.release(now),
                _ => {}
            }
            if is_reset && !is_open {
                breaker.reset(now);
            }
        }
        if is_reset {
            self.limiter.clear();
            self.missing.clear();
        }
    }

    /// Brings its gauges up to date.
    pub(super) fn observe(&self, now: DateTime<Utc>) {
        for guard in &self.guards {
            guard.observe(now);
        }
        self.series.remaining(self.limiter.remaining(now));
    }

    fn guard(&self, operation: Operation) -> &Guard {
        match operation {
            Operation::Embeddings => &self.guards[1],
            Operation::Chat | Operation::Rerank => &self.guards[0],
        }
    }

    fn last(&self) -> std::sync::MutexGuard<'_, Option<LastCall>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
