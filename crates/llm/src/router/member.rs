//! One provider with all that guards it: a breaker for each operation, a limiter for all of them,
//! its series, and what its last call said.

use super::Overrides;
use super::series::Series;
use crate::metrics::LlmMetrics;
use crate::{Provider, ProviderError, ProviderErrorKind, ProviderSettings};
use chrono::{DateTime, Utc};
use ragd_core::clock::Clock;
use ragd_core::error::Result;
use ragd_core::outbound::ModelClient;
use ragd_core::resilience::{
    Breaker, BreakerSettings, BreakerSnapshot, BreakerState, Held, Limiter, LimiterSettings,
    LimiterSnapshot, Permit, Refused,
};
use ragd_core::telemetry::SharedMetrics;
use std::sync::{Mutex, PoisonError};

/// What a provider is asked to do; each has a breaker of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Answer.
    Chat,
    /// Make vectors.
    Embeddings,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 2] = [Self::Chat, Self::Embeddings];

    /// The word for metric labels and admin routes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Embeddings => "embeddings",
        }
    }
}

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
    /// What went wrong, in a word and in words; `None`: it was answered.
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
    breakers: [Breaker; 2],
    limiter: Limiter,
    series: Series,
    last: Mutex<Option<LastCall>>,
}

/// Why a provider may not be called now.
#[derive(Debug, Clone, Copy)]
pub(super) enum HeldUp {
    /// Its breaker is open, or its probes are under way.
    Open(Refused),
    /// Its limiter holds the call back.
    Limited(Held),
}

/// What a member works with.
#[derive(Debug, Clone)]
pub struct MemberParts {
    /// Calls the upstream.
    pub http: ModelClient,
    /// The time.
    pub clock: Clock,
    /// Where calls are counted.
    pub metrics: LlmMetrics,
    /// Where errors and refusals are counted.
    pub shared_metrics: SharedMetrics,
}

impl Member {
    /// A provider that nothing is known of yet.
    ///
    /// # Errors
    /// As [`Provider::new`].
    pub fn new(settings: MemberSettings, parts: MemberParts) -> Result<Self> {
        let MemberParts {
            http,
            clock,
            metrics,
            shared_metrics,
        } = parts;
        let provider = Provider::new(settings.provider, http, clock.clone())?;
        let series = Series::new(metrics, shared_metrics, &provider);
        let member = Self {
            breakers: [
                Breaker::new(settings.breaker),
                Breaker::new(settings.breaker),
            ],
            limiter: Limiter::new(settings.limits),
            series,
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

    /// The model that is asked for when nobody asks for another.
    pub fn model(&self) -> &str {
        self.provider.model()
    }

    /// The upstream itself, past everything that guards it.
    pub fn provider(&self) -> &Provider {
        &self.provider
    }

    /// How it is now.
    pub fn snapshot(&self, now: DateTime<Utc>) -> MemberSnapshot {
        let of = |operation: Operation| (operation, self.breaker(operation).snapshot(now));
        MemberSnapshot {
            breakers: Operation::ALL.map(of).into(),
            limiter: self.limiter.snapshot(now),
            last: self.last().clone(),
        }
    }

    /// Whether a call of it would be made now, as far as can be told without making one.
    pub fn is_reachable(&self, now: DateTime<Utc>) -> bool {
        let state = self.breaker(Operation::Chat).state(now);
        state != BreakerState::Open && self.limiter.is_usable(now)
    }

    pub(super) fn series(&self) -> &Series {
        &self.series
    }

    pub(super) fn limiter(&self) -> &Limiter {
        &self.limiter
    }

    /// The leave to call it now.
    pub(super) fn admit(
        &self,
        operation: Operation,
        now: DateTime<Utc>,
    ) -> std::result::Result<Permit, HeldUp> {
        let breaker = self.breaker(operation);
        let acquired = breaker.acquire(now).map_err(HeldUp::Open);
        // A permit that the limiter takes back says nothing of the upstream.
        let permit = acquired.and_then(|permit| {
            self.limiter.admit(now).map_err(HeldUp::Limited)?;
            Ok(permit)
        });
        self.observe(now);
        permit
    }

    /// Remembers how a call ended.
    pub(super) fn ended(&self, now: DateTime<Utc>, error: Option<&ProviderError>) {
        let failure = error.map(|error| (error.kind, error.message.clone()));
        *self.last() = Some(LastCall { at: now, failure });
        self.observe(now);
    }

    /// Does what operators have changed.
    pub(super) fn follow(&self, old: &Overrides, new: &Overrides, now: DateTime<Utc>) {
        let name = self.name();
        let was_open = old.forced_open.contains(name);
        let is_open = new.forced_open.contains(name);
        let is_reset = new.resets.get(name) > old.resets.get(name);
        for breaker in &self.breakers {
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
        }
    }

    /// Brings its gauges up to date.
    pub(super) fn observe(&self, now: DateTime<Utc>) {
        for operation in Operation::ALL {
            let breaker = self.breaker(operation);
            let state = breaker.state(now);
            self.series
                .breaker(operation, state, breaker.take_transitions());
        }
        self.series.remaining(self.limiter.remaining(now));
    }

    fn breaker(&self, operation: Operation) -> &Breaker {
        &self.breakers[operation as usize]
    }

    fn last(&self) -> std::sync::MutexGuard<'_, Option<LastCall>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
