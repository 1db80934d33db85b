//! What wakes the tasks of this process that wait for jobs. Other processes are notified by Postgres,
//! or look again after a while.

use tokio::sync::Notify;

/// The channel on which Postgres notifies every process that jobs may be claimed.
pub(super) const JOBS_CHANNEL: &str = "ragd_jobs";

/// Wakes the tasks of this process that wait for jobs.
#[derive(Debug, Default)]
pub(super) struct JobNotifiers {
    /// Jobs may be claimed.
    pub(super) ready: Notify,
    /// Jobs have ended.
    pub(super) ended: Notify,
}
