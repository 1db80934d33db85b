//! What is counted of one provider: its calls, its fallbacks, its window.

use crate::Provider;
use crate::guard::Operation;
use crate::metrics::{LlmMetrics, ProviderSeries};
use prometheus::Gauge;
use ragd_core::telemetry::SharedMetrics;

/// A model that a caller names is not a label: callers could make any number of series.
const OTHER: &str = "other";

/// The series of one provider.
#[derive(Debug)]
pub(super) struct Series {
    metrics: LlmMetrics,
    shared: SharedMetrics,
    provider: String,
    model: String,
    chat: [ProviderSeries; 2],
    embeddings: [ProviderSeries; 2],
    remaining: Gauge,
}

impl Series {
    /// The series of `provider`; they are there from now on.
    pub(super) fn new(metrics: LlmMetrics, shared: SharedMetrics, provider: &Provider) -> Self {
        let (provider, model) = (provider.name(), provider.model());
        let of = |operation| {
            [model, OTHER].map(|label| metrics.provider_series(provider, label, operation))
        };
        Self {
            remaining: metrics.rate_limit_remaining.with_label_values(&[provider]),
            chat: of(Operation::Chat.as_str()),
            embeddings: of(Operation::Embeddings.as_str()),
            provider: provider.to_owned(),
            model: model.to_owned(),
            metrics,
            shared,
        }
    }

    /// The series of calls to `model`.
    pub(super) fn calls(&self, operation: Operation, model: &str) -> &ProviderSeries {
        let at = usize::from(model != self.model);
        match operation {
            Operation::Embeddings => &self.embeddings[at],
            Operation::Chat | Operation::Rerank => &self.chat[at],
        }
    }

    /// Notes how many requests the limiter would let through.
    pub(super) fn remaining(&self, count: f64) {
        self.remaining.set(count);
    }

    /// Counts that another provider is called in this one's place.
    pub(super) fn fallback(&self, to: &str, reason: &str) {
        self.metrics
            .fallbacks
            .with_label_values(&[self.provider.as_str(), to, reason])
            .inc();
    }

    /// Counts that our own limit held a request back.
    pub(super) fn violation(&self) {
        self.shared
            .rate_limit_violations
            .with_label_values(&[self.provider.as_str()])
            .inc();
    }

    /// Counts and logs that a provider cannot be used until somebody changes something.
    pub(super) fn unusable(&self, why: &str) {
        self.shared
            .errors
            .with_label_values(&["provider", "unusable"])
            .inc();
        let name = self.provider.as_str();
        tracing::error!(
            provider = name,
            "{name} cannot be used: {why}; it is not called for five minutes"
        );
    }
}
