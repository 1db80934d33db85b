//! The SQL database: SQLite in the data folder, or Postgres by its URL.

use super::Faults;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// Section `database`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseConfig {
    /// `postgres[ql][+driver]://…` or `sqlite:PATH`; absent: SQLite under the data folder.
    #[serde(default, skip_serializing)]
    pub url: Option<SecretString>,
    /// A Postgres URL for migrations, past a pooler.
    #[serde(default, skip_serializing)]
    pub direct_url: Option<SecretString>,
    /// How many connections at most.
    pub pool_size: u32,
    /// Whether to migrate at start; absent: for SQLite only.
    #[serde(default)]
    pub auto_migrate: Option<bool>,
    /// A query that takes longer is logged.
    pub slow_query_ms: u64,
}

impl DatabaseConfig {
    pub(super) fn check(&self, faults: &mut Faults) {
        faults.require(
            (1..=1_000).contains(&self.pool_size),
            "database.pool_size (DATABASE_POOL_SIZE)",
            "must be between 1 and 1000",
        );
    }
}
