//! One statement on its way to the database: run, timed, logged when it was slow, its error
//! translated, its rows decoded. What waits for the database is compiled once, not at each place that
//! has a statement; only the decoding knows the type of a row.

use super::fault::from_sqlx;
use super::param::{Param, encode};
use ragd_core::error::Result;
use sqlx::database::HasStatementCache;
use sqlx::error::BoxDynError;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{
    Database, Executor, FromRow, IntoArguments, Pool, Postgres, SqlSafeStr, SqlStr, Sqlite,
};
use std::panic::Location;
use std::pin::Pin;
use std::time::{Duration, Instant};

/// What can be read from a row of either database.
pub(super) trait Record:
    for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow>
{
}

impl<T> Record for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> {}

/// Where a statement runs.
pub(super) enum Link<'c, D: Database> {
    /// On a connection of its own.
    Pool(&'c Pool<D>),
    /// In a transaction.
    Open(&'c mut D::Connection),
}

/// Where a statement runs, of either database.
pub(super) enum AnyLink<'c> {
    Sqlite(Link<'c, Sqlite>),
    Postgres(Link<'c, Postgres>),
}

/// A statement with its values, not yet run.
pub(super) struct Statement<'c> {
    bound: AnyBound<'c>,
    text: Text,
    timer: Timer,
}

struct Text {
    sql: SqlStr,
    /// Whether the database keeps it prepared.
    kept: bool,
}

struct Bound<'c, D: Database> {
    link: Link<'c, D>,
    arguments: Result<D::Arguments, BoxDynError>,
}

enum AnyBound<'c> {
    Sqlite(Bound<'c, Sqlite>),
    Postgres(Bound<'c, Postgres>),
}

enum Rows {
    Sqlite(Vec<SqliteRow>),
    Postgres(Vec<PgRow>),
}

impl<'c> Statement<'c> {
    /// A statement whose text is constant, or made of constants and placeholders alone.
    #[track_caller]
    pub(super) fn new(
        link: AnyLink<'c>,
        sql: impl SqlSafeStr,
        params: &[Param<'_>],
        slow_after: Duration,
    ) -> Self {
        let bound = match link {
            AnyLink::Sqlite(link) => AnyBound::Sqlite(Bound {
                link,
                arguments: encode::<Sqlite>(params),
            }),
            AnyLink::Postgres(link) => AnyBound::Postgres(Bound {
                link,
                arguments: encode::<Postgres>(params),
            }),
        };
        let sql = sql.into_sql_str();
        Self {
            bound,
            text: Text { sql, kept: true },
            timer: Timer::start("statement", slow_after),
        }
    }

    /// Whether the database keeps the statement prepared: not one that hardly comes again.
    pub(super) fn kept(mut self, kept: bool) -> Self {
        self.text.kept = kept;
        self
    }

    /// Runs it, and returns how many rows it touched.
    pub(super) fn execute(self) -> Pin<Box<dyn Future<Output = Result<u64>> + Send + 'c>> {
        let Self { bound, text, timer } = self;
        Box::pin(async move {
            let outcome = match bound {
                AnyBound::Sqlite(bound) => {
                    bound.execute(text).await.map(|done| done.rows_affected())
                }
                AnyBound::Postgres(bound) => {
                    bound.execute(text).await.map(|done| done.rows_affected())
                }
            };
            timer.finish(outcome)
        })
    }

    /// Runs it, and returns every row.
    pub(super) async fn all<R: Record>(self) -> Result<Vec<R>> {
        self.fetch().await?.decode()
    }

    /// Runs it, and returns the first row, if there is one.
    pub(super) async fn optional<R: Record>(self) -> Result<Option<R>> {
        self.fetch().await?.decode_first()
    }

    /// Runs it, and returns the first row; it is an error when there is no row.
    pub(super) async fn one<R: Record>(self) -> Result<R> {
        let row = self.optional().await?;
        row.ok_or_else(|| from_sqlx(sqlx::Error::RowNotFound))
    }

    /// As [`Statement::all`], of rows with one column.
    pub(super) async fn scalars<T>(self) -> Result<Vec<T>>
    where
        (T,): Record,
    {
        let rows: Vec<(T,)> = self.all().await?;
        Ok(rows.into_iter().map(|(value,)| value).collect())
    }

    /// As [`Statement::optional`], of a row with one column.
    pub(super) async fn optional_scalar<T>(self) -> Result<Option<T>>
    where
        (T,): Record,
    {
        let row: Option<(T,)> = self.optional().await?;
        Ok(row.map(|(value,)| value))
    }

    /// As [`Statement::one`], of a row with one column.
    pub(super) async fn scalar<T>(self) -> Result<T>
    where
        (T,): Record,
    {
        let (value,) = self.one().await?;
        Ok(value)
    }

    // Boxed: taking a connection is a future of 29 kB, which every caller would carry.
    fn fetch(self) -> Pin<Box<dyn Future<Output = Result<Rows>> + Send + 'c>> {
        let Self { bound, text, timer } = self;
        Box::pin(async move {
            let outcome = match bound {
                AnyBound::Sqlite(bound) => bound.fetch(text).await.map(Rows::Sqlite),
                AnyBound::Postgres(bound) => bound.fetch(text).await.map(Rows::Postgres),
            };
            timer.finish(outcome)
        })
    }
}

impl<D: Database> Bound<'_, D>
where
    D: HasStatementCache,
    for<'e> &'e mut D::Connection: Executor<'e, Database = D>,
    D::Arguments: IntoArguments<D>,
{
    async fn execute(self, text: Text) -> sqlx::Result<D::QueryResult> {
        let arguments = self.arguments.map_err(sqlx::Error::Encode)?;
        let query = sqlx::query_with(text.sql, arguments).persistent(text.kept);
        match self.link {
            Link::Pool(pool) => query.execute(&mut *pool.acquire().await?).await,
            Link::Open(connection) => query.execute(connection).await,
        }
    }

    async fn fetch(self, text: Text) -> sqlx::Result<Vec<D::Row>> {
        let arguments = self.arguments.map_err(sqlx::Error::Encode)?;
        let query = sqlx::query_with(text.sql, arguments).persistent(text.kept);
        match self.link {
            Link::Pool(pool) => query.fetch_all(&mut *pool.acquire().await?).await,
            Link::Open(connection) => query.fetch_all(connection).await,
        }
    }
}

impl Rows {
    fn decode<R: Record>(self) -> Result<Vec<R>> {
        let rows: sqlx::Result<Vec<R>> = match self {
            Self::Sqlite(rows) => rows.iter().map(R::from_row).collect(),
            Self::Postgres(rows) => rows.iter().map(R::from_row).collect(),
        };
        rows.map_err(from_sqlx)
    }

    fn decode_first<R: Record>(self) -> Result<Option<R>> {
        let row = match self {
            Self::Sqlite(rows) => rows.first().map(R::from_row),
            Self::Postgres(rows) => rows.first().map(R::from_row),
        };
        row.transpose().map_err(from_sqlx)
    }
}

/// Times what the database is asked to do, and logs it when that was slow.
pub(super) struct Timer {
    what: &'static str,
    place: &'static Location<'static>,
    slow_after: Duration,
    started: Instant,
}

impl Timer {
    /// Starts to time `what`; the place in the log is the caller's.
    #[track_caller]
    pub(super) fn start(what: &'static str, slow_after: Duration) -> Self {
        Self {
            what,
            place: Location::caller(),
            slow_after,
            started: Instant::now(),
        }
    }

    /// Logs what was slow, and translates the error.
    pub(super) fn finish<T>(self, outcome: sqlx::Result<T>) -> Result<T> {
        self.log_if_slow();
        outcome.map_err(from_sqlx)
    }

    fn log_if_slow(&self) {
        let elapsed = self.started.elapsed();
        if elapsed >= self.slow_after {
            let elapsed_ms = elapsed.as_secs_f64() * 1_000.0;
            let (what, place) = (
                self.what,
                format!("{}:{}", self.place.file(), self.place.line()),
            );
            tracing::warn!(
                db.statement_at = place,
                elapsed_ms,
                "slow query: {elapsed_ms:.1} ms for the {what} at {place}"
            );
        }
    }
}
