//! Waiting for jobs: to be claimed, or to have ended. Within this process a bell is rung when a
//! transaction commits; what other processes do is heard of by Postgres's notification, or seen at
//! the next look.

use super::super::Store;
use super::super::db::{Db, JOBS_CHANNEL, on};
use super::super::fault::from_sqlx;
use super::super::settings::DatabaseUrl;
use ragd_core::domain::{JobId, JobKind, JobState};
use ragd_core::error::Result;
use sqlx::postgres::PgListener;
use std::time::Duration;

/// How often somebody who waits looks for what nobody told.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

impl Store {
    /// Returns when a job may have come or come back since the last call, or never.
    pub async fn job_may_be_ready(&self) {
        self.bells.jobs.notified().await;
    }

    /// Rings for the workers of this process whenever another process enqueues a job; returns when
    /// the connection fails, or never. On SQLite there is no other process.
    ///
    /// # Errors
    /// `Unavailable` when the database cannot be listened to.
    pub async fn hear_of_jobs(&self) -> Result<()> {
        let DatabaseUrl::Postgres(options) = self.settings.direct() else {
            return std::future::pending().await;
        };
        if matches!(self.db, Db::Sqlite { .. }) {
            return std::future::pending().await;
        }
        // Past a pooler, which would give the connection to others between two statements.
        let pool = super::super::postgres_pool(options, 1, &self.settings);
        let mut listener = PgListener::connect_with(&pool).await.map_err(from_sqlx)?;
        listener.listen(JOBS_CHANNEL).await.map_err(from_sqlx)?;
        loop {
            listener.recv().await.map_err(from_sqlx)?;
            self.bells.jobs.notify_one();
        }
    }

    /// Waits until a job has ended or is not there any more, and says how it ended.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn job_ends(&self, id: JobId) -> Result<Option<JobState>> {
        loop {
            let ended = self.bells.ended.notified();
            tokio::pin!(ended);
            // From here on no ring is missed.
            ended.as_mut().enable();
            match self.job(id, None).await?.map(|job| job.state) {
                Some(state) if !state.is_ended() => {}
                ended => return Ok(ended),
            }
            let _rung = tokio::time::timeout(LOOK_AGAIN, ended).await;
        }
    }

    /// Waits until no job of `kind` is ready or leased.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn jobs_end(&self, kind: JobKind) -> Result<()> {
        loop {
            let ended = self.bells.ended.notified();
            tokio::pin!(ended);
            ended.as_mut().enable();
            if self.live_jobs(kind).await? == 0 {
                return Ok(());
            }
            let _rung = tokio::time::timeout(LOOK_AGAIN, ended).await;
        }
    }

    /// How many jobs of `kind` are ready or leased.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn live_jobs(&self, kind: JobKind) -> Result<i64> {
        let sql = "SELECT COUNT(*) FROM jobs WHERE kind = $1 AND state IN ('ready', 'leased')";
        on!(self, |pool| sqlx::query_scalar(sql)
            .bind(kind.as_str())
            .fetch_one(pool))
    }
}
