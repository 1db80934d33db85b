//! The two databases behind one body of code: pools, transactions, and the macros `on!`, `on_tx!`
//! and `execute!`, which run the same statement with the same binds on whichever is in use, watch
//! how long it takes and translate its error. Holds no SQL of any table.

use super::fault::from_sqlx;
use ragd_core::error::Result;
use sqlx::{PgPool, Postgres, Sqlite, SqlitePool, Transaction};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// The channel on which Postgres tells every process that jobs may be claimed.
pub(super) const JOBS_CHANNEL: &str = "ragd_jobs";

/// The database in use; cheap to clone.
#[derive(Debug, Clone)]
pub(super) enum Db {
    /// SQLite lets one connection write at a time, so there is exactly one that may: writers queue
    /// for it in order instead of failing as busy. Readers never wait for it (WAL).
    Sqlite {
        readers: SqlitePool,
        writer: SqlitePool,
    },
    /// One pool for everything.
    Postgres(PgPool),
}

/// A transaction that may write. Dropped without [`Tx::commit`], it changes nothing.
pub(super) struct Tx {
    pub(super) open: OpenTx,
    pub(super) slow_query_after: Duration,
    bells: Arc<Bells>,
    /// Which bells the commit rings.
    rings: Rings,
}

#[derive(Clone, Copy, Default)]
struct Rings {
    jobs: bool,
    ended: bool,
}

/// What waits in this process is woken by these; other processes look, or are notified.
#[derive(Debug, Default)]
pub(super) struct Bells {
    /// Jobs may be claimed.
    pub(super) jobs: Notify,
    /// Jobs have ended.
    pub(super) ended: Notify,
}

pub(super) enum OpenTx {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// Runs one reading statement on a pool: `on!(store, |pool| sqlx::query(SQL).fetch_all(pool))`.
macro_rules! on {
    ($store:expr, |$pool:ident| $query:expr) => {{
        let store: &$crate::Store = $store;
        let run = async {
            match &store.db {
                $crate::db::Db::Sqlite { readers: $pool, .. } => $query.await,
                $crate::db::Db::Postgres($pool) => $query.await,
            }
        };
        let place = concat!(file!(), ":", line!());
        $crate::db::watched(place, store.settings.slow_query_after, run).await
    }};
}

/// Runs one statement that writes, as a transaction of its own: one way to the server and back where
/// an opened one takes three.
macro_rules! on_writer {
    ($store:expr, |$pool:ident| $query:expr) => {{
        let store: &$crate::Store = $store;
        let run = async {
            match &store.db {
                $crate::db::Db::Sqlite { writer: $pool, .. } => $query.await,
                $crate::db::Db::Postgres($pool) => $query.await,
            }
        };
        let place = concat!(file!(), ":", line!());
        $crate::db::watched(place, store.settings.slow_query_after, run).await
    }};
}

/// Runs one statement in a transaction: `on_tx!(tx, |c| sqlx::query(SQL).execute(c))`.
macro_rules! on_tx {
    ($tx:expr, |$connection:ident| $query:expr) => {{
        let tx: &mut $crate::db::Tx = $tx;
        let slow_query_after = tx.slow_query_after;
        let run = async {
            match &mut tx.open {
                $crate::db::OpenTx::Sqlite(open) => {
                    let $connection = &mut **open;
                    $query.await
                }
                $crate::db::OpenTx::Postgres(open) => {
                    let $connection = &mut **open;
                    $query.await
                }
            }
        };
        let place = concat!(file!(), ":", line!());
        $crate::db::watched(place, slow_query_after, run).await
    }};
}

/// Runs one statement that gives no rows in a transaction, and returns how many rows it touched:
/// `execute!(tx, sqlx::query(SQL).bind(id))`.
macro_rules! execute {
    ($tx:expr, $query:expr) => {
        $crate::db::on_tx!($tx, |connection| async {
            Ok($query.execute(connection).await?.rows_affected())
        })
    };
}

pub(super) use {execute, on, on_tx, on_writer};

/// Awaits a statement, logs it when it was slow, and translates its error. `place` is where in the
/// source the statement stands.
pub(super) async fn watched<T>(
    place: &'static str,
    slow_query_after: Duration,
    statement: impl Future<Output = sqlx::Result<T>>,
) -> Result<T> {
    let started = Instant::now();
    let outcome = statement.await;
    let elapsed = started.elapsed();
    if elapsed >= slow_query_after {
        let elapsed_ms = elapsed.as_secs_f64() * 1_000.0;
        tracing::warn!(
            db.statement_at = place,
            elapsed_ms,
            "slow query: {elapsed_ms:.1} ms for the statement at {place}"
        );
    }
    outcome.map_err(from_sqlx)
}

impl Db {
    /// Opens a transaction that may write. SQLite's begins as a writer: one that turned into a
    /// writer halfway could fail at that moment, when another has written since its first read.
    pub(super) async fn begin(&self, slow_query_after: Duration, bells: Arc<Bells>) -> Result<Tx> {
        // Boxed: taking a connection is a future of 29 kB, which every caller would carry.
        let begin = Box::pin(async {
            Ok(match self {
                Self::Sqlite { writer, .. } => {
                    OpenTx::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?)
                }
                Self::Postgres(pool) => OpenTx::Postgres(pool.begin().await?),
            })
        });
        let place = "src/store/db.rs: begin (waiting for a connection or a lock)";
        Ok(Tx {
            open: watched(place, slow_query_after, begin).await?,
            slow_query_after,
            bells,
            rings: Rings::default(),
        })
    }

    /// The one of two texts that this database understands.
    pub(super) fn dialect(&self, sqlite: &'static str, postgres: &'static str) -> &'static str {
        match self {
            Self::Sqlite { .. } => sqlite,
            Self::Postgres(_) => postgres,
        }
    }
}

impl Tx {
    /// Makes everything that was done durable and visible, at once.
    pub(super) async fn commit(self) -> Result<()> {
        let commit = async {
            match self.open {
                OpenTx::Sqlite(open) => open.commit().await,
                OpenTx::Postgres(open) => open.commit().await,
            }
        };
        watched("src/store/db.rs: commit", self.slow_query_after, commit).await?;
        if self.rings.jobs {
            // A permit is kept where nobody waits just now.
            self.bells.jobs.notify_one();
        }
        if self.rings.ended {
            self.bells.ended.notify_waiters();
        }
        Ok(())
    }

    /// Undoes everything at once. Merely dropped, a transaction keeps its locks until its connection
    /// is used again.
    pub(super) async fn rollback(self) -> Result<()> {
        match self.open {
            OpenTx::Sqlite(open) => open.rollback().await,
            OpenTx::Postgres(open) => open.rollback().await,
        }
        .map_err(from_sqlx)
    }

    /// Wakes those who work on jobs when this transaction commits, in every process.
    pub(super) async fn rings_for_jobs(&mut self) -> Result<()> {
        if self.is_postgres() && !self.rings.jobs {
            execute!(
                self,
                sqlx::query("SELECT pg_notify($1, '')").bind(JOBS_CHANNEL)
            )?;
        }
        self.rings.jobs = true;
        Ok(())
    }

    /// As [`Tx::rings_for_jobs`], where a statement has told the other processes already.
    pub(super) fn has_told_of_jobs(&mut self) {
        self.rings.jobs = true;
    }

    /// Wakes those who wait for the end of a job when this transaction commits, in this process.
    pub(super) fn rings_for_ended(&mut self) {
        self.rings.ended = true;
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
