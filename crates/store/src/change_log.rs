//! The log that every index follows: what was added or deleted, in the order of commits. A
//! change is appended in the transaction that makes it, so there is never one without the other.
//! Says nothing about how far an index has come; each keeps its own cursor.

use super::Store;
use super::param::params;
use super::tx::Tx;
use chrono::{DateTime, Utc};
use ragd_core::domain::{DocumentId, MessageId, PassageKind};
use ragd_core::error::{Error, Result};
use uuid::Uuid;

/// Held by a Postgres transaction from its first append until its end, so that `seq` is given out
/// in the order of commits. Without it a reader could see 7, move its cursor past it, and never
/// see 6, which commits later. Any constant does; it must only be the same in every process.
const APPEND_LOCK: i64 = 0x7261_6764_6c6f_6701;

/// What an index has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, strum::EnumString)]
#[strum(serialize_all = "lowercase")]
pub enum ChangeOp {
    /// Add the passages of the subject's generation. They may be deleted by now: a later change
    /// says so.
    Upsert,
    /// Drop the passages of the subject's generation, or all of them.
    Delete,
}

/// Whose passages changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A document's.
    Document(DocumentId),
    /// A message's.
    Message(MessageId),
}

/// One entry of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its place: larger than that of every change committed before. Numbers may be missing.
    pub seq: i64,
    /// What to do.
    pub op: ChangeOp,
    /// Whose passages.
    pub subject: Subject,
    /// Of which generation; `None`: of all.
    pub generation: Option<i64>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// A change before it has its place.
pub(super) struct NewChange {
    pub(super) op: ChangeOp,
    pub(super) subject: Subject,
    pub(super) generation: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct ChangeRow {
    seq: i64,
    op: String,
    subject_kind: String,
    subject_id: Uuid,
    generation: Option<i64>,
    created_at: DateTime<Utc>,
}

impl Store {
    /// The place of the newest change; 0 when there has been none.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn change_log_head(&self) -> Result<i64> {
        let sql = "SELECT COALESCE(MAX(seq), 0) FROM change_log";
        self.db.query(sql, params![]).scalar().await
    }

    /// The place of the newest change of a document; 0 when there has been none. What was said in
    /// rooms does not change it.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn corpus_generation(&self) -> Result<i64> {
        let sql = "SELECT COALESCE(MAX(seq), 0) FROM change_log WHERE subject_kind = 'document'";
        self.db.query(sql, params![]).scalar().await
    }

    /// At most `limit` changes after place `seq`, in order. Reading on from the last one's place
    /// misses nothing.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn changes_after(&self, seq: i64, limit: i64) -> Result<Vec<Change>> {
        let sql = "SELECT seq, op, subject_kind, subject_id, generation, created_at
             FROM change_log WHERE seq > $1 ORDER BY seq LIMIT $2";
        let rows: Vec<ChangeRow> = self.db.query(sql, params![seq, limit]).all().await?;
        rows.into_iter().map(change).collect()
    }
}

impl Tx {
    /// Appends changes. It comes last in a transaction: on Postgres it waits for other appenders,
    /// and a transaction that waited for anything else while it holds the log could deadlock.
    pub(super) async fn append_changes(
        &mut self,
        changes: &[NewChange],
        now: DateTime<Utc>,
    ) -> Result<()> {
        if self.is_postgres() && !changes.is_empty() {
            self.query("SELECT pg_advisory_xact_lock($1)", params![APPEND_LOCK])
                .execute()
                .await?;
        }
        let sql = "INSERT INTO change_log (op, subject_kind, subject_id, generation, created_at)
             VALUES ($1, $2, $3, $4, $5)";
        for change in changes {
            let (kind, id) = subject_columns(change.subject);
            self.query(
                sql,
                params![<&str>::from(change.op), kind, id, change.generation, now],
            )
            .execute()
            .await?;
        }
        Ok(())
    }
}

fn change(row: ChangeRow) -> Result<Change> {
    let unreadable = || Error::internal("the change log holds an entry of an unknown kind");
    let subject = match row.subject_kind.parse().map_err(|_| unreadable())? {
        PassageKind::Document => Subject::Document(DocumentId::from_uuid(row.subject_id)),
        PassageKind::Message => Subject::Message(MessageId::from_uuid(row.subject_id)),
    };
    Ok(Change {
        seq: row.seq,
        op: row.op.parse().map_err(|_| unreadable())?,
        subject,
        generation: row.generation,
        created_at: row.created_at,
    })
}

fn subject_columns(subject: Subject) -> (&'static str, Uuid) {
    match subject {
        Subject::Document(id) => (PassageKind::Document.as_str(), id.uuid()),
        Subject::Message(id) => (PassageKind::Message.as_str(), id.uuid()),
    }
}
