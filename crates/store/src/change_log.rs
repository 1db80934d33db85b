//! The log that every index follows: what was added or taken away, in the order of commits. A
//! change is appended in the transaction that makes it, so there is never one without the other.
//! Says nothing about how far an index has come; each keeps its own cursor.

use super::Store;
use super::db::{Tx, execute, on};
use chrono::{DateTime, Utc};
use ragd_core::domain::{DocumentId, MessageId, PassageKind};
use ragd_core::error::{Error, Result};
use uuid::Uuid;

/// Held by a Postgres transaction from its first append until its end, so that `seq` is given out
/// in the order of commits. Without it a reader could see 7, move its cursor past it, and never
/// see 6, which commits later. Any constant does; it must only be the same in every process.
const APPEND_LOCK: i64 = 0x7261_6764_6c6f_6701;

/// What an index has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeOp {
    /// Take up the passages of the subject's generation. They may be gone by now: a later change
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
        on!(self, |pool| sqlx::query_scalar(sql).fetch_one(pool))
    }

    /// The place of the newest change of a document; 0 when there has been none. What was said in
    /// rooms does not change it.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn corpus_generation(&self) -> Result<i64> {
        let sql = "SELECT COALESCE(MAX(seq), 0) FROM change_log WHERE subject_kind = 'document'";
        on!(self, |pool| sqlx::query_scalar(sql).fetch_one(pool))
    }

    /// At most `limit` changes after place `seq`, in order. Reading on from the last one's place
    /// misses nothing.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn changes_after(&self, seq: i64, limit: i64) -> Result<Vec<Change>> {
        let sql = "SELECT seq, op, subject_kind, subject_id, generation, created_at
             FROM change_log WHERE seq > $1 ORDER BY seq LIMIT $2";
        let rows: Vec<ChangeRow> = on!(self, |pool| {
            sqlx::query_as(sql).bind(seq).bind(limit).fetch_all(pool)
        })?;
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
            execute!(
                self,
                sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(APPEND_LOCK)
            )?;
        }
        let sql = "INSERT INTO change_log (op, subject_kind, subject_id, generation, created_at)
             VALUES ($1, $2, $3, $4, $5)";
        for change in changes {
            let (kind, id) = subject_columns(change.subject);
            execute!(
                self,
                sqlx::query(sql)
                    .bind(op_word(change.op))
                    .bind(kind)
                    .bind(id)
                    .bind(change.generation)
                    .bind(now)
            )?;
        }
        Ok(())
    }
}

fn change(row: ChangeRow) -> Result<Change> {
    let unreadable = || Error::internal("the change log holds an entry of an unknown kind");
    let subject = match PassageKind::parse(&row.subject_kind).ok_or_else(unreadable)? {
        PassageKind::Document => Subject::Document(DocumentId::from_uuid(row.subject_id)),
        PassageKind::Message => Subject::Message(MessageId::from_uuid(row.subject_id)),
    };
    let op = [ChangeOp::Upsert, ChangeOp::Delete]
        .into_iter()
        .find(|op| op_word(*op) == row.op)
        .ok_or_else(unreadable)?;
    Ok(Change {
        seq: row.seq,
        op,
        subject,
        generation: row.generation,
        created_at: row.created_at,
    })
}

const fn op_word(op: ChangeOp) -> &'static str {
    match op {
        ChangeOp::Upsert => "upsert",
        ChangeOp::Delete => "delete",
    }
}

const fn subject_columns(subject: Subject) -> (&'static str, Uuid) {
    match subject {
        Subject::Document(id) => (PassageKind::Document.as_str(), id.uuid()),
        Subject::Message(id) => (PassageKind::Message.as_str(), id.uuid()),
    }
}
