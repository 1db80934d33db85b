//! The metrics of retrieval: candidates, and seconds by stage.

use ragd_core::error::Result;
use ragd_core::metric_families;
use ragd_core::telemetry::{MetricsRegistry, SharedMetrics};

const COUNT_BUCKETS: &[f64] = &[0.0, 1.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0];
/// Seconds, from 100 µs to 5 s.
const STAGE_BUCKETS: &[f64] = &[
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0,
];

metric_families! {
    /// The families of retrieval.
    pub struct RetrievalMetrics {
        bm25_candidates: Histogram = "retrieval_bm25_candidates", "Candidates by words of one retrieval.", buckets COUNT_BUCKETS;
        vector_candidates: Histogram = "retrieval_vector_candidates", "Candidates by meaning of one retrieval.", buckets COUNT_BUCKETS;
        duration: HistogramVec = "retrieval_duration_seconds", "Seconds of retrieval by stage.", labels ["stage"], buckets STAGE_BUCKETS;
    }
}

impl RetrievalMetrics {
    /// Registers the families and starts every bounded series at 0.
    ///
    /// # Errors
    /// `Internal` when a name is registered already.
    pub fn register(registry: &MetricsRegistry, shared: &SharedMetrics) -> Result<Self> {
        let metrics = Self::register_families(registry)?;
        for stage in ["embed", "search", "fuse", "hydrate", "rerank", "total"] {
            metrics.duration.with_label_values(&[stage]);
        }
        shared.start_errors(&["retrieval", "index", "embeddings"]);
        Ok(metrics)
    }
}
