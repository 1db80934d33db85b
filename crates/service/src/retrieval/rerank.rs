//! Reranking: the best of the fused list get the order of an upstream that reads question and
//! passage together. It is an extra: an upstream that is down, slow or wrong is skipped, left alone
//! by its breaker, and named in `degraded`; it is never an error.

use super::Hit;
use chrono::{DateTime, TimeDelta, Utc};
use ragd_core::clock::Clock;
use ragd_core::resilience::{
    Breaker, BreakerSettings, BreakerState, Limiter, LimiterSettings, Permit,
};
use ragd_core::telemetry::SharedMetrics;
use ragd_llm::{Fault, LlmMetrics, ProviderError, ProviderErrorKind, Reranker};

/// How long a reranker that does not accept our key, or whose quota is spent, is left alone.
const UNUSABLE_FOR: TimeDelta = TimeDelta::minutes(5);
const OPERATION: &str = "rerank";

/// A reranker with its breaker and its rests; cheap to clone, and the clones share both.
#[derive(Debug, Clone)]
pub struct Reranking {
    upstream: Reranker,
    top: usize,
    breaker: Breaker,
    /// Without windows: it keeps only until when the upstream is left alone.
    limiter: Limiter,
    clock: Clock,
    metrics: LlmMetrics,
    shared_metrics: SharedMetrics,
}

/// It was not asked, or gave nothing: the fused order stays.
#[derive(Debug, Clone, Copy)]
pub(super) struct Skipped;

impl Reranking {
    /// Has `upstream` order the best `top` hits of each list.
    pub fn new(
        upstream: Reranker,
        top: usize,
        clock: Clock,
        (metrics, shared_metrics): (LlmMetrics, SharedMetrics),
    ) -> Self {
        let reranking = Self {
            upstream,
            top,
            breaker: Breaker::new(BreakerSettings::default()),
            limiter: Limiter::new(LimiterSettings::default()),
            clock,
            metrics,
            shared_metrics,
        };
        reranking.start_series();
        reranking
    }

    /// How many hits are reranked.
    pub fn top(&self) -> usize {
        self.top
    }

    /// The upstream's name.
    pub fn name(&self) -> &'static str {
        self.upstream.name()
    }

    /// Where the breaker stands; brings its metrics up to date.
    pub fn state(&self) -> BreakerState {
        let state = self.breaker.state(self.clock.now());
        self.record();
        state
    }

    /// Orders the first hits by the upstream's score, which each of them then has; the others keep
    /// their order behind them.
    pub(super) async fn rerank(&self, query: &str, hits: &mut [Hit]) -> Result<(), Skipped> {
        let count = self.top.min(hits.len());
        let (best, _) = hits.split_at_mut(count);
        if best.is_empty() {
            return Ok(());
        }
        let permit = self.leave()?;
        let texts: Vec<String> = best
            .iter()
            .map(|hit| hit.stored.passage.indexed_text())
            .collect();
        let answer = self.upstream.rank(query, &texts).await;
        let now = self.clock.now();
        let scores = match answer {
            Ok(scores) => {
                permit.success(now);
                self.record();
                scores
            }
            Err(error) => {
                self.settle(permit, &error, now);
                self.record();
                self.tell(&error);
                return Err(Skipped);
            }
        };
        for (hit, score) in best.iter_mut().zip(scores) {
            hit.rerank = Some(score);
        }
        let score = |hit: &Hit| hit.rerank.unwrap_or(f64::NEG_INFINITY);
        // Equal scores keep the fused order.
        best.sort_by(|a, b| score(b).total_cmp(&score(a)));
        Ok(())
    }

    /// The leave to ask the upstream now: it neither rests nor is its breaker open.
    fn leave(&self) -> Result<Permit, Skipped> {
        let now = self.clock.now();
        let rested = self.limiter.admit(now).map_err(|_held| Skipped);
        let permit = rested.and_then(|()| self.breaker.acquire(now).map_err(|_refused| Skipped));
        self.record();
        permit
    }

    /// What a failure says of the upstream.
    fn settle(&self, permit: Permit, error: &ProviderError, now: DateTime<Utc>) {
        match (error.kind, error.fault()) {
            (ProviderErrorKind::RateLimited, _) => {
                let wait = error.retry_after.unwrap_or_default();
                let until = now + TimeDelta::from_std(wait).unwrap_or(TimeDelta::MAX);
                self.limiter.cool_down(until);
                permit.neutral();
            }
            (ProviderErrorKind::Unauthorized | ProviderErrorKind::Quota, _) => {
                self.limiter
                    .unusable(now + UNUSABLE_FOR, error.kind.as_str());
                permit.neutral();
            }
            (_, Fault::Upstream) => permit.failure(now),
            (_, Fault::Caller | Fault::Ours) => permit.neutral(),
        }
    }

    fn tell(&self, error: &ProviderError) {
        let kind = error.kind.as_str();
        self.shared_metrics
            .errors
            .with_label_values(&[OPERATION, kind])
            .inc();
        tracing::warn!(%error, kind, "the passages were not reranked: the fused order stays");
    }

    fn record(&self) {
        let name = self.name();
        for ((from, to), count) in self.breaker.take_transitions() {
            if to == BreakerState::Open {
                tracing::warn!("Circuit breaker open: {OPERATION} by {name} is skipped");
            }
            self.metrics
                .breaker_transitions
                .with_label_values(&[name, OPERATION, from.as_str(), to.as_str()])
                .inc_by(count);
        }
        let state = self.breaker.state(self.clock.now());
        let gauge = &self.metrics.breaker_state;
        gauge
            .with_label_values(&[name, OPERATION])
            .set(state.gauge());
    }

    /// Every series is there from the start, at 0.
    fn start_series(&self) {
        let states = [
            BreakerState::Closed,
            BreakerState::Open,
            BreakerState::HalfOpen,
        ];
        for from in states {
            for to in states.into_iter().filter(|to| *to != from) {
                self.metrics.breaker_transitions.with_label_values(&[
                    self.name(),
                    OPERATION,
                    from.as_str(),
                    to.as_str(),
                ]);
            }
        }
        self.record();
    }
}
