//! The metrics of the HTTP layer: requests, the overhead that ragd adds to a model's answer, how streams
//! end.

use ragd_core::error::Result;
use ragd_core::metric_families;
use ragd_core::telemetry::{MetricsRegistry, SLOW_BUCKETS, SharedMetrics};
use strum::VariantArray;

/// Seconds, from 50 µs to 100 ms: the overhead that ragd adds.
const FAST_BUCKETS: &[f64] = &[
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1,
];

metric_families! {
    /// The families of the HTTP layer.
    pub struct HttpMetrics {
        requests: IntCounterVec = "http_requests_total", "Requests by method, route template and status.", labels ["method", "route", "status"];
        duration: HistogramVec = "http_request_duration_seconds", "Seconds until the answer's body has ended.", labels ["method", "route"], buckets SLOW_BUCKETS;
        overhead: Histogram = "ragd_overhead_seconds", "Seconds that ragd adds to a model's answer.", buckets FAST_BUCKETS;
        stream_outcomes: IntCounterVec = "ragd_stream_outcomes_total", "How streams ended.", labels ["outcome"];
    }
}

/// How a stream ended: the label `outcome` of `ragd_stream_outcomes_total`.
#[derive(Debug, Clone, Copy, strum::IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum StreamEnding {
    Complete,
    ErrorBeforeContent,
    ErrorAfterContent,
    ClientAbort,
}

impl HttpMetrics {
    /// Registers the families and starts every bounded series at 0.
    ///
    /// # Errors
    /// `Internal` when a name is registered already.
    pub fn register(registry: &MetricsRegistry, shared: &SharedMetrics) -> Result<Self> {
        let metrics = Self::register_families(registry)?;
        for ending in StreamEnding::VARIANTS {
            metrics
                .stream_outcomes
                .with_label_values::<&str>(&[ending.into()]);
        }
        let health = ["GET", "/health", "200"];
        metrics.requests.with_label_values(&health);
        metrics.duration.with_label_values(&health[..2]);
        shared.start_errors(&["database", "http"]);
        shared.start_limits(&["default", "token"]);
        Ok(metrics)
    }
}
