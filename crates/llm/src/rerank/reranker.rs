//! A reranker behind the same guard as every other operation. It is an extra: one that is down, slow
//! or wrong is skipped, and not called while its breaker is open; that is never an error.

use super::client::{RerankClient, RerankerSettings};
use crate::ProviderError;
use crate::guard::{Guard, Operation, settle};
use crate::settings::UpstreamParts;
use ragd_core::clock::Clock;
use ragd_core::error::Result;
use ragd_core::resilience::{BreakerSettings, BreakerState, Limiter, LimiterSettings, Permit};
use ragd_core::telemetry::SharedMetrics;

/// One configured reranker with its breaker; cheap to clone, and the clones share the breaker.
#[derive(Debug, Clone)]
pub struct Reranker {
    client: RerankClient,
    guard: Guard,
    /// Without windows: it keeps only until when the upstream is not called.
    limiter: Limiter,
    clock: Clock,
    shared_metrics: SharedMetrics,
}

/// There are no scores: the upstream was not called, or did not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the reranker was not called, or did not answer")]
pub struct Skipped;

impl Reranker {
    /// A reranker of which nothing is known yet.
    ///
    /// # Errors
    /// `Invalid` when the address is malformed or the key cannot be sent.
    pub fn new(settings: RerankerSettings, parts: UpstreamParts) -> Result<Self> {
        let client = RerankClient::new(settings, parts.http)?;
        let breaker = BreakerSettings::default();
        let guard = Guard::new(client.name(), Operation::Rerank, breaker, &parts.metrics);
        guard.observe(parts.clock.now());
        Ok(Self {
            client,
            guard,
            limiter: Limiter::new(LimiterSettings::default()),
            clock: parts.clock,
            shared_metrics: parts.shared_metrics,
        })
    }

    /// The name of its wire.
    pub fn name(&self) -> &'static str {
        self.client.name()
    }

    /// The state of its breaker; brings its metrics up to date.
    pub fn state(&self) -> BreakerState {
        self.guard.observe(self.clock.now())
    }

    /// How well each of `texts` answers `query`, in the order of `texts`; greater is better.
    ///
    /// # Errors
    /// [`Skipped`] when the upstream may not be called now, or fails; the failure is logged and
    /// counted.
    pub async fn rerank(
        &self,
        query: &str,
        texts: &[String],
    ) -> std::result::Result<Vec<f64>, Skipped> {
        let permit = self.admit()?;
        let scores = self.client.rank(query, texts).await;
        let now = self.clock.now();
        let scores = match scores {
            Ok(scores) => {
                permit.success(now);
                Ok(scores)
            }
            Err(error) => {
                settle(permit, &self.limiter, &error, now);
                self.report(&error);
                Err(Skipped)
            }
        };
        self.guard.observe(now);
        scores
    }

    fn admit(&self) -> std::result::Result<Permit, Skipped> {
        let now = self.clock.now();
        let permit = self.guard.admit(&self.limiter, now);
        self.guard.observe(now);
        permit.map_err(|_blocked| Skipped)
    }

    fn report(&self, error: &ProviderError) {
        let kind = error.kind.as_str();
        let labels = [Operation::Rerank.as_str(), kind];
        self.shared_metrics.errors.with_label_values(&labels).inc();
        tracing::warn!(%error, kind, "the passages were not reranked: the fused order stays");
    }
}
