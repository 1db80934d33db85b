//! What the holder of a lease may do: keep it, say how far it has come, end the job or put it back.
//! Each asks for the token; zero rows mean that the lease is lost and nothing was changed.

use super::super::Store;
use super::super::param::params;
use super::super::tx::Tx;
use super::{CANCELLED, LEASE_TIME};
use chrono::{DateTime, Utc};
use ragd_core::domain::{JobProgress, JobState, Lease, NewJob};
use ragd_core::error::Result;

/// What a heartbeat found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heartbeat {
    /// The lease holds.
    Held,
    /// It holds, and somebody asked to cancel the job.
    CancelRequested,
    /// The lease is lost: it ended, or another worker has the job.
    Lost,
}

/// How a try ends without ending the job.
#[derive(Debug, Clone)]
pub(super) enum PutBack<'a> {
    /// It failed; the try counts.
    Failed(&'a str),
    /// Something it needs is unavailable; the try does not count.
    Outage(&'a str),
    /// Its worker stops; the try does not count.
    Released,
}

/// Ends a leased job.
const END: &str = "UPDATE jobs SET state = $3, last_error = COALESCE($4, last_error),
         finished_at = $5, lease_token = NULL, lease_holder = NULL, lease_until = NULL,
         waiting_since = NULL,
         stage = CASE WHEN $3 = 'done' THEN 'done' ELSE stage END,
         stage_done = CASE WHEN $3 = 'done' THEN stage_total ELSE stage_done END
     WHERE id = $1 AND lease_token = $2";

impl Store {
    /// Keeps a lease for another [`LEASE_TIME`].
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn heartbeat(&self, lease: Lease, now: DateTime<Utc>) -> Result<Heartbeat> {
        let sql = "UPDATE jobs SET lease_until = $3
             WHERE id = $1 AND lease_token = $2 RETURNING cancel_requested";
        let cancel: Option<bool> = self
            .db
            .write(
                sql,
                params![lease.job.uuid(), lease.token, now + LEASE_TIME],
            )
            .optional_scalar()
            .await?;
        Ok(match cancel {
            None => Heartbeat::Lost,
            Some(true) => Heartbeat::CancelRequested,
            Some(false) => Heartbeat::Held,
        })
    }

    /// Says how far the job has come. `false`: the lease is lost.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn checkpoint(&self, lease: Lease, progress: &JobProgress) -> Result<bool> {
        let mut tx = self.begin().await?;
        let held = tx.checkpoint(lease, progress).await?;
        tx.commit().await?;
        Ok(held)
    }

    /// Ends a job that is done, and enqueues what follows from it in the same transaction. `false`:
    /// the lease is lost, and nothing was enqueued.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn finish_job(
        &self,
        lease: Lease,
        follow_ups: &[NewJob],
        now: DateTime<Utc>,
    ) -> Result<bool> {
        if follow_ups.is_empty() {
            return self.end_alone(lease, JobState::Done, now).await;
        }
        let mut tx = self.begin().await?;
        if !tx.end_job(lease, JobState::Done, None, now).await? {
            return Ok(false);
        }
        for job in follow_ups {
            tx.enqueue(job, now).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Ends a job that was cancelled or superseded. `false`: the lease is lost.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn end_cancelled(&self, lease: Lease, now: DateTime<Utc>) -> Result<bool> {
        self.end_alone(lease, JobState::Cancelled, now).await
    }

    /// Ends a job whose end changes nothing else.
    async fn end_alone(&self, lease: Lease, state: JobState, now: DateTime<Utc>) -> Result<bool> {
        let params = params![
            lease.job.uuid(),
            lease.token,
            state.as_str(),
            None::<&str>,
            now
        ];
        let ended = self.db.write(END, params).execute().await?;
        self.notifiers.ended.notify_waiters();
        Ok(ended > 0)
    }

    /// Ends a job that its owner cancelled while it ran: its document failed. `false`: the lease is
    /// lost.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn cancel_held_job(&self, lease: Lease, now: DateTime<Utc>) -> Result<bool> {
        let mut tx = self.begin().await?;
        if !tx.end_job(lease, JobState::Cancelled, None, now).await? {
            return Ok(false);
        }
        tx.fail_subject(lease.job, CANCELLED, now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Makes a job a dead letter, with what that means for its subject. `false`: the lease is lost.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn dead_letter_job(
        &self,
        lease: Lease,
        error: &str,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let mut tx = self.begin().await?;
        if !tx.end_job(lease, JobState::Dead, Some(error), now).await? {
            return Ok(false);
        }
        tx.fail_subject(lease.job, error, now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Puts a job that failed back, to be tried again at `run_at`; one without a try left becomes a
    /// dead letter. `false`: the lease is lost.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn retry_job_at(
        &self,
        lease: Lease,
        run_at: DateTime<Utc>,
        error: &str,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let mut tx = self.begin().await?;
        let held = tx
            .put_back(lease, run_at, PutBack::Failed(error), now)
            .await?;
        if held && tx.is_used_up(lease).await? {
            // One transaction: no reader sees the state between.
            tx.dead_letter_ready(lease.job, error, now).await?;
        }
        tx.commit().await?;
        Ok(held)
    }

    /// Puts back a job that waits for something unavailable; its try does not count. `false`: the
    /// lease is lost.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn postpone_job(
        &self,
        lease: Lease,
        run_at: DateTime<Utc>,
        error: &str,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        self.put_back(lease, run_at, PutBack::Outage(error), now)
            .await
    }

    /// Gives a job back, because its worker stops; its try does not count. `false`: the lease is
    /// lost.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn release_job(&self, lease: Lease, now: DateTime<Utc>) -> Result<bool> {
        self.put_back(lease, now, PutBack::Released, now).await
    }

    async fn put_back(
        &self,
        lease: Lease,
        run_at: DateTime<Utc>,
        how: PutBack<'_>,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let mut tx = self.begin().await?;
        let held = tx.put_back(lease, run_at, how, now).await?;
        tx.commit().await?;
        Ok(held)
    }
}

impl Tx {
    pub(crate) async fn checkpoint(
        &mut self,
        lease: Lease,
        progress: &JobProgress,
    ) -> Result<bool> {
        let sql = "UPDATE jobs SET stage = $3, stage_done = $4, stage_total = $5
             WHERE id = $1 AND lease_token = $2";
        let held = self
            .query(
                sql,
                params![
                    lease.job.uuid(),
                    lease.token,
                    progress.stage.as_str(),
                    progress.done,
                    progress.total
                ],
            )
            .execute()
            .await?;
        Ok(held > 0)
    }

    /// Ends a leased job. `false`: the lease is lost.
    pub(crate) async fn end_job(
        &mut self,
        lease: Lease,
        state: JobState,
        error: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let params = params![lease.job.uuid(), lease.token, state.as_str(), error, now];
        let held = self.query(END, params).execute().await?;
        self.notify_ended_on_commit();
        Ok(held > 0)
    }

    async fn put_back(
        &mut self,
        lease: Lease,
        run_at: DateTime<Utc>,
        how: PutBack<'_>,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        // A job that is to be cancelled is not tried again.
        let sql = "UPDATE jobs SET
                 state = CASE WHEN cancel_requested THEN 'cancelled' ELSE 'ready' END,
                 finished_at = CASE WHEN cancel_requested THEN $6 ELSE NULL END,
                 run_at = $3, last_error = COALESCE($4, last_error),
                 attempt = attempt - $5,
                 waiting_since = CASE WHEN $7 THEN COALESCE(waiting_since, $6) ELSE NULL END,
                 lease_token = NULL, lease_holder = NULL, lease_until = NULL
             WHERE id = $1 AND lease_token = $2";
        let (error, given_back, waits) = match how {
            PutBack::Failed(error) => (Some(error), 0_i64, false),
            PutBack::Outage(error) => (Some(error), 1, true),
            PutBack::Released => (None, 1, false),
        };
        let held = self
            .query(
                sql,
                params![
                    lease.job.uuid(),
                    lease.token,
                    run_at,
                    error,
                    given_back,
                    now,
                    waits
                ],
            )
            .execute()
            .await?;
        if held > 0 {
            self.notify_ready_on_commit().await?;
            self.notify_ended_on_commit();
        }
        Ok(held > 0)
    }

    async fn is_used_up(&mut self, lease: Lease) -> Result<bool> {
        let sql = "SELECT COUNT(*) FROM jobs
             WHERE id = $1 AND state = 'ready' AND attempt >= max_attempts";
        let used_up: i64 = self.query(sql, params![lease.job.uuid()]).scalar().await?;
        Ok(used_up > 0)
    }
}
