//! What ragd tells of itself: log lines, metrics and the audit file. Floor 0: every room may speak
//! through it, and it knows none of them.

pub mod audit_file;
mod log;
pub mod metrics;
mod rotating;

pub use audit_file::AuditFile;
pub use log::{LogTarget, start_logging};
pub use metrics::{CallCost, CallOutcome, Metrics, ProviderGauges, ProviderSeries};
