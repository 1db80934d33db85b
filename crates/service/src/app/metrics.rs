//! The application's own metrics: jobs, dependencies, and gauges that are measured at a scrape
//! (memory, disk, connections).

use ragd_core::domain::JobKind;
use ragd_core::error::Result;
use ragd_core::metric_families;
use ragd_core::telemetry::MetricsRegistry;
use strum::VariantArray;

const LANES: [&str; 3] = ["high_priority", "default", "low_priority"];

metric_families! {
    /// The families of the application.
    pub struct AppMetrics {
        jobs_queued: IntGaugeVec = "ragd_jobs_queued", "Waiting jobs by lane.", labels ["lane"];
        job_oldest_age: GaugeVec = "ragd_job_oldest_age_seconds", "Age of the oldest waiting job by lane.", labels ["lane"];
        jobs: IntCounterVec = "ragd_jobs_total", "Ended jobs by kind and outcome.", labels ["kind", "outcome"];
        dependency_up: IntGaugeVec = "dependency_up", "Whether a configured dependency answers: 1 or 0.", labels ["dependency"];
        storage_bytes: IntGaugeVec = "ragd_storage_bytes", "Bytes on disk by store.", labels ["store"];
        disk_free: Gauge = "ragd_disk_free_bytes", "Free bytes on the data folder's disk.";
        pool_connections: IntGaugeVec = "ragd_db_pool_connections", "Database connections by state.", labels ["state"];
        resident_memory: Gauge = "process_resident_memory_bytes", "Resident memory of this process.";
        memory_limit: Gauge = "ragd_memory_limit_bytes", "Memory limit of this process's control group; +Inf without one.";
    }
}

impl AppMetrics {
    /// Registers the families and starts every bounded series at 0.
    ///
    /// # Errors
    /// `Internal` when a name is registered already.
    pub fn register(registry: &MetricsRegistry) -> Result<Self> {
        let metrics = Self::register_families(registry)?;
        for lane in LANES {
            metrics.jobs_queued.with_label_values(&[lane]).set(0);
            metrics.job_oldest_age.with_label_values(&[lane]).set(0.0);
        }
        for outcome in ["done", "dead", "cancelled"] {
            for kind in JobKind::VARIANTS {
                metrics.jobs.with_label_values(&[kind.as_str(), outcome]);
            }
        }
        for store in ["database", "vectors", "blobs", "logs"] {
            metrics.storage_bytes.with_label_values(&[store]);
        }
        for state in ["idle", "used"] {
            metrics.pool_connections.with_label_values(&[state]);
        }
        metrics.memory_limit.set(f64::INFINITY);
        Ok(metrics)
    }
}
