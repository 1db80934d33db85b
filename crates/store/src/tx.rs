//! A transaction that may write, on either database; its commit wakes the tasks that wait for jobs.

use super::fault::from_sqlx;
use super::notify::{JOBS_CHANNEL, JobNotifiers};
use super::param::{Param, params};
use super::sql::{postgres_values, sqlite_values};
use super::statement::{AnyLink, Link, Statement, Timer};
use futures_util::future::BoxFuture;
use ragd_core::error::Result;
use sqlx::{AssertSqlSafe, Postgres, Sqlite, Transaction};
use std::sync::Arc;
use std::time::Duration;

/// A transaction that may write. Dropped without [`Tx::commit`], it changes nothing.
pub(super) struct Tx {
    open: OpenTx,
    slow_query_after: Duration,
    notifiers: Arc<JobNotifiers>,
    /// Whether the commit notifies those who wait for a job to claim.
    notifies_ready: bool,
    /// Whether the commit notifies those who wait for the end of a job.
    notifies_ended: bool,
}

pub(super) enum OpenTx {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// A statement over many rows: `before VALUES (…), (…) after`.
pub(super) struct Batch<'v> {
    /// What stands before the rows; its own placeholders come first.
    pub(super) before: &'static str,
    /// What stands after them; it has no placeholder.
    pub(super) after: &'static str,
    /// How many columns a row has.
    pub(super) columns: usize,
    /// How many rows there are.
    pub(super) rows: usize,
    /// The values of `before`, then those of the rows, one row after the other.
    pub(super) params: Vec<Param<'v>>,
}

impl Tx {
    pub(super) fn new(
        open: OpenTx,
        slow_query_after: Duration,
        notifiers: Arc<JobNotifiers>,
    ) -> Self {
        Self {
            open,
            slow_query_after,
            notifiers,
            notifies_ready: false,
            notifies_ended: false,
        }
    }

    /// A statement within the transaction.
    #[track_caller]
    pub(super) fn query(&mut self, sql: &'static str, params: &[Param<'_>]) -> Statement<'_> {
        let slow_after = self.slow_query_after;
        Statement::new(self.link(), sql, params, slow_after)
    }

    /// A statement over many rows.
    #[track_caller]
    pub(super) fn query_batch(&mut self, batch: &Batch<'_>) -> Statement<'_> {
        let Batch { rows, columns, .. } = *batch;
        let first = 1 + batch.params.len().saturating_sub(rows * columns);
        let values = if self.is_postgres() {
            postgres_values(rows, columns, first)
        } else {
            sqlite_values(rows, columns)
        };
        // Constants and placeholders alone.
        let sql = AssertSqlSafe(format!("{}{values}{}", batch.before, batch.after));
        let slow_after = self.slow_query_after;
        Statement::new(self.link(), sql, &batch.params, slow_after)
    }

    fn link(&mut self) -> AnyLink<'_> {
        match &mut self.open {
            OpenTx::Sqlite(open) => AnyLink::Sqlite(Link::Open(&mut **open)),
            OpenTx::Postgres(open) => AnyLink::Postgres(Link::Open(&mut **open)),
        }
    }

    /// Makes everything that was done durable and visible, at once.
    #[track_caller]
    pub(super) fn commit(self) -> BoxFuture<'static, Result<()>> {
        let timer = Timer::start("commit", self.slow_query_after);
        Box::pin(async move {
            let outcome = match self.open {
                OpenTx::Sqlite(open) => open.commit().await,
                OpenTx::Postgres(open) => open.commit().await,
            };
            timer.finish(outcome)?;
            if self.notifies_ready {
                // When no task waits just now, the next one to wait gets the notification.
                self.notifiers.ready.notify_one();
            }
            if self.notifies_ended {
                self.notifiers.ended.notify_waiters();
            }
            Ok(())
        })
    }

    /// Undoes everything at once. Merely dropped, a transaction keeps its locks until its connection
    /// is used again.
    pub(super) fn rollback(self) -> BoxFuture<'static, Result<()>> {
        Box::pin(async move {
            match self.open {
                OpenTx::Sqlite(open) => open.rollback().await,
                OpenTx::Postgres(open) => open.rollback().await,
            }
            .map_err(from_sqlx)
        })
    }

    /// Wakes the workers of every process when this transaction commits.
    pub(super) async fn notify_ready_on_commit(&mut self) -> Result<()> {
        if self.is_postgres() && !self.notifies_ready {
            let sql = "SELECT pg_notify($1, '')";
            self.query(sql, params![JOBS_CHANNEL]).execute().await?;
        }
        self.notifies_ready = true;
        Ok(())
    }

    /// As [`Tx::notify_ready_on_commit`], where a statement has notified the other processes.
    pub(super) fn notify_own_workers_on_commit(&mut self) {
        self.notifies_ready = true;
    }

    /// Wakes the tasks of this process that wait for the end of a job when this transaction commits.
    pub(super) fn notify_ended_on_commit(&mut self) {
        self.notifies_ended = true;
    }

    /// Whether the database is Postgres, where writers run side by side and must lock what they
    /// read; on SQLite a transaction that writes is alone.
    pub(super) fn is_postgres(&self) -> bool {
        matches!(self.open, OpenTx::Postgres(_))
    }

    /// The one of two texts that this database understands.
    pub(super) fn dialect(&self, sqlite: &'static str, postgres: &'static str) -> &'static str {
        if self.is_postgres() { postgres } else { sqlite }
    }
}
