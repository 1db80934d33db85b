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
            "postgres" | "postgresql" => parse_postgres(rest),
            _ => Err(unknown_scheme()),
        }
    }
}

fn unknown_scheme() -> Error {
    Error::invalid("DATABASE_URL: must begin with sqlite:, postgres:// or postgresql://")
}

/// Reads what follows `postgres:`, also where the host is a parameter, as libpq allows:
/// `//user@/name?host=/run/postgresql`.
fn parse_postgres(rest: &str) -> Result<DatabaseUrl> {
    let url = format!("postgres:{}", with_host(rest));
    let mut options = PgConnectOptions::from_str(&url)
        .map_err(|error| Error::invalid("DATABASE_URL: not a Postgres URL").with_source(error))?;
    // The brackets around an IPv6 address belong to the URL.
    let host = options.get_host();
    let address = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    if let Some(address) = address.map(str::to_owned) {
        options = options.host(&address);
    }
    Ok(DatabaseUrl::Postgres(Box::new(options)))
}

/// Puts `localhost` into a URL that has a user or a port and no host, which parsers of URLs refuse.
fn with_host(rest: &str) -> String {
    let Some(after) = rest.strip_prefix("//") else {
        return rest.to_owned();
    };
    let end = after.find(['/', '?', '#']).unwrap_or(after.len());
    let (authority, tail) = after.split_at(end);
    let host_at = authority.rfind('@').map_or(0, |at| at + 1);
    let (user, host) = authority.split_at(host_at);
    let is_missing = host.starts_with(':') || (host.is_empty() && !user.is_empty());
    if is_missing {
        format!("//{user}localhost{host}{tail}")
    } else {
        rest.to_owned()
    }
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
            Self::Postgres(options) => {
                let (host, port) = (options.get_host(), options.get_port());
                let name = options.get_database().unwrap_or_default();
                match options.get_socket() {
                    Some(folder) => write!(f, "postgres:///{name}?host={}", folder.display()),
                    None if host.contains(':') => write!(f, "postgres://[{host}]:{port}/{name}"),
                    None => write!(f, "postgres://{host}:{port}/{name}"),
                }
            }
        }
    }
}

impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}
