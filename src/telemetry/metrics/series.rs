//! The series that are there from the first scrape: every bounded combination of labels, at 0.

use super::Metrics;

/// Every provider that ragd knows, configured or not.
pub(super) const PROVIDERS: [&str; 7] = [
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
const LANES: [&str; 3] = ["high_priority", "default", "low_priority"];

/// Groq's window, which its free tier fixes: requests a minute.
const GROQ_REQUESTS_PER_MINUTE: f64 = 28.0;

pub(super) fn start_at_zero(metrics: &Metrics) {
    for provider in PROVIDERS {
        start_provider(metrics, provider);
    }
    for lane in LANES {
        metrics.jobs_queued.with_label_values(&[lane]).set(0);
        metrics.job_oldest_age.with_label_values(&[lane]).set(0.0);
    }
    for outcome in ["done", "dead", "cancelled"] {
        for kind in crate::domain::JobKind::ALL {
            metrics.jobs.with_label_values(&[kind.as_str(), outcome]);
        }
    }
    for cache in ["response", "session", "embedding"] {
        metrics.cache_hits.with_label_values(&[cache]);
        metrics.cache_misses.with_label_values(&[cache]);
    }
    for limit in [
        "default",
        "token",
        "groq",
        "session_max",
        "session_max_per_ip",
        "session_queries",
    ] {
        metrics.rate_limit_violations.with_label_values(&[limit]);
    }
    for value in ["true", "false"] {
        metrics.feedback.with_label_values(&[value]);
        metrics.grounding.with_label_values(&[value]);
    }
    for operation in ["create", "get", "update", "delete", "expire"] {
        metrics.session_operations.with_label_values(&[operation]);
    }
    for component in [
        "chat",
        "retrieval",
        "ingest",
        "index",
        "embeddings",
        "memory",
        "database",
        "http",
    ] {
        metrics.errors.with_label_values(&[component, "internal"]);
    }
    metrics.errors.with_label_values(&["provider", "unusable"]);
    for stage in ["embed", "search", "fuse", "hydrate", "rerank", "total"] {
        metrics.retrieval_duration.with_label_values(&[stage]);
    }
    for outcome in [
        "complete",
        "error_before_content",
        "error_after_content",
        "client_abort",
    ] {
        metrics.stream_outcomes.with_label_values(&[outcome]);
    }
    for store in ["database", "vectors", "blobs", "logs"] {
        metrics.storage_bytes.with_label_values(&[store]);
    }
    for state in ["idle", "used"] {
        metrics.pool_connections.with_label_values(&[state]);
    }
    metrics
        .fallbacks
        .with_label_values(&["openai", "groq", "failure"]);
    metrics
        .http_requests
        .with_label_values(&["GET", "/health", "200"]);
    metrics.http_duration.with_label_values(&["GET", "/health"]);
    metrics.memory_limit.set(f64::INFINITY);
}

fn start_provider(metrics: &Metrics, provider: &str) {
    for status in ["success", "error"] {
        metrics
            .llm_requests
            .with_label_values(&[provider, "default", status]);
        metrics
            .llm_latency
            .with_label_values(&[provider, "default", status]);
    }
    for outcome in ["success", "failure"] {
        metrics.origin_calls.with_label_values(&[provider, outcome]);
    }
    metrics.origin_latency.with_label_values(&[provider]);
    for kind in ["prompt", "completion"] {
        metrics.origin_tokens.with_label_values(&[provider, kind]);
    }
    for operation in OPERATIONS {
        metrics
            .breaker_state
            .with_label_values(&[provider, operation])
            .set(0);
        for (from, to) in TRANSITIONS {
            metrics
                .breaker_transitions
                .with_label_values(&[provider, operation, from, to]);
        }
    }
    let window = if provider == "groq" {
        GROQ_REQUESTS_PER_MINUTE
    } else {
        f64::INFINITY
    };
    metrics
        .rate_limit_remaining
        .with_label_values(&[provider])
        .set(window);
    metrics
        .gen_ai_duration
        .with_label_values(&["chat", provider]);
    metrics.gen_ai_first_token.with_label_values(&[provider]);
    for kind in ["input", "output"] {
        metrics.gen_ai_tokens.with_label_values(&[provider, kind]);
    }
}
