//! The SQL database: SQLite in the data folder, or Postgres by its URL.

use super::table::settings;
use secrecy::SecretString;

settings! {
    /// Section `database`.
    DatabaseConfig in "database";

    /// `postgres[ql][+driver]://…` or `sqlite:PATH`; absent: SQLite under the data folder.
    #[serde(skip_serializing)]
    url: Option<SecretString> [DATABASE_URL];
    /// A Postgres URL for migrations, past a pooler.
    #[serde(skip_serializing)]
    direct_url: Option<SecretString> [DATABASE_DIRECT_URL];
    /// How many connections at most.
    pool_size: u32 [DATABASE_POOL_SIZE] in 1..=1_000;
    /// Whether to migrate at start; absent: for SQLite only.
    auto_migrate: Option<bool> [AUTO_MIGRATE];
    /// A query that takes longer is logged.
    slow_query_ms: u64 [];
}
