//! Regular work, enqueued once between all replicas: whoever moves the schedule's time on first
//! enqueues the job, in the same transaction.

use super::super::Store;
use super::super::param::params;
use chrono::{DateTime, Utc};
use ragd_core::domain::{JobId, NewJob};
use ragd_core::error::Result;

impl Store {
    /// Enqueues `job` when the work called `name` was last enqueued before `due_since`, or never.
    /// `None`: it is not due, or another process was first.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn enqueue_if_due(
        &self,
        name: &str,
        due_since: DateTime<Utc>,
        job: &NewJob,
        now: DateTime<Utc>,
    ) -> Result<Option<JobId>> {
        let sql = "INSERT INTO schedules (name, last_run_at) VALUES ($1, $2)
             ON CONFLICT (name) DO UPDATE SET last_run_at = excluded.last_run_at
             WHERE schedules.last_run_at < $3";
        let mut tx = self.begin().await?;
        let due = tx
            .query(sql, params![name, now, due_since])
            .execute()
            .await?;
        if due == 0 {
            return Ok(None);
        }
        let id = tx.enqueue(job, now).await?;
        tx.commit().await?;
        Ok(Some(id))
    }
}
