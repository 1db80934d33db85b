//! Waiting for jobs: to be claimed, or to have ended. Within this process a notifier wakes
//! the waiting tasks when a transaction commits; what other processes do arrives as a notification
//! of Postgres, or is seen at the next poll.

use super::super::db::Pools;
use super::super::fault::from_sqlx;
use super::super::notify::JOBS_CHANNEL;
use super::super::param::params;
use super::super::settings::DatabaseUrl;
use super::super::store::{Store, postgres_pool};
use futures_util::future::BoxFuture;
use ragd_core::domain::{JobId, JobKind, JobState};
use ragd_core::error::Result;
use sqlx::postgres::PgListener;
use std::time::Duration;

/// How often a waiting task polls, for what no notification announces.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

impl Store {
    /// Returns when a job may have come or come back since the last call, or never.
    pub async fn job_may_be_ready(&self) {
        self.notifiers.ready.notified().await;
    }

    /// Wakes the workers of this process whenever another process enqueues a job; returns when
    /// the connection fails, or never. On SQLite there is no other process.
    ///
    /// # Errors
    /// `Unavailable` when the database cannot be listened to.
    pub fn listen_for_jobs(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.listen())
    }

    async fn listen(&self) -> Result<()> {
        let DatabaseUrl::Postgres(options) = self.settings.direct() else {
            return std::future::pending().await;
        };
        if matches!(self.db.pools, Pools::Sqlite { .. }) {
            return std::future::pending().await;
        }
        // Past a pooler, which would give the connection to others between two statements.
        let pool = postgres_pool(options, 1, &self.settings);
        let mut listener = PgListener::connect_with(&pool).await.map_err(from_sqlx)?;
        listener.listen(JOBS_CHANNEL).await.map_err(from_sqlx)?;
        loop {
            listener.recv().await.map_err(from_sqlx)?;
            self.notifiers.ready.notify_one();
        }
    }

    /// Waits until a job has ended or is not there any more, and says how it ended.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn job_ends(&self, id: JobId) -> Result<Option<JobState>> {
        loop {
            let ended = self.notifiers.ended.notified();
            tokio::pin!(ended);
            // From here on no notification is missed.
            ended.as_mut().enable();
            match self.job(id, None).await?.map(|job| job.state) {
                Some(state) if !state.is_ended() => {}
                ended => return Ok(ended),
            }
            let _notified = tokio::time::timeout(LOOK_AGAIN, ended).await;
        }
    }

    /// Waits until no job of `kind` is ready or leased.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn jobs_end(&self, kind: JobKind) -> Result<()> {
        loop {
            let ended = self.notifiers.ended.notified();
            tokio::pin!(ended);
            ended.as_mut().enable();
            if self.live_jobs(kind).await? == 0 {
                return Ok(());
            }
            let _notified = tokio::time::timeout(LOOK_AGAIN, ended).await;
        }
    }

    /// How many jobs of `kind` are ready or leased.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn live_jobs(&self, kind: JobKind) -> Result<i64> {
        let sql = "SELECT COUNT(*) FROM jobs WHERE kind = $1 AND state IN ('ready', 'leased')";
        self.db.query(sql, params![kind.as_str()]).scalar().await
    }
}
