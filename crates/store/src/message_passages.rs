//! The passages of messages. Their text stays where it is sealed, in the table of messages: a
//! passage says which part of it it is, and its own columns of text are empty. A deletion of the
//! room wins over a commit that comes later.

use super::Store;
use super::bind::vector_to_bytes;
use super::change_log::{ChangeOp, NewChange, Subject};
use super::db::{Tx, execute, on, on_tx};
use super::passage_rows::{PassageRow, passage_columns};
use super::passages::{of_model, vector_of};
use chrono::{DateTime, Utc};
use ragd_core::domain::{
    JobProgress, Lease, MessageId, OwnerId, Passage, PassageKind, PassageSource, RoomId,
};
use ragd_core::error::{Error, Result};
use sqlx::QueryBuilder;

/// The generation of every message: what was said does not change.
pub const MESSAGE_GENERATION: i64 = 1;
/// How many rows one INSERT takes.
const ROWS_PER_INSERT: usize = 100;

/// Which message becomes findable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessagePlace {
    /// The message.
    pub message: MessageId,
    /// Its room.
    pub room: RoomId,
    /// Their owner.
    pub owner: OwnerId,
}

/// What became of a message's passages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageOutcome {
    /// They are stored, and the indexes are told.
    Committed,
    /// The message is gone; nothing was changed.
    Deleted,
    /// The lease of the job is lost; nothing was changed.
    LeaseLost,
}

impl Store {
    /// Stores the passages of a message, in place of any that are there, and tells the indexes, if
    /// the lease of the job that made them still holds. Their text is not stored.
    ///
    /// # Errors
    /// `Internal` when a passage is not of this message; `Unavailable` without a database. Nothing
    /// was changed then.
    pub async fn commit_message_of_job(
        &self,
        (place, passages): (MessagePlace, &[Passage]),
        lease: Lease,
        now: DateTime<Utc>,
    ) -> Result<MessageOutcome> {
        for passage in passages {
            check(place, passage)?;
        }
        let mut tx = self.begin().await?;
        // The room's row first, as in every transaction that takes both.
        if !tx.hold_room(place.room, place.owner).await? || !tx.has_message(place).await? {
            return Ok(MessageOutcome::Deleted);
        }
        if !tx
            .checkpoint(lease, &JobProgress::of("index", 0, 1))
            .await?
        {
            return Ok(MessageOutcome::LeaseLost);
        }
        let sql = "DELETE FROM passages WHERE message_id = $1";
        execute!(&mut tx, sqlx::query(sql).bind(place.message.uuid()))?;
        for rows in passages.chunks(ROWS_PER_INSERT) {
            tx.insert_parts(place, rows).await?;
        }
        let change = NewChange {
            op: ChangeOp::Upsert,
            subject: Subject::Message(place.message),
            generation: Some(MESSAGE_GENERATION),
        };
        tx.append_changes(&[change], now).await?;
        tx.commit().await?;
        Ok(MessageOutcome::Committed)
    }

    /// The passages of a message with the vectors that `model` made, by place, without their text;
    /// empty when the message is gone.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn message_passages(
        &self,
        message: MessageId,
        model: Option<&str>,
    ) -> Result<Vec<Passage>> {
        let sql = concat!(
            "SELECT ",
            passage_columns!(),
            ", ",
            vector_of!("$2"),
            " FROM passages p WHERE p.message_id = $1 ORDER BY p.ordinal"
        );
        let rows: Vec<PassageRow> = on!(self, |pool| {
            let query = sqlx::query_as(sql).bind(message.uuid()).bind(model);
            query.fetch_all(pool)
        })?;
        rows.into_iter().map(|row| of_model(row, model)).collect()
    }
}

impl Tx {
    async fn has_message(&mut self, place: MessagePlace) -> Result<bool> {
        let sql = "SELECT COUNT(*) FROM messages
             WHERE id = $1 AND room_id = $2 AND owner_id = $3";
        let count: i64 = on_tx!(self, |c| {
            sqlx::query_scalar(sql)
                .bind(place.message.uuid())
                .bind(place.room.uuid())
                .bind(place.owner.uuid())
                .fetch_one(c)
        })?;
        Ok(count > 0)
    }

    async fn insert_parts(&mut self, place: MessagePlace, rows: &[Passage]) -> Result<()> {
        on_tx!(self, |c| {
            let mut insert = QueryBuilder::new(
                "INSERT INTO passages (id, owner_id, kind, message_id, room_id, generation, ordinal,
                     char_start, char_end, content_sha256, model, created_at, heading, content,
                     embedding) ",
            );
            insert.push_values(rows, |mut row, passage| {
                let model: Option<&str> = passage.model.as_deref();
                row.push_bind(passage.id.uuid())
                    .push_bind(place.owner.uuid())
                    .push_bind(PassageKind::Message.as_str())
                    .push_bind(place.message.uuid())
                    .push_bind(place.room.uuid())
                    .push_bind(MESSAGE_GENERATION)
                    .push_bind(passage.ordinal)
                    .push_bind(passage.char_start)
                    .push_bind(passage.char_end)
                    .push_bind(passage.text_hash().0.to_vec())
                    .push_bind(model)
                    .push_bind(passage.created_at)
                    .push("''")
                    .push("''")
                    .push_bind(passage.embedding.as_deref().map(vector_to_bytes));
            });
            async move { insert.build().persistent(false).execute(c).await.map(drop) }
        })
    }
}

fn check(place: MessagePlace, passage: &Passage) -> Result<()> {
    let same_message = matches!(
        passage.source,
        PassageSource::Message { message, room } if (message, room) == (place.message, place.room)
    );
    let whole = passage.model.is_some() == passage.embedding.is_some();
    let same_owner = passage.owner == place.owner;
    if same_message && same_owner && whole && passage.generation == MESSAGE_GENERATION {
        return Ok(());
    }
    Err(Error::internal(format!(
        "passage {} is not one of message {}, or has a vector without a model",
        passage.id, place.message
    )))
}
