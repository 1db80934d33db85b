//! The database as the rest of ragd sees it: opened, asked whether it is there, closed. What is done
//! with it is in the files beside this one, one a table.

use super::db::{Db, Pools};
use super::fault::from_sqlx;
use super::notify::JobNotifiers;
use super::param::params;
use super::settings::{DatabaseSettings, DatabaseUrl};
use super::tx::Tx;
use futures_util::future::BoxFuture;
use ragd_core::error::Result;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, PgPool, SqlitePool};
use std::path::Path;
use std::sync::Arc;
use tracing::log::LevelFilter;

/// The database; cheap to clone, every clone uses the same connections.
#[derive(Debug, Clone)]
pub struct Store {
    pub(super) db: Db,
    pub(super) settings: Arc<DatabaseSettings>,
    pub(super) notifiers: Arc<JobNotifiers>,
}

impl Store {
    /// Opens the database. A SQLite file is made when it is missing; a Postgres server is not
    /// contacted yet, so that ragd can start before it: [`Store::ping`] says whether it answers.
    /// Neither is migrated: see [`Store::migrate_up`].
    ///
    /// # Errors
    /// `Unavailable` when the SQLite file cannot be opened; `Invalid` when `direct_url` is not a
    /// Postgres URL though `url` is.
    pub fn open(settings: &DatabaseSettings) -> BoxFuture<'_, Result<Self>> {
        Box::pin(Self::open_pools(settings))
    }

    async fn open_pools(settings: &DatabaseSettings) -> Result<Self> {
        settings.check()?;
        let pools = match &settings.url {
            DatabaseUrl::Sqlite(path) => open_sqlite(path, settings).await?,
            DatabaseUrl::Postgres(options) => {
                Pools::Postgres(postgres_pool(options, settings.pool_size, settings))
            }
        };
        Ok(Self {
            db: Db {
                pools,
                slow_query_after: settings.slow_query_after,
            },
            settings: Arc::new(settings.clone()),
            notifiers: Arc::default(),
        })
    }

    /// Asks the database to answer.
    ///
    /// # Errors
    /// `Unavailable` when it does not.
    pub async fn ping(&self) -> Result<()> {
        let one: i32 = self.db.query("SELECT 1", params![]).scalar().await?;
        debug_assert_eq!(one, 1);
        Ok(())
    }

    /// `sqlite` or `postgresql`, as health reports name it.
    pub fn backend_name(&self) -> &'static str {
        self.db.dialect("sqlite", "postgresql")
    }

    /// How many connections are open: (idle, in use).
    pub fn pool_counts(&self) -> (u32, u32) {
        fn count<D: sqlx::Database>(pool: &sqlx::Pool<D>) -> (u32, u32) {
            let idle = u32::try_from(pool.num_idle()).unwrap_or(u32::MAX);
            (idle, pool.size().saturating_sub(idle))
        }
        match &self.db.pools {
            Pools::Sqlite { readers, writer } => {
                let ((idle, used), (writer_idle, writer_used)) = (count(readers), count(writer));
                (idle + writer_idle, used + writer_used)
            }
            Pools::Postgres(pool) => count(pool),
        }
    }

    /// Waits for what is under way and closes every connection; later calls are `Unavailable`.
    pub fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            match &self.db.pools {
                Pools::Sqlite { readers, writer } => {
                    readers.close().await;
                    writer.close().await;
                }
                Pools::Postgres(pool) => pool.close().await,
            }
        })
    }

    #[track_caller]
    pub(super) fn begin(&self) -> BoxFuture<'_, Result<Tx>> {
        self.db.begin(Arc::clone(&self.notifiers))
    }
}

async fn open_sqlite(path: &Path, settings: &DatabaseSettings) -> Result<Pools> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(true)
        .busy_timeout(settings.acquire_timeout)
        .log_slow_statements(LevelFilter::Off, settings.slow_query_after);
    let pool = |connections| {
        SqlitePoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(settings.acquire_timeout)
            .test_before_acquire(false)
            .idle_timeout(None)
            .max_lifetime(None)
    };
    // The writer comes first: it makes the file, and turns on the journal that readers rely on.
    let writes = options
        .clone()
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .optimize_on_close(true, None);
    let writer: SqlitePool = pool(1).connect_with(writes).await.map_err(from_sqlx)?;
    let readers =
        pool(settings.pool_size.max(1)).connect_lazy_with(options.pragma("query_only", "ON"));
    Ok(Pools::Sqlite { readers, writer })
}

/// A pool that connects when it is first used. The store logs slow statements itself.
pub(super) fn postgres_pool(
    options: &PgConnectOptions,
    connections: u32,
    settings: &DatabaseSettings,
) -> PgPool {
    let options = options
        .clone()
        .application_name("ragd")
        .log_slow_statements(LevelFilter::Off, settings.slow_query_after);
    PgPoolOptions::new()
        .max_connections(connections.max(1))
        .acquire_timeout(settings.acquire_timeout)
        .connect_lazy_with(options)
}
