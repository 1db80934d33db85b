//! Jobs as operators and owners see and change them: one, a list, counts; cancelling, retrying,
//! deleting what ended long ago.

use super::super::Store;
use super::super::keyset::Keyset;
use super::super::param::params;
use super::super::sql::{page_sql, sql};
use super::super::tx::Tx;
use super::{CANCELLED, JOB_COLUMNS, JobRow};
use chrono::{DateTime, Utc};
use ragd_core::domain::{Job, JobId, JobKind, JobState, Lane, OwnerId, Page, PageRequest};
use ragd_core::error::{Error, Result};
use uuid::Uuid;

/// Which jobs to list; the default is all.
#[derive(Debug, Clone, Default)]
pub struct JobFilter {
    /// Only those that stand here.
    pub state: Option<JobState>,
    /// Only those of this lane.
    pub lane: Option<Lane>,
    /// Only those of this kind.
    pub kind: Option<JobKind>,
}

/// What cancelling a job came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelOutcome {
    /// It will not run.
    Cancelled,
    /// Its worker learns of it at its next heartbeat.
    Requested,
    /// It had ended already.
    Ended(JobState),
}

/// How full a lane is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LaneCounts {
    /// The lane.
    pub lane: Lane,
    /// Jobs that wait, those whose time has not come included.
    pub ready: i64,
    /// Jobs that are being worked on.
    pub leased: i64,
    /// Dead letters.
    pub dead: i64,
    /// Since when the oldest job whose time has come could be claimed.
    pub oldest: Option<DateTime<Utc>>,
}

impl Store {
    /// A job, if it is `owner`'s; `None`: of any owner.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn job(&self, id: JobId, owner: Option<OwnerId>) -> Result<Option<Job>> {
        let sql = sql!("SELECT {JOB_COLUMNS} FROM jobs WHERE id = $1 AND ($2 OR owner_id = $3)");
        let row: Option<JobRow> = self
            .db
            .query(
                sql,
                params![
                    id.uuid(),
                    owner.is_none(),
                    owner.map_or(Uuid::nil(), OwnerId::uuid)
                ],
            )
            .optional()
            .await?;
        row.map(JobRow::into_job).transpose()
    }

    /// A page of the jobs of all owners, by creation.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn list_jobs(&self, filter: &JobFilter, page: PageRequest) -> Result<Page<Job>> {
        let keyset = Keyset::of(&page);
        let sql = page_sql!(
            keyset,
            "SELECT {JOB_COLUMNS} FROM jobs WHERE id > $1 AND id < $2
                 AND ($3 IS NULL OR state = $3) AND ($4 IS NULL OR lane = $4)
                 AND ($5 IS NULL OR kind = $5)
             ORDER BY id {order} LIMIT $6"
        );
        let rows: Vec<JobRow> = self
            .db
            .query(
                sql,
                params![
                    keyset.above,
                    keyset.below,
                    filter.state.map(JobState::as_str),
                    filter.lane.map(Lane::as_str),
                    filter.kind.map(JobKind::as_str),
                    keyset.rows()
                ],
            )
            .all()
            .await?;
        let jobs: Result<Vec<Job>> = rows.into_iter().map(JobRow::into_job).collect();
        Ok(keyset.page(jobs?))
    }

    /// How full each lane is, in the order of [`Lane::ALL`].
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn lane_counts(&self, now: DateTime<Utc>) -> Result<[LaneCounts; 3]> {
        let sql = "SELECT lane, state, COUNT(*) FROM jobs
             WHERE state IN ('ready', 'leased', 'dead') GROUP BY lane, state";
        let counts: Vec<(String, String, i64)> = self.db.query(sql, params![]).all().await?;
        let oldest = self.oldest_ready(now).await?;
        Ok(Lane::ALL.map(|lane| {
            let count = |state: JobState| {
                let found = counts
                    .iter()
                    .find(|(of, stands, _)| of == lane.as_str() && stands == state.as_str());
                found.map_or(0, |(_, _, count)| *count)
            };
            LaneCounts {
                lane,
                ready: count(JobState::Ready),
                leased: count(JobState::Leased),
                dead: count(JobState::Dead),
                oldest: oldest[lane.index()],
            }
        }))
    }

    /// Cancels a job. `None`: `owner` has no such job; without an owner: nobody has.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn cancel_job(
        &self,
        id: JobId,
        owner: Option<OwnerId>,
        now: DateTime<Utc>,
    ) -> Result<Option<CancelOutcome>> {
        let mut tx = self.begin().await?;
        let Some(job) = tx.lock_job(id).await? else {
            return Ok(None);
        };
        if owner.is_some_and(|owner| owner != job.owner) {
            return Ok(None);
        }
        let outcome = match job.state {
            JobState::Ready => {
                tx.end_ready(id, JobState::Cancelled, None, now).await?;
                tx.fail_subject(id, CANCELLED, now).await?;
                CancelOutcome::Cancelled
            }
            JobState::Leased => {
                let sql = "UPDATE jobs SET cancel_requested = TRUE WHERE id = $1";
                tx.query(sql, params![id.uuid()]).execute().await?;
                CancelOutcome::Requested
            }
            ended => CancelOutcome::Ended(ended),
        };
        tx.commit().await?;
        Ok(Some(outcome))
    }

    /// Lets a dead or cancelled job wait again, with all its tries. `None`: there is no such job.
    ///
    /// # Errors
    /// `Conflict` when it has not ended so, or when a job with the same key waits or runs;
    /// `Unavailable` without a database.
    pub async fn revive_job(&self, id: JobId, now: DateTime<Utc>) -> Result<Option<Job>> {
        let mut tx = self.begin().await?;
        let Some(job) = tx.lock_job(id).await? else {
            return Ok(None);
        };
        if !matches!(job.state, JobState::Dead | JobState::Cancelled) {
            tx.rollback().await?;
            return Err(Error::new(
                ragd_core::error::ErrorKind::Conflict,
                format!("the job is {}, not dead or cancelled", job.state.as_str()),
            ));
        }
        let sql = sql!(
            "UPDATE jobs SET state = 'ready', attempt = 0, crashes = 0, cancel_requested = FALSE,
                 run_at = $2, finished_at = NULL, waiting_since = NULL, stage = 'queued',
                 stage_done = 0, stage_total = 1
             WHERE id = $1 RETURNING {JOB_COLUMNS}"
        );
        let row: JobRow = tx.query(sql, params![id.uuid(), now]).one().await.map_err(
            super::super::fault::on_conflict("a job that does the same waits or runs already"),
        )?;
        let job = row.into_job()?;
        tx.requeue_subject(&job, now).await?;
        tx.notify_ready_on_commit().await?;
        tx.commit().await?;
        Ok(Some(job))
    }

    /// Deletes jobs that were done or cancelled before `before`; dead letters stay. Returns how
    /// many.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn forget_jobs(&self, before: DateTime<Utc>) -> Result<u64> {
        let sql = "DELETE FROM jobs WHERE state IN ('done', 'cancelled') AND finished_at < $1";
        let mut tx = self.begin().await?;
        let forgotten = tx.query(sql, params![before]).execute().await?;
        tx.commit().await?;
        Ok(forgotten)
    }
}

impl Tx {
    /// Cancels what waits or runs for a subject: something later, or its deletion, supersedes it.
    pub(crate) async fn cancel_jobs_of(
        &mut self,
        kind: JobKind,
        subject: Uuid,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let waiting = "UPDATE jobs SET state = 'cancelled', finished_at = $3, waiting_since = NULL
             WHERE subject_id = $1 AND kind = $2 AND state = 'ready'";
        self.query(waiting, params![subject, kind.as_str(), now])
            .execute()
            .await?;
        let running = "UPDATE jobs SET cancel_requested = TRUE
             WHERE subject_id = $1 AND kind = $2 AND state = 'leased'";
        self.query(running, params![subject, kind.as_str()])
            .execute()
            .await?;
        Ok(())
    }

    async fn lock_job(&mut self, id: JobId) -> Result<Option<Job>> {
        let sql = self.dialect(
            sql!("SELECT {JOB_COLUMNS} FROM jobs WHERE id = $1"),
            sql!("SELECT {JOB_COLUMNS} FROM jobs WHERE id = $1 FOR UPDATE"),
        );
        let row: Option<JobRow> = self.query(sql, params![id.uuid()]).optional().await?;
        row.map(JobRow::into_job).transpose()
    }
}
