//! How a job comes into the table: always in a transaction, that of the row it is about where there
//! is one, so that there is never one without the other.

use super::super::Store;
use super::super::bind::refuse_nul;
use super::super::notify::JOBS_CHANNEL;
use super::super::param::{json, params};
use super::super::sql::sql;
use super::super::tx::Tx;
use chrono::{DateTime, Utc};
use ragd_core::domain::{JobId, JobState, NewJob};
use ragd_core::error::{Error, Result};
use uuid::Uuid;

const INSERT: &str =
    "INSERT INTO jobs (id, owner_id, kind, subject_id, payload, lane, run_at, state,
        attempt, max_attempts, crashes, dedupe_key, cancel_requested, stage, stage_done,
        stage_total, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, 0, $10, FALSE, 'queued', 0, 1, $11)
    ON CONFLICT (dedupe_key)
        WHERE dedupe_key IS NOT NULL AND state IN ('ready', 'leased')
        DO UPDATE SET dedupe_key = excluded.dedupe_key
    RETURNING id";

impl Store {
    /// Enqueues a job that is about no row of its own. With a dedupe key that a ready or leased job
    /// has, that job's id is returned and nothing is added.
    ///
    /// # Errors
    /// `Invalid` when the job has no try or its key contains NUL; `Unavailable` without a database.
    pub async fn enqueue(&self, job: &NewJob, now: DateTime<Utc>) -> Result<JobId> {
        let mut tx = self.begin().await?;
        let id = tx.enqueue(job, now).await?;
        tx.commit().await?;
        Ok(id)
    }
}

impl Tx {
    /// Enqueues a job as part of this transaction: see [`Store::enqueue`]. Workers are notified when
    /// the transaction commits.
    pub(crate) async fn enqueue(&mut self, job: &NewJob, now: DateTime<Utc>) -> Result<JobId> {
        if job.max_attempts < 1 {
            return Err(Error::invalid("max_attempts: must be at least 1"));
        }
        refuse_nul("dedupe_key", job.dedupe_key.as_deref().unwrap_or_default())?;
        let sql = self.dialect(
            INSERT,
            // Notifies with the insert, to save a round trip; once a transaction is enough.
            sql!("WITH added AS ({INSERT}) SELECT id FROM added, pg_notify('{JOBS_CHANNEL}', '')"),
        );
        let id: Uuid = self
            .query(
                sql,
                params![
                    JobId::new(now).uuid(),
                    job.owner.uuid(),
                    job.payload.kind().as_str(),
                    job.payload.subject(),
                    json(&job.payload.to_json())?,
                    job.lane.as_str(),
                    job.run_at.unwrap_or(now),
                    JobState::Ready.as_str(),
                    job.max_attempts,
                    job.dedupe_key.as_deref(),
                    now
                ],
            )
            .scalar()
            .await?;
        self.notify_own_workers_on_commit();
        Ok(JobId::from_uuid(id))
    }
}
