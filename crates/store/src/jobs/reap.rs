//! Jobs whose worker is gone: taken back when the lease has ended, or at once when the installation
//! that held them starts again. One that takes its worker with it three times is a dead letter, and
//! what a dead letter means for its subject is written in the same transaction.

use super::super::Store;
use super::super::db::{Tx, execute, on_tx};
use super::{JobRow, job_columns, known_kind};
use chrono::{DateTime, Utc};
use ragd_core::domain::{IngestPayload, Job, JobId, JobKind, JobState};
use ragd_core::error::Result;
use uuid::Uuid;

/// How often a job may take its worker with it.
pub const MAX_CRASHES: i64 = 3;

/// What was taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reaped {
    /// Jobs that wait again.
    pub returned: u64,
    /// Jobs that became dead letters.
    pub dead: u64,
    /// Jobs that were to be called off, and now are.
    pub cancelled: u64,
}

/// Whose leases are taken back.
enum Whose {
    /// Those that have ended, but for this installation's.
    Ended(Option<Uuid>),
    /// Those of an installation that is not running, since it is starting.
    Holder(Uuid),
}

impl Store {
    /// Takes back the jobs whose lease has ended, but for those of the installation `but`: whoever
    /// reaps knows that its own are in good hands, however late its heartbeats are.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn reap_jobs(&self, but: Option<Uuid>, now: DateTime<Utc>) -> Result<Reaped> {
        self.take_back(Whose::Ended(but), now).await
    }

    /// Takes back the jobs of an installation that starts: nobody works on them any more.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn take_back_jobs(&self, holder: Uuid, now: DateTime<Utc>) -> Result<Reaped> {
        self.take_back(Whose::Holder(holder), now).await
    }

    async fn take_back(&self, whose: Whose, now: DateTime<Utc>) -> Result<Reaped> {
        let mut reaped = Reaped::default();
        let mut tx = self.begin().await?;
        for job in tx.abandoned(whose, now).await? {
            if job.cancel_requested {
                reaped.cancelled += tx
                    .end_ready(job.id, (JobState::Cancelled, None), now)
                    .await?;
                continue;
            }
            let reason = if job.crashes >= MAX_CRASHES {
                format!(
                    "crashed: its worker ended {} times while it ran",
                    job.crashes
                )
            } else if job.attempt >= job.max_attempts {
                format!(
                    "crashed: its worker ended at the last of {} tries",
                    job.attempt
                )
            } else {
                reaped.returned += 1;
                continue;
            };
            tx.bury_ready(job.id, &reason, now).await?;
            reaped.dead += 1;
        }
        tx.commit().await?;
        Ok(reaped)
    }
}

impl Tx {
    /// Makes abandoned jobs ready, counts the crash and returns them.
    async fn abandoned(&mut self, whose: Whose, now: DateTime<Utc>) -> Result<Vec<Job>> {
        macro_rules! take_back {
            ($condition:literal) => {
                concat!(
                    "UPDATE jobs SET state = 'ready', crashes = crashes + 1, run_at = $1,
                         lease_token = NULL, lease_holder = NULL, lease_until = NULL
                     WHERE state = 'leased' AND ",
                    known_kind!(),
                    " AND ",
                    $condition,
                    " RETURNING ",
                    job_columns!()
                )
            };
        }
        let rows: Vec<JobRow> = match whose {
            Whose::Ended(but) => {
                let sql = take_back!("lease_until <= $1 AND lease_holder <> $2");
                on_tx!(self, |c| sqlx::query_as(sql)
                    .bind(now)
                    .bind(but.unwrap_or(Uuid::nil()))
                    .fetch_all(c))?
            }
            Whose::Holder(holder) => {
                let sql = take_back!("lease_holder = $2");
                on_tx!(self, |c| sqlx::query_as(sql)
                    .bind(now)
                    .bind(holder)
                    .fetch_all(c))?
            }
        };
        if !rows.is_empty() {
            self.rings_for_jobs().await?;
        }
        rows.into_iter().map(JobRow::into_job).collect()
    }

    /// Makes a job that waits a dead letter.
    pub(super) async fn bury_ready(
        &mut self,
        job: JobId,
        error: &str,
        now: DateTime<Utc>,
    ) -> Result<()> {
        if self
            .end_ready(job, (JobState::Dead, Some(error)), now)
            .await?
            > 0
        {
            self.mourn(job, error, now).await?;
        }
        Ok(())
    }

    pub(super) async fn end_ready(
        &mut self,
        job: JobId,
        (state, error): (JobState, Option<&str>),
        now: DateTime<Utc>,
    ) -> Result<u64> {
        let sql = "UPDATE jobs SET state = $2, last_error = COALESCE($3, last_error),
                 finished_at = $4, waiting_since = NULL
             WHERE id = $1 AND state = 'ready'";
        self.rings_for_ended();
        execute!(
            self,
            sqlx::query(sql)
                .bind(job.uuid())
                .bind(state.as_str())
                .bind(error)
                .bind(now)
        )
    }

    /// Writes what the death of a job means for its subject: a document's generation has failed.
    pub(super) async fn mourn(
        &mut self,
        job: JobId,
        error: &str,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let sql = concat!("SELECT ", job_columns!(), " FROM jobs WHERE id = $1");
        let row: Option<JobRow> = on_tx!(self, |c| sqlx::query_as(sql)
            .bind(job.uuid())
            .fetch_optional(c))?;
        let Some(job) = row.map(JobRow::into_job).transpose()? else {
            return Ok(());
        };
        if let (JobKind::Ingest, Some(document), Ok(payload)) = (
            job.kind,
            job.subject,
            serde_json::from_value::<IngestPayload>(job.payload),
        ) {
            self.fail_generation(document, (payload.generation, error), now)
                .await?;
        }
        Ok(())
    }
}
