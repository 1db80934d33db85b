//! All SQL of ragd, on SQLite or Postgres with one behaviour. Text, vectors and everything else
//! that must not be lost live here; domain types go in and out, rows stay inside. Refuses to know
//! about keys (private text comes and goes as sealed bytes), indexes, or the time (it is passed in).

mod accept;
mod admin;
mod audit;
mod bind;
mod change_log;
mod commit;
mod conversations;
mod db;
mod documents;
mod embedding_models;
mod embeddings;
mod fault;
mod feedback;
mod index_targets;
mod jobs;
mod keyring;
mod keyset;
mod message_passages;
mod messages;
mod migrate;
mod overrides;
mod passage_rows;
mod passages;
mod room_list;
mod rooms;
mod session_cleanup;
mod sessions;
mod settings;
mod summaries;
mod users;
mod vacuum;
mod vectors;

pub use accept::{Accepted, Enqueued, NewDocument};
pub use admin::{AdminCounts, PassageStatistics};
pub use change_log::{Change, ChangeOp, Subject};
pub use commit::{CommitOutcome, GenerationCommit};
pub use documents::{DocumentFilter, Generation, PendingVersion, WriteScope};
pub use embedding_models::{EmbeddingModel, ModelRole};
pub use embeddings::WaitingVector;
pub use feedback::{SealedFeedback, SealedTurn};
pub use index_targets::{IndexStep, IndexTarget, LeaseClaim};
pub use jobs::{
    CancelOutcome, Claim, Heartbeat, JobFilter, LEASE_TIME, LaneCounts, MAX_CRASHES, Reaped,
};
pub use keyring::KeyringEntry;
pub use message_passages::{MESSAGE_GENERATION, MessageOutcome, MessagePlace};
pub use messages::SealedMessage;
pub use migrate::MigrationStatus;
pub use overrides::Override;
pub use passages::{DocumentLabel, StoredPassage};
pub use room_list::CountedRoom;
pub use session_cleanup::{SessionCleanup, SessionRecord};
pub use sessions::{NewSession, SessionCap, SessionCaps, SessionOutcome, SessionUse};
pub use settings::{DatabaseSettings, DatabaseUrl};
pub use summaries::{LiveTail, NewSummary};
pub use users::User;
pub use vacuum::Vacuumed;

use db::{Bells, Db, on};
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
    db: Db,
    settings: Arc<DatabaseSettings>,
    bells: Arc<Bells>,
}

impl Store {
    /// Opens the database. A SQLite file is made when it is missing; a Postgres server is not
    /// contacted yet, so that ragd can start before it: [`Store::ping`] tells whether it is there.
    /// Neither is migrated: see [`Store::migrate_up`].
    ///
    /// # Errors
    /// `Unavailable` when the SQLite file cannot be opened; `Invalid` when `direct_url` is not a
    /// Postgres URL though `url` is.
    pub async fn open(settings: &DatabaseSettings) -> Result<Self> {
        settings.check()?;
        let db = match &settings.url {
            DatabaseUrl::Sqlite(path) => open_sqlite(path, settings).await?,
            DatabaseUrl::Postgres(options) => {
                Db::Postgres(postgres_pool(options, settings.pool_size, settings))
            }
        };
        Ok(Self {
            db,
            settings: Arc::new(settings.clone()),
            bells: Arc::default(),
        })
    }

    /// Asks the database for a sign of life.
    ///
    /// # Errors
    /// `Unavailable` when there is none.
    pub async fn ping(&self) -> Result<()> {
        let one: i32 = on!(self, |pool| sqlx::query_scalar("SELECT 1").fetch_one(pool))?;
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
        match &self.db {
            Db::Sqlite { readers, writer } => {
                let ((idle, used), (writer_idle, writer_used)) = (count(readers), count(writer));
                (idle + writer_idle, used + writer_used)
            }
            Db::Postgres(pool) => count(pool),
        }
    }

    /// Waits for what is under way and closes every connection; later calls are `Unavailable`.
    pub async fn close(&self) {
        match &self.db {
            Db::Sqlite { readers, writer } => {
                readers.close().await;
                writer.close().await;
            }
            Db::Postgres(pool) => pool.close().await,
        }
    }

    async fn begin(&self) -> Result<db::Tx> {
        let bells = Arc::clone(&self.bells);
        self.db.begin(self.settings.slow_query_after, bells).await
    }
}

async fn open_sqlite(path: &Path, settings: &DatabaseSettings) -> Result<Db> {
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
    let writer: SqlitePool = pool(1)
        .connect_with(writes)
        .await
        .map_err(fault::from_sqlx)?;
    let readers =
        pool(settings.pool_size.max(1)).connect_lazy_with(options.pragma("query_only", "ON"));
    Ok(Db::Sqlite { readers, writer })
}

/// A pool that connects when it is first used. The store logs slow statements itself, in the words
/// that operators look for.
fn postgres_pool(
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
