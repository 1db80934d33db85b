//! Jobs whose worker is gone: taken back when the lease has ended, or at once when the installation
//! that held them starts again. One whose worker crashed three times becomes a dead letter, and
//! what a dead letter means for its subject is written in the same transaction.

use super::super::Store;
use super::super::document_rows::Generation;
use super::super::param::params;
use super::super::sql::sql;
use super::super::tx::Tx;
use super::{JOB_COLUMNS, JobRow, KNOWN_KIND};
use chrono::{DateTime, Utc};
use ragd_core::domain::{Job, JobId, JobPayload, JobState};
use ragd_core::error::Result;
use uuid::Uuid;

/// After how many crashes of its worker a job becomes a dead letter.
pub const MAX_CRASHES: i64 = 3;

/// What was taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reaped {
    /// Jobs that wait again.
    pub returned: u64,
    /// Jobs that became dead letters.
    pub dead: u64,
    /// Jobs that were to be cancelled, and now are.
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
    /// Takes back the jobs whose lease has ended, but for those of the installation `but`: it
    /// knows that its own workers are alive, however late their heartbeats are.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn reap_jobs(&self, but: Option<Uuid>, now: DateTime<Utc>) -> Result<Reaped> {
        self.take_back(Whose::Ended(but), now).await
    }

    /// Takes back the jobs of an installation that is starting: none of its workers runs.
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
                reaped.cancelled += tx.end_ready(job.id, JobState::Cancelled, None, now).await?;
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
            tx.dead_letter_ready(job.id, &reason, now).await?;
            reaped.dead += 1;
        }
        tx.commit().await?;
        Ok(reaped)
    }
}

/// Makes the leased jobs ready for which `condition` holds.
fn take_back_sql(condition: &str) -> String {
    format!(
        "UPDATE jobs SET state = 'ready', crashes = crashes + 1, run_at = $1,
             lease_token = NULL, lease_holder = NULL, lease_until = NULL
         WHERE state = 'leased' AND {KNOWN_KIND} AND {condition} RETURNING {JOB_COLUMNS}"
    )
}

impl Tx {
    /// Makes abandoned jobs ready, counts the crash and returns them.
    async fn abandoned(&mut self, whose: Whose, now: DateTime<Utc>) -> Result<Vec<Job>> {
        let rows: Vec<JobRow> = match whose {
            Whose::Ended(but) => {
                let sql = sql!(
                    "{}",
                    take_back_sql("lease_until <= $1 AND lease_holder <> $2")
                );
                self.query(sql, params![now, but.unwrap_or(Uuid::nil())])
                    .all()
                    .await?
            }
            Whose::Holder(holder) => {
                let sql = sql!("{}", take_back_sql("lease_holder = $2"));
                self.query(sql, params![now, holder]).all().await?
            }
        };
        if !rows.is_empty() {
            self.notify_ready_on_commit().await?;
        }
        rows.into_iter().map(JobRow::into_job).collect()
    }

    /// Makes a job that waits a dead letter.
    pub(super) async fn dead_letter_ready(
        &mut self,
        job: JobId,
        error: &str,
        now: DateTime<Utc>,
    ) -> Result<()> {
        if self
            .end_ready(job, JobState::Dead, Some(error), now)
            .await?
            > 0
        {
            self.fail_subject(job, error, now).await?;
        }
        Ok(())
    }

    pub(super) async fn end_ready(
        &mut self,
        job: JobId,
        state: JobState,
        error: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<u64> {
        let sql = "UPDATE jobs SET state = $2, last_error = COALESCE($3, last_error),
                 finished_at = $4, waiting_since = NULL
             WHERE id = $1 AND state = 'ready'";
        self.notify_ended_on_commit();
        self.query(sql, params![job.uuid(), state.as_str(), error, now])
            .execute()
            .await
    }

    /// Writes what a dead or cancelled job means for its subject: a document's generation failed.
    pub(super) async fn fail_subject(
        &mut self,
        job: JobId,
        error: &str,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let sql = sql!("SELECT {JOB_COLUMNS} FROM jobs WHERE id = $1");
        let row: Option<JobRow> = self.query(sql, params![job.uuid()]).optional().await?;
        let Some(job) = row.map(JobRow::into_job).transpose()? else {
            return Ok(());
        };
        if let JobPayload::Ingest(ingest) = job.payload {
            let generation = Generation {
                document: ingest.document,
                number: ingest.generation,
            };
            self.fail_generation(generation, error, now).await?;
        }
        Ok(())
    }
}
