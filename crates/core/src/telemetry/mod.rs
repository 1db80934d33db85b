//! How ragd reports on itself: log lines, the parts that metrics are built from, and the audit file.

pub mod audit_file;
mod log;
mod metrics;
mod rotating;

pub use audit_file::AuditFile;
pub use log::{LogOptions, LogTarget, start_logging};
pub use metrics::{Family, FamilySpec, MetricsRegistry, SLOW_BUCKETS, SharedMetrics};
pub use prometheus;
