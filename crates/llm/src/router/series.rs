//! What is counted of one provider: its calls, its breakers, its window.

use super::Operation;
use crate::Provider;
use crate::metrics::{LlmMetrics, ProviderGauges, ProviderSeries};
use ragd_core::resilience::{BreakerState, Transition};
use ragd_core::telemetry::SharedMetrics;
use std::collections::BTreeMap;

/// A model that a caller names is not a label: anybody could make as many as they like.
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
    gauges: ProviderGauges,
}

impl Series {
    /// The series of `provider`; they are there from now on.
    pub(super) fn new(metrics: LlmMetrics, shared: SharedMetrics, provider: &Provider) -> Self {
        let (provider, model) = (provider.name(), provider.model());
        let of = |operation| {
            [model, OTHER].map(|label| metrics.provider_series(provider, label, operation))
        };
        let operations = Operation::ALL.map(Operation::as_str);
        Self {
            gauges: metrics.provider_gauges(provider, &operations),
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
            Operation::Chat => &self.chat[at],
            Operation::Embeddings => &self.embeddings[at],
        }
    }

    /// Notes where a breaker stands and how it came there.
    pub(super) fn breaker(
        &self,
        operation: Operation,
        state: BreakerState,
        transitions: BTreeMap<Transition, u64>,
    ) {
        self.gauges.breaker(operation as usize, state.gauge());
        let (name, operation) = (self.provider.as_str(), operation.as_str());
        for ((from, to), count) in transitions {
            if to == BreakerState::Open {
                tracing::warn!(
                    provider = name,
                    operation,
                    "Circuit breaker open: {name} is left alone for a while"
                );
            } else {
                tracing::info!(
                    provider = name,
                    operation,
                    "Circuit breaker {}: {name}",
                    to.as_str()
                );
            }
            self.metrics
                .breaker_transitions
                .with_label_values(&[name, operation, from.as_str(), to.as_str()])
                .inc_by(count);
        }
    }

    /// Notes how many requests the limiter would let through.
    pub(super) fn remaining(&self, count: f64) {
        self.gauges.remaining(count);
    }

    /// Counts that another provider is asked in this one's place.
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

    /// Counts, and says aloud, that a provider cannot be used until somebody does something.
    pub(super) fn unusable(&self, why: &str) {
        self.shared
            .errors
            .with_label_values(&["provider", "unusable"])
            .inc();
        let name = self.provider.as_str();
        tracing::error!(
            provider = name,
            "{name} cannot be used: {why}; it is left alone for five minutes"
        );
    }
}
