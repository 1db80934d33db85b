//! Gives the space of deleted rows back to the disk. Changes no data.

use super::db::Pools;
use super::param::params;
use super::settings::DatabaseUrl;
use super::statement::Timer;
use super::store::{Store, postgres_pool};
use futures_util::future::BoxFuture;
use ragd_core::error::Result;

/// What giving space back came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vacuumed {
    /// The database's size before, in bytes.
    pub bytes_before: i64,
    /// Its size after.
    pub bytes_after: i64,
}

impl Store {
    /// Rewrites a SQLite file without its gaps, and empties its journal; on Postgres, frees the space
    /// of old rows for new ones and measures the tables. Readers go on meanwhile; on SQLite, writers
    /// wait.
    ///
    /// # Errors
    /// `Unavailable` without a database, or while SQLite's disk is full: it needs as much again.
    pub fn vacuum(&self) -> BoxFuture<'_, Result<Vacuumed>> {
        Box::pin(self.rewrite())
    }

    async fn rewrite(&self) -> Result<Vacuumed> {
        let bytes_before = self.database_bytes().await?;
        let timer = Timer::start("vacuum", self.db.slow_query_after);
        let work = async {
            match &self.db.pools {
                Pools::Sqlite { writer, .. } => {
                    // One connection: no other statement may come between.
                    let mut connection = writer.acquire().await?;
                    sqlx::query("VACUUM").execute(&mut *connection).await?;
                    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
                        .execute(&mut *connection)
                        .await?;
                }
                Pools::Postgres(pool) => match self.settings.direct() {
                    // Past a pooler, which may put statements into transactions of its own.
                    DatabaseUrl::Postgres(options) => {
                        let direct = postgres_pool(options, 1, &self.settings);
                        let outcome = sqlx::query("VACUUM (ANALYZE)").execute(&direct).await;
                        direct.close().await;
                        outcome?;
                    }
                    DatabaseUrl::Sqlite(_) => {
                        sqlx::query("VACUUM (ANALYZE)").execute(pool).await?;
                    }
                },
            }
            Ok(())
        };
        timer.finish(work.await)?;
        Ok(Vacuumed {
            bytes_before,
            bytes_after: self.database_bytes().await?,
        })
    }

    async fn database_bytes(&self) -> Result<i64> {
        let sql = self.db.dialect(
            "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
            "SELECT pg_database_size(current_database())",
        );
        self.db.query(sql, params![]).scalar().await
    }
}
