//! Statement texts made of constant parts. A text is put together once, from literals and constants
//! alone, so that no value of a caller can become part of one.

/// A statement made of constants: `sql!("SELECT {ROOM_COLUMNS} FROM rooms WHERE id = $1")`. The parts
/// are those of `format!`, but no variable is within its reach.
macro_rules! sql {
    ($($part:tt)*) => {{
        static TEXT: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| format!($($part)*));
        TEXT.as_str()
    }};
}

/// The statement that reads one page: `{order}` in the text is `ASC` or `DESC`, as the keyset says.
macro_rules! page_sql {
    ($keyset:expr, $text:literal $(, $name:ident = $part:expr)*) => {
        if $keyset.ascending {
            $crate::sql::sql!($text, order = "ASC" $(, $name = $part)*)
        } else {
            $crate::sql::sql!($text, order = "DESC" $(, $name = $part)*)
        }
    };
}

pub(super) use {page_sql, sql};

/// `VALUES (?, ?), (?, ?)`: `rows` rows of placeholders for SQLite, which counts them itself.
pub(super) fn sqlite_values(rows: usize, columns: usize) -> String {
    let row = format!("({})", vec!["?"; columns].join(", "));
    format!("VALUES {}", vec![row; rows].join(", "))
}

/// `VALUES ($3, $4), ($5, $6)`: `rows` rows of placeholders for Postgres, the first of which is
/// number `first`.
pub(super) fn postgres_values(rows: usize, columns: usize, first: usize) -> String {
    let row = |row: usize| {
        let numbers = (0..columns).map(|column| format!("${}", first + row * columns + column));
        format!("({})", numbers.collect::<Vec<_>>().join(", "))
    };
    let rows: Vec<String> = (0..rows).map(row).collect();
    format!("VALUES {}", rows.join(", "))
}

#[cfg(test)]
mod tests {
    use super::{postgres_values, sqlite_values};

    #[test]
    fn placeholders_are_counted() {
        assert_eq!(sqlite_values(2, 3), "VALUES (?, ?, ?), (?, ?, ?)");
        assert_eq!(postgres_values(2, 2, 3), "VALUES ($3, $4), ($5, $6)");
    }
}
