//! The two databases behind one body of code: their pools, and the way to run a statement or begin a
//! transaction on whichever is in use. Holds no SQL of any table.

use super::notify::JobNotifiers;
use super::param::Param;
use super::statement::{AnyLink, Link, Statement, Timer};
use super::tx::{OpenTx, Tx};
use futures_util::future::BoxFuture;
use ragd_core::error::Result;
use sqlx::{PgPool, Postgres, SqlitePool, Transaction};
use std::sync::Arc;
use std::time::Duration;

/// The database in use; cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Db {
    pub(super) pools: Pools,
    /// A statement that takes longer is logged.
    pub(super) slow_query_after: Duration,
}

/// The open connections.
#[derive(Debug, Clone)]
pub(super) enum Pools {
    /// SQLite lets one connection write at a time, so there is exactly one that may: writers queue
    /// for it in order instead of failing as busy. Readers never wait for it (WAL).
    Sqlite {
        readers: SqlitePool,
        writer: SqlitePool,
    },
    /// One pool for everything.
    Postgres(PgPool),
}

impl Db {
    /// A statement that reads.
    #[track_caller]
    pub(super) fn query(&self, sql: &'static str, params: &[Param<'_>]) -> Statement<'_> {
        let link = match &self.pools {
            Pools::Sqlite { readers, .. } => AnyLink::Sqlite(Link::Pool(readers)),
            Pools::Postgres(pool) => AnyLink::Postgres(Link::Pool(pool)),
        };
        Statement::new(link, sql, params, self.slow_query_after)
    }

    /// A statement that writes, as a transaction of its own: one round trip where an opened
    /// transaction takes three.
    #[track_caller]
    pub(super) fn write(&self, sql: &'static str, params: &[Param<'_>]) -> Statement<'_> {
        let link = match &self.pools {
            Pools::Sqlite { writer, .. } => AnyLink::Sqlite(Link::Pool(writer)),
            Pools::Postgres(pool) => AnyLink::Postgres(Link::Pool(pool)),
        };
        Statement::new(link, sql, params, self.slow_query_after)
    }

    /// Opens a transaction that may write. SQLite's begins as a writer: one that turned into a
    /// writer halfway could fail at that moment, when another has written since its first read.
    // Boxed, and not an `async fn`: taking a connection is a future of 29 kB that every caller would
    // carry, and every crate that awaits it would compile the drivers of both databases again.
    #[track_caller]
    pub(super) fn begin(&self, notifiers: Arc<JobNotifiers>) -> BoxFuture<'_, Result<Tx>> {
        let what = "begin (waiting for a connection or a lock)";
        let timer = Timer::start(what, self.slow_query_after);
        Box::pin(async move {
            let open = match &self.pools {
                Pools::Sqlite { writer, .. } => {
                    let begun = writer.begin_with("BEGIN IMMEDIATE").await;
                    begun.map(OpenTx::Sqlite)
                }
                Pools::Postgres(pool) => {
                    let begun = begin_on_postgres(pool).await;
                    begun.map(OpenTx::Postgres)
                }
            };
            let open = timer.finish(open)?;
            Ok(Tx::new(open, self.slow_query_after, notifiers))
        })
    }

    /// The one of two texts that this database understands.
    pub(super) fn dialect(&self, sqlite: &'static str, postgres: &'static str) -> &'static str {
        match &self.pools {
            Pools::Sqlite { .. } => sqlite,
            Pools::Postgres(_) => postgres,
        }
    }
}

/// Sends `BEGIN` from a task of its own, which goes on when the caller is dropped, and then rolls back.
/// sqlx 0.9.0 does not notice a future of `begin` that is dropped between the command and its answer:
/// the connection would go back to the pool inside a transaction, and the next caller's statements into
/// it, with locks that nobody releases and changes that nobody commits (sqlx issue 4393).
async fn begin_on_postgres(pool: &PgPool) -> sqlx::Result<Transaction<'static, Postgres>> {
    let connection = pool.acquire().await?;
    match tokio::spawn(Transaction::begin(connection, None)).await {
        Ok(begun) => begun,
        // The runtime is shutting down.
        Err(error) => Err(sqlx::Error::Io(error.into())),
    }
}
