//! Turns what sqlx reports into the crate's errors, by kind: constraint names and messages differ
//! between the two databases, kinds do not. Decides nothing about what a conflict means; the place
//! that knows says so with [`on_conflict`].

use ragd_core::error::{Error, ErrorKind};
use sqlx::error::ErrorKind as SqlKind;

/// The crate's error for `error`.
pub(super) fn from_sqlx(error: sqlx::Error) -> Error {
    let translated = match &error {
        sqlx::Error::PoolTimedOut => Error::unavailable(
            "database unavailable: the connection pool gave no connection in time",
        ),
        sqlx::Error::PoolClosed => {
            Error::unavailable("database unavailable: the connection pool is closed")
        }
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::WorkerCrashed => {
            Error::unavailable("database unavailable: the connection failed")
        }
        sqlx::Error::Database(fault) if fault.kind() == SqlKind::UniqueViolation => {
            Error::new(ErrorKind::Conflict, "there is one like it already")
        }
        sqlx::Error::Database(fault) if is_outage(fault.code().as_deref().unwrap_or_default()) => {
            Error::unavailable(format!("database unavailable: {}", fault.message()))
        }
        _ => Error::internal("the database refused a statement"),
    };
    translated.with_source(error)
}

/// Gives a conflict the words of the place that knows what it is about; leaves other errors alone.
pub(super) fn on_conflict(message: &'static str) -> impl FnOnce(Error) -> Error {
    move |error| match error.kind() {
        ErrorKind::Conflict => Error::new(ErrorKind::Conflict, message).with_source(error),
        _ => error,
    }
}

/// Whether trying later can help. Postgres gives an SQLSTATE of five characters (its manual,
/// appendix A), SQLite a decimal result code of at most four, whose low byte is the primary one.
fn is_outage(code: &str) -> bool {
    if code.len() == 5 {
        // Connection trouble, resources used up, shutting down; deadlock and lock timeouts.
        let class = ["08", "53", "57P"]
            .iter()
            .any(|class| code.starts_with(class));
        return class || matches!(code, "40P01" | "40001" | "55P03");
    }
    // BUSY, LOCKED, IOERR, FULL, CANTOPEN.
    code.parse::<u32>()
        .is_ok_and(|code| matches!(code & 0xff, 5 | 6 | 10 | 13 | 14))
}

#[cfg(test)]
mod tests {
    use super::is_outage;

    #[test]
    fn outages_are_distinguished_from_faults() {
        for code in [
            "08006", "53300", "57P01", "40P01", "5", "261", "517", "13", "14",
        ] {
            assert!(is_outage(code), "{code}");
        }
        for code in ["23505", "42P01", "57014", "22021", "1", "2067", "1555", ""] {
            assert!(!is_outage(code), "{code}");
        }
    }
}
