//! Where the database is and how much of it may be used at once. Parses the URLs that operators
//! have; opens nothing.

use ragd_core::error::{Error, Result};
use sqlx::postgres::PgConnectOptions;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// Which database, and how it is used.
#[derive(Debug, Clone)]
pub struct DatabaseSettings {
    /// The database that requests use; with Postgres it may be a pooler such as PgBouncer.
    pub url: DatabaseUrl,
    /// A direct connection past the pooler, for migrations; `url` when there is none. Postgres only.
    pub direct_url: Option<DatabaseUrl>,
    /// The most connections that are open at once, at least 1. SQLite has one more, which writes.
    pub pool_size: u32,
    /// How long a request waits for a connection, and on SQLite for another process's lock.
    pub acquire_timeout: Duration,
    /// A statement that takes longer is logged as a `slow query`.
    pub slow_query_after: Duration,
}

impl DatabaseSettings {
    /// Settings with defaults for everything but the place: 10 connections, 5 s to wait for one,
    /// and 500 ms until a statement counts as slow.
    pub fn new(url: DatabaseUrl) -> Self {
        Self {
            url,
            direct_url: None,
            pool_size: 10,
            acquire_timeout: Duration::from_secs(5),
            slow_query_after: Duration::from_millis(500),
        }
    }
}

impl DatabaseSettings {
    pub(super) fn check(&self) -> Result<()> {
        match (&self.url, &self.direct_url) {
            (DatabaseUrl::Postgres(_), Some(DatabaseUrl::Sqlite(_))) => Err(Error::invalid(
                "DATABASE_DIRECT_URL: must be a Postgres URL, as DATABASE_URL is",
            )),
            _ => Ok(()),
        }
    }

    /// Where migrations connect.
    pub(super) fn direct(&self) -> &DatabaseUrl {
        self.direct_url.as_ref().unwrap_or(&self.url)
    }
}

/// A parsed `DATABASE_URL`. Its `Debug` and `Display` never show a password.
#[derive(Clone)]
pub enum DatabaseUrl {
    /// A file, made when it is missing.
    Sqlite(PathBuf),
    /// A server.
    Postgres(Box<PgConnectOptions>),
}

impl DatabaseUrl {
    /// Reads `sqlite:PATH`, `sqlite://PATH`, `postgres://…` or `postgresql://…`; a `+driver` after
    /// the scheme, as Python programs write it, means nothing here and is dropped.
    ///
    /// # Errors
    /// `Invalid` for another scheme; the message does not repeat the URL, which may hold a
    /// password.
    pub fn parse(url: &str) -> Result<Self> {
        let (scheme, rest) = url.trim().split_once(':').ok_or_else(unknown_scheme)?;
        match scheme.split('+').next().unwrap_or(scheme) {
            "sqlite" => parse_sqlite(rest),
            "postgres" | "postgresql" => PgConnectOptions::from_str(&format!("postgres:{rest}"))
                .map(|options| Self::Postgres(Box::new(options)))
                .map_err(|error| {
                    Error::invalid("DATABASE_URL: not a Postgres URL").with_source(error)
                }),
            _ => Err(unknown_scheme()),
        }
    }
}

fn unknown_scheme() -> Error {
    Error::invalid("DATABASE_URL: must begin with sqlite:, postgres:// or postgresql://")
}

fn parse_sqlite(rest: &str) -> Result<DatabaseUrl> {
    let path = rest.strip_prefix("//").unwrap_or(rest);
    if path.is_empty() || path == ":memory:" || path.contains('?') {
        return Err(Error::invalid(
            "DATABASE_URL: sqlite: must be followed by the path of a file, without parameters",
        ));
    }
    Ok(DatabaseUrl::Sqlite(PathBuf::from(path)))
}

impl std::fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(options) => write!(
                f,
                "postgres://{}:{}/{}",
                options.get_host(),
                options.get_port(),
                options.get_database().unwrap_or_default()
            ),
        }
    }
}

impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}
