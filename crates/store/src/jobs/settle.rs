//! What the holder of a lease may do: keep it, say how far it has come, end the job or put it back.
//! Each asks for the token; zero rows mean that the lease is lost and nothing was changed.

use super::super::Store;
use super::super::db::{Tx, execute, on_tx, on_writer};
use super::{CALLED_OFF, LEASE_TIME};
use chrono::{DateTime, Utc};
use ragd_core::domain::{JobProgress, JobState, Lease, NewJob};
use ragd_core::error::Result;

/// What a heartbeat found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heartbeat {
    /// The lease holds on.
    Held,
    /// It holds on, and the job is to be called off.
    CancelRequested,
    /// Somebody else has the job, or nobody.
    Lost,
}

/// How a try ends without ending the job.
#[derive(Debug, Clone)]
pub(super) enum PutBack<'a> {
    /// It failed; the try counts.
    Failed(&'a str),
    /// Something is down; the try does not count.
    Outage(&'a str),
    /// Its worker goes; the try does not count.
    Released,
}

/// The statement that ends a leased job.
macro_rules! end_query {
    ($lease:expr, ($state:expr, $error:expr), $now:expr) => {
        sqlx::query(
            "UPDATE jobs SET state = $3, last_error = COALESCE($4, last_error),
                 finished_at = $5, lease_token = NULL, lease_holder = NULL, lease_until = NULL,
                 waiting_since = NULL,
                 stage = CASE WHEN $3 = 'done' THEN 'done' ELSE stage END,
                 stage_done = CASE WHEN $3 = 'done' THEN stage_total ELSE stage_done END
             WHERE id = $1 AND lease_token = $2",
        )
        .bind($lease.job.uuid())
        .bind($lease.token)
        .bind($state.as_str())
        .bind($error)
        .bind($now)
    };
}

impl Store {
    /// Keeps a lease for another [`LEASE_TIME`].
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn heartbeat(&self, lease: Lease, now: DateTime<Utc>) -> Result<Heartbeat> {
        let sql = "UPDATE jobs SET lease_until = $3
             WHERE id = $1 AND lease_token = $2 RETURNING cancel_requested";
        let cancel: Option<bool> = on_writer!(self, |pool| {
            sqlx::query_scalar(sql)
                .bind(lease.job.uuid())
                .bind(lease.token)
                .bind(now + LEASE_TIME)
                .fetch_optional(pool)
        })?;
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
        if !tx.end_job(lease, (JobState::Done, None), now).await? {
            return Ok(false);
        }
        for job in follow_ups {
            tx.enqueue(job, now).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Ends a job that was called off or overtaken. `false`: the lease is lost.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn end_cancelled(&self, lease: Lease, now: DateTime<Utc>) -> Result<bool> {
        self.end_alone(lease, JobState::Cancelled, now).await
    }

    /// Ends a job whose end changes nothing else.
    async fn end_alone(&self, lease: Lease, state: JobState, now: DateTime<Utc>) -> Result<bool> {
        let ended = on_writer!(self, |pool| async {
            let query = end_query!(lease, (state, None::<&str>), now);
            Ok(query.execute(pool).await?.rows_affected())
        })?;
        self.bells.ended.notify_waiters();
        Ok(ended > 0)
    }

    /// Ends a job that its owner called off while it ran: what it was about failed. `false`: the lease
    /// is lost.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn call_off_held(&self, lease: Lease, now: DateTime<Utc>) -> Result<bool> {
        let mut tx = self.begin().await?;
        if !tx.end_job(lease, (JobState::Cancelled, None), now).await? {
            return Ok(false);
        }
        tx.mourn(lease.job, CALLED_OFF, now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Makes a job a dead letter, with what that means for its subject. `false`: the lease is lost.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn bury_job(&self, lease: Lease, error: &str, now: DateTime<Utc>) -> Result<bool> {
        let mut tx = self.begin().await?;
        if !tx
            .end_job(lease, (JobState::Dead, Some(error)), now)
            .await?
        {
            return Ok(false);
        }
        tx.mourn(lease.job, error, now).await?;
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
        (run_at, error): (DateTime<Utc>, &str),
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let mut tx = self.begin().await?;
        let held = tx
            .put_back(lease, (run_at, PutBack::Failed(error)), now)
            .await?;
        if held && tx.is_used_up(lease).await? {
            // Put back and buried in one transaction: nobody sees the moment between.
            tx.bury_ready(lease.job, error, now).await?;
        }
        tx.commit().await?;
        Ok(held)
    }

    /// Puts a job back that waits for something that is down; its try does not count. `false`: the
    /// lease is lost.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn postpone_job(
        &self,
        lease: Lease,
        (run_at, error): (DateTime<Utc>, &str),
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let mut tx = self.begin().await?;
        let held = tx
            .put_back(lease, (run_at, PutBack::Outage(error)), now)
            .await?;
        tx.commit().await?;
        Ok(held)
    }

    /// Gives a job back, because its worker stops; its try does not count. `false`: the lease is
    /// lost.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn release_job(&self, lease: Lease, now: DateTime<Utc>) -> Result<bool> {
        self.put_back(lease, (now, PutBack::Released), now).await
    }

    async fn put_back(
        &self,
        lease: Lease,
        when: (DateTime<Utc>, PutBack<'_>),
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let mut tx = self.begin().await?;
        let held = tx.put_back(lease, when, now).await?;
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
        let held = execute!(
            self,
            sqlx::query(sql)
                .bind(lease.job.uuid())
                .bind(lease.token)
                .bind(progress.stage.as_str())
                .bind(progress.done)
                .bind(progress.total)
        )?;
        Ok(held > 0)
    }

    /// Ends a leased job. `false`: the lease is lost.
    pub(crate) async fn end_job(
        &mut self,
        lease: Lease,
        (state, error): (JobState, Option<&str>),
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let held = execute!(self, end_query!(lease, (state, error), now))?;
        self.rings_for_ended();
        Ok(held > 0)
    }

    async fn put_back(
        &mut self,
        lease: Lease,
        (run_at, how): (DateTime<Utc>, PutBack<'_>),
        now: DateTime<Utc>,
    ) -> Result<bool> {
        // A job that is to be called off is not tried again.
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
        let held = execute!(
            self,
            sqlx::query(sql)
                .bind(lease.job.uuid())
                .bind(lease.token)
                .bind(run_at)
                .bind(error)
                .bind(given_back)
                .bind(now)
                .bind(waits)
        )?;
        if held > 0 {
            self.rings_for_jobs().await?;
            self.rings_for_ended();
        }
        Ok(held > 0)
    }

    async fn is_used_up(&mut self, lease: Lease) -> Result<bool> {
        let sql = "SELECT COUNT(*) FROM jobs
             WHERE id = $1 AND state = 'ready' AND attempt >= max_attempts";
        let used_up: i64 = on_tx!(self, |c| sqlx::query_scalar(sql)
            .bind(lease.job.uuid())
            .fetch_one(c))?;
        Ok(used_up > 0)
    }
}
