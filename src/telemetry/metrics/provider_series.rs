//! The series of one provider and model, looked up once: a call of a model counts in a dozen
//! families, and looking each of them up by its labels would cost more than the counting.

use super::Metrics;
use prometheus::{Gauge, Histogram, IntCounter, IntGauge};

/// How a call of a model ended, as the metrics have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallOutcome {
    /// It was answered.
    Success,
    /// The provider, or our account there, failed.
    Failure,
    /// The request was one that the provider does not take: nobody's failure.
    Rejected,
}

/// What one call took.
#[derive(Debug, Clone, Copy, Default)]
pub struct CallCost {
    /// From the call to its end.
    pub seconds: f64,
    /// Tokens of the conversation sent.
    pub prompt_tokens: u64,
    /// Tokens of the answer.
    pub completion_tokens: u64,
}

/// The series of one provider and model.
#[derive(Clone)]
pub struct ProviderSeries {
    requests: [IntCounter; 2],
    latency: [Histogram; 2],
    calls: [IntCounter; 2],
    origin_latency: Histogram,
    duration: Histogram,
    first_token: Histogram,
    origin_tokens: [IntCounter; 2],
    gen_ai_tokens: [Histogram; 2],
}

impl std::fmt::Debug for ProviderSeries {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ProviderSeries")
    }
}

/// The gauges of one provider that change with every call.
#[derive(Clone)]
pub struct ProviderGauges {
    /// Where its breakers stand, in the order of the operations that were asked for.
    breakers: Vec<IntGauge>,
    remaining: Gauge,
}

impl std::fmt::Debug for ProviderGauges {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ProviderGauges")
    }
}

impl ProviderGauges {
    /// Sets where the breaker of the operation at this place stands: 0 closed, 1 open, 2 half-open.
    pub fn breaker(&self, at: usize, state: i64) {
        if let Some(gauge) = self.breakers.get(at) {
            gauge.set(state);
        }
    }

    /// Sets how many requests are left of its window.
    pub fn remaining(&self, count: f64) {
        self.remaining.set(count);
    }
}

impl Metrics {
    /// The gauges of `provider` for these operations.
    pub fn provider_gauges(&self, provider: &str, operations: &[&str]) -> ProviderGauges {
        let breakers = operations
            .iter()
            .map(|operation| self.breaker_state.with_label_values(&[provider, operation]));
        ProviderGauges {
            breakers: breakers.collect(),
            remaining: self.rate_limit_remaining.with_label_values(&[provider]),
        }
    }

    /// The series of `provider` and `model` for `operation` (`chat` or `embeddings`); they are there
    /// from now on.
    pub fn provider_series(&self, provider: &str, model: &str, operation: &str) -> ProviderSeries {
        let both = |of: fn(&Metrics, [&str; 3]) -> IntCounter| {
            ["success", "error"].map(|status| of(self, [provider, model, status]))
        };
        ProviderSeries {
            requests: both(|metrics, labels| metrics.llm_requests.with_label_values(&labels)),
            latency: ["success", "error"].map(|status| {
                let labels = [provider, model, status];
                self.llm_latency.with_label_values(&labels)
            }),
            calls: ["success", "failure"]
                .map(|outcome| self.origin_calls.with_label_values(&[provider, outcome])),
            origin_latency: self.origin_latency.with_label_values(&[provider]),
            duration: self
                .gen_ai_duration
                .with_label_values(&[operation, provider]),
            first_token: self.gen_ai_first_token.with_label_values(&[provider]),
            origin_tokens: ["prompt", "completion"]
                .map(|kind| self.origin_tokens.with_label_values(&[provider, kind])),
            gen_ai_tokens: ["input", "output"]
                .map(|kind| self.gen_ai_tokens.with_label_values(&[provider, kind])),
        }
    }
}

impl ProviderSeries {
    /// Counts a call that has ended.
    pub fn record(&self, outcome: CallOutcome, cost: CallCost) {
        let at = usize::from(outcome != CallOutcome::Success);
        self.requests[at].inc();
        self.latency[at].observe(cost.seconds);
        self.origin_latency.observe(cost.seconds);
        self.duration.observe(cost.seconds);
        match outcome {
            CallOutcome::Success => self.calls[0].inc(),
            CallOutcome::Failure => self.calls[1].inc(),
            CallOutcome::Rejected => {}
        }
        if outcome == CallOutcome::Success {
            for (at, count) in [cost.prompt_tokens, cost.completion_tokens]
                .into_iter()
                .enumerate()
            {
                self.origin_tokens[at].inc_by(count);
                self.gen_ai_tokens[at].observe(count as f64);
            }
        }
    }

    /// Counts the first content of a stream, `seconds` after its call.
    pub fn first_content(&self, seconds: f64) {
        self.first_token.observe(seconds);
    }
}
