//! Brings a database to the version of this binary, or back: the migrations of both databases are
//! embedded and have the same version numbers. Runs on a connection of its own, because a pooler
//! in front of Postgres would lose the lock that keeps two migrators apart.

use super::db::Pools;
use super::fault::from_sqlx;
use super::param::params;
use super::settings::DatabaseUrl;
use super::store::{Store, postgres_pool};
use futures_util::future::BoxFuture;
use ragd_core::error::{Error, ErrorKind, Result};
use sqlx::migrate::{MigrateError, Migrator};

static SQLITE: Migrator = sqlx::migrate!("../../migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("../../migrations/postgres");

/// Which migrations a database has had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationStatus {
    /// Versions that were applied, in order.
    pub applied: Vec<i64>,
    /// Versions that this binary has and the database lacks, in order. Not empty: not ready.
    pub pending: Vec<i64>,
    /// Versions in the database that this binary does not know: a newer ragd made them.
    pub unknown: Vec<i64>,
}

#[derive(Clone, Copy)]
enum Direction {
    Up,
    DownTo(i64),
}

impl Store {
    /// Applies every pending migration; does nothing when there is none.
    ///
    /// # Errors
    /// `Unavailable` without a database; `Conflict` when a newer ragd has migrated it or a
    /// migration was changed after it was applied; `Internal` when a migration fails.
    pub fn migrate_up(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.migrate(Direction::Up))
    }

    /// Takes back every migration after version `target`; 0 takes back all, **with all data**.
    ///
    /// # Errors
    /// As for [`Store::migrate_up`].
    pub fn migrate_down(&self, target: i64) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.migrate(Direction::DownTo(target)))
    }

    /// Compares what the database has with what this binary knows.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn migration_status(&self) -> Result<MigrationStatus> {
        let applied = self.applied_versions().await?;
        let known: Vec<i64> = match &self.db.pools {
            Pools::Sqlite { .. } => versions(&SQLITE),
            Pools::Postgres(_) => versions(&POSTGRES),
        };
        let missing = |from: &[i64], list: &[i64]| {
            let missing = list
                .iter()
                .copied()
                .filter(|version| !from.contains(version));
            missing.collect::<Vec<i64>>()
        };
        Ok(MigrationStatus {
            pending: missing(&applied, &known),
            unknown: missing(&known, &applied),
            applied,
        })
    }

    async fn applied_versions(&self) -> Result<Vec<i64>> {
        const SQLITE_TABLE: &str =
            "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = '_sqlx_migrations'";
        const POSTGRES_TABLE: &str = "SELECT COUNT(*) FROM pg_catalog.pg_tables
             WHERE tablename = '_sqlx_migrations' AND schemaname = ANY (current_schemas(false))";
        let sql = self.db.dialect(SQLITE_TABLE, POSTGRES_TABLE);
        let tables: i64 = self.db.query(sql, params![]).scalar().await?;
        if tables == 0 {
            return Ok(Vec::new());
        }
        let sql = "SELECT version FROM _sqlx_migrations WHERE success ORDER BY version";
        self.db.query(sql, params![]).scalars().await
    }

    async fn migrate(&self, direction: Direction) -> Result<()> {
        match (&self.db.pools, self.settings.direct()) {
            (Pools::Sqlite { writer, .. }, _) => match direction {
                Direction::Up => SQLITE.run(writer).await,
                Direction::DownTo(target) => SQLITE.undo(writer, target).await,
            }
            .map_err(from_migrate),
            (Pools::Postgres(_), DatabaseUrl::Postgres(options)) => {
                let direct = postgres_pool(options, 1, &self.settings);
                let outcome = match direction {
                    Direction::Up => POSTGRES.run(&direct).await,
                    Direction::DownTo(target) => POSTGRES.undo(&direct, target).await,
                };
                // This also releases the migrator's lock, which it keeps when a migration fails.
                direct.close().await;
                outcome.map_err(from_migrate)
            }
            (Pools::Postgres(_), DatabaseUrl::Sqlite(_)) => {
                Err(Error::internal("the direct URL is not one of Postgres"))
            }
        }
    }
}

fn versions(migrator: &Migrator) -> Vec<i64> {
    let ups = migrator
        .iter()
        .filter(|m| m.migration_type.is_up_migration());
    ups.map(|migration| migration.version).collect()
}

fn from_migrate(error: MigrateError) -> Error {
    match error {
        MigrateError::VersionMissing(version) => Error::new(
            ErrorKind::Conflict,
            format!(
                "the database has migration {version}, which this ragd does not know: a newer one made it"
            ),
        ),
        MigrateError::VersionMismatch(version) => Error::new(
            ErrorKind::Conflict,
            format!("migration {version} is not the one that was applied to this database"),
        ),
        MigrateError::Execute(error) => from_sqlx(error),
        error => Error::internal("a migration failed").with_source(error),
    }
}
