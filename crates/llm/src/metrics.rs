//! What is counted of the calls to language models: the families, and the series of one provider,
//! looked up once. A call counts in a dozen families; looking each of them up by its labels would cost
//! more than the counting.

use prometheus::{Histogram, IntCounter};
use ragd_core::error::Result;
use ragd_core::metric_families;
use ragd_core::telemetry::{MetricsRegistry, SLOW_BUCKETS, SharedMetrics};

/// Every provider that ragd knows, configured or not.
const PROVIDERS: [&str; 7] = [
    "openai",
    "anthropic",
    "google",
    "groq",
    "ollama",
    "flow",
    "extractive",
];
const OPERATIONS: [&str; 4] = ["chat", "embeddings", "rerank", "speech"];
const TRANSITIONS: [(&str, &str); 6] = [
    ("closed", "open"),
    ("open", "half_open"),
    ("half_open", "closed"),
    ("half_open", "open"),
    ("open", "closed"),
    ("closed", "half_open"),
];
/// Groq's window, which its free tier fixes: requests a minute.
const GROQ_REQUESTS_PER_MINUTE: f64 = 28.0;
const TOKEN_BUCKETS: &[f64] = &[
    1.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 4096.0, 16384.0, 65536.0, 262_144.0,
];

metric_families! {
    /// The families of calls to language models.
    pub struct LlmMetrics {
        llm_latency: HistogramVec = "rag_llm_latency_seconds", "Seconds of a model's answer.", labels ["provider", "model", "status"], buckets SLOW_BUCKETS;
        llm_requests: IntCounterVec = "rag_llm_request_total", "Calls to models by status.", labels ["provider", "model", "status"];
        origin_calls: IntCounterVec = "origin_llm_calls_total", "Calls to providers by outcome.", labels ["provider", "outcome"];
        origin_latency: HistogramVec = "origin_llm_latency_seconds", "Seconds of a provider's answer.", labels ["provider"], buckets SLOW_BUCKETS;
        origin_tokens: IntCounterVec = "origin_tokens_total", "Tokens by provider and kind.", labels ["provider", "kind"];
        breaker_state: IntGaugeVec = "rag_circuit_breaker_state", "Circuit breaker: 0 closed, 1 open, 2 half-open.", labels ["provider", "operation"];
        breaker_transitions: IntCounterVec = "rag_circuit_breaker_transitions_total", "Circuit breaker transitions.", labels ["provider", "operation", "from", "to"];
        rate_limit_remaining: GaugeVec = "rag_rate_limit_remaining", "Requests left in a provider's window; +Inf without a limit.", labels ["provider"];
        fallbacks: IntCounterVec = "ragd_fallbacks_total", "Fallbacks between providers.", labels ["from", "to", "reason"];
        gen_ai_duration: HistogramVec = "gen_ai_client_operation_duration_seconds", "OpenTelemetry GenAI: seconds of an operation.", labels ["gen_ai_operation_name", "gen_ai_provider_name"], buckets SLOW_BUCKETS;
        gen_ai_first_token: HistogramVec = "gen_ai_server_time_to_first_token_seconds", "OpenTelemetry GenAI: seconds to the first token.", labels ["gen_ai_provider_name"], buckets SLOW_BUCKETS;
        gen_ai_tokens: HistogramVec = "gen_ai_client_token_usage", "OpenTelemetry GenAI: tokens of an operation.", labels ["gen_ai_provider_name", "gen_ai_token_type"], buckets TOKEN_BUCKETS;
    }
}

impl LlmMetrics {
    /// Registers the families and starts every bounded series at 0.
    ///
    /// # Errors
    /// `Internal` when a name is registered already.
    pub fn register(registry: &MetricsRegistry, shared: &SharedMetrics) -> Result<Self> {
        let metrics = Self::register_families(registry)?;
        for provider in PROVIDERS {
            metrics.start_provider(provider);
        }
        let fallback = ["openai", "groq", "failure"];
        metrics.fallbacks.with_label_values(&fallback);
        shared.errors.with_label_values(&["provider", "unusable"]);
        shared.start_limits(&["groq"]);
        Ok(metrics)
    }

    fn start_provider(&self, provider: &str) {
        for status in ["success", "error"] {
            let labels = [provider, "default", status];
            self.llm_requests.with_label_values(&labels);
            self.llm_latency.with_label_values(&labels);
        }
        for outcome in ["success", "failure"] {
            self.origin_calls.with_label_values(&[provider, outcome]);
        }
        self.origin_latency.with_label_values(&[provider]);
        for kind in ["prompt", "completion"] {
            self.origin_tokens.with_label_values(&[provider, kind]);
        }
        for operation in OPERATIONS {
            self.start_breaker(provider, operation);
        }
        let window = if provider == "groq" {
            GROQ_REQUESTS_PER_MINUTE
        } else {
            f64::INFINITY
        };
        let remaining = self.rate_limit_remaining.with_label_values(&[provider]);
        remaining.set(window);
        self.gen_ai_duration.with_label_values(&["chat", provider]);
        self.gen_ai_first_token.with_label_values(&[provider]);
        for kind in ["input", "output"] {
            self.gen_ai_tokens.with_label_values(&[provider, kind]);
        }
    }
}

impl LlmMetrics {
    /// Starts the series of one breaker, which is closed.
    pub(crate) fn start_breaker(&self, provider: &str, operation: &str) {
        let state = self.breaker_state.with_label_values(&[provider, operation]);
        state.set(0);
        for (from, to) in TRANSITIONS {
            let labels = [provider, operation, from, to];
            self.breaker_transitions.with_label_values(&labels);
        }
    }
}

/// How a call of a model ended, as the metrics have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallOutcome {
    /// It was answered.
    Success,
    /// The provider, or our account there, failed.
    Failure,
    /// The request was one that the provider does not take: no failure of its own.
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

impl LlmMetrics {
    /// The series of `provider` and `model` for `operation` (`chat` or `embeddings`); they are there
    /// from now on.
    pub fn provider_series(&self, provider: &str, model: &str, operation: &str) -> ProviderSeries {
        let both = |of: fn(&LlmMetrics, [&str; 3]) -> IntCounter| {
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
