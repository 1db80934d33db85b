//! The metrics of chat: cached answers, sessions, feedback, and whether sources support the answers.

use ragd_core::error::Result;
use ragd_core::metric_families;
use ragd_core::telemetry::{MetricsRegistry, SharedMetrics};

metric_families! {
    /// The families of chat.
    pub struct ChatMetrics {
        cache_hits: IntCounterVec = "rag_cache_hits_total", "Cache hits by cache.", labels ["cache"];
        cache_misses: IntCounterVec = "rag_cache_misses_total", "Cache misses by cache.", labels ["cache"];
        response_cache_hits: IntCounter = "response_cache_hits_total", "Hits of the response cache.";
        feedback: IntCounterVec = "rag_feedback_total", "Feedback by direction.", labels ["thumbs_up"];
        session_operations: IntCounterVec = "rag_session_operations_total", "Operations on sessions.", labels ["operation"];
        active_sessions: Gauge = "rag_active_sessions", "Sessions in use.";
        grounding: IntCounterVec = "rag_grounding_total", "Answers by whether the sources carry them.", labels ["grounded"];
    }
}

impl ChatMetrics {
    /// Registers the families and starts every bounded series at 0.
    ///
    /// # Errors
    /// `Internal` when a name is registered already.
    pub fn register(registry: &MetricsRegistry, shared: &SharedMetrics) -> Result<Self> {
        let metrics = Self::register_families(registry)?;
        for cache in ["response", "session", "embedding"] {
            metrics.cache_hits.with_label_values(&[cache]);
            metrics.cache_misses.with_label_values(&[cache]);
        }
        for value in ["true", "false"] {
            metrics.feedback.with_label_values(&[value]);
            metrics.grounding.with_label_values(&[value]);
        }
        for operation in ["create", "get", "update", "delete", "expire"] {
            metrics.session_operations.with_label_values(&[operation]);
        }
        shared.start_errors(&["chat", "memory"]);
        shared.start_limits(&["session_max", "session_max_per_ip", "session_queries"]);
        Ok(metrics)
    }
}
