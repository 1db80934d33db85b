//! The passages of messages. Their text stays where it is sealed, in the table of messages: a
//! passage says which part of it it is, and its own columns of text are empty. A deletion of the
//! room wins over a commit that comes later.

use super::Store;
use super::bind::vector_to_bytes;
use super::change_log::{ChangeOp, NewChange, Subject};
use super::param::{Param, params};
use super::passage_rows::{PASSAGE_COLUMNS, PassageRow};
use super::passages::{of_model, vector_of};
use super::sql::sql;
use super::tx::{Batch, Tx};
use chrono::{DateTime, Utc};
use ragd_core::domain::{
    JobProgress, Lease, MessageId, OwnerId, Passage, PassageKind, PassageSource, RoomId,
};
use ragd_core::error::{Error, Result};

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
    /// They are stored, with a change for the indexes.
    Committed,
    /// The message is gone; nothing was changed.
    Deleted,
    /// The lease of the job is lost; nothing was changed.
    LeaseLost,
}

impl Store {
    /// Stores the passages of a message, in place of any that are there, and appends the change for
    /// the indexes, if the lease of the job that made them still holds. Their text is not stored.
    ///
    /// # Errors
    /// `Internal` when a passage is not of this message; `Unavailable` without a database. Nothing
    /// was changed then.
    pub async fn commit_message_of_job(
        &self,
        place: MessagePlace,
        passages: &[Passage],
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
        tx.query(sql, params![place.message.uuid()])
            .execute()
            .await?;
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
        let sql = sql!(
            "SELECT {PASSAGE_COLUMNS}, {vector_of} FROM passages p
             WHERE p.message_id = $1 ORDER BY p.ordinal",
            vector_of = vector_of("$2")
        );
        let rows: Vec<PassageRow> = self
            .db
            .query(sql, params![message.uuid(), model])
            .all()
            .await?;
        rows.into_iter().map(|row| of_model(row, model)).collect()
    }
}

impl Tx {
    async fn has_message(&mut self, place: MessagePlace) -> Result<bool> {
        let sql = "SELECT COUNT(*) FROM messages
             WHERE id = $1 AND room_id = $2 AND owner_id = $3";
        let count: i64 = self
            .query(
                sql,
                params![place.message.uuid(), place.room.uuid(), place.owner.uuid()],
            )
            .scalar()
            .await?;
        Ok(count > 0)
    }

    async fn insert_parts(&mut self, place: MessagePlace, rows: &[Passage]) -> Result<()> {
        let mut params = Vec::with_capacity(15 * rows.len());
        for passage in rows {
            params.extend([
                Param::from(passage.id.uuid()),
                place.owner.uuid().into(),
                PassageKind::Message.as_str().into(),
                place.message.uuid().into(),
                place.room.uuid().into(),
                MESSAGE_GENERATION.into(),
                passage.ordinal.into(),
                passage.char_start.into(),
                passage.char_end.into(),
                passage.text_hash().0.to_vec().into(),
                passage.model.as_deref().into(),
                passage.created_at.into(),
                "".into(),
                "".into(),
                passage.embedding.as_deref().map(vector_to_bytes).into(),
            ]);
        }
        let batch = Batch {
            before: "INSERT INTO passages (id, owner_id, kind, message_id, room_id, generation,
                     ordinal, char_start, char_end, content_sha256, model, created_at, heading,
                     content, embedding) ",
            after: "",
            columns: 15,
            rows: rows.len(),
            params,
        };
        self.query_batch(&batch).kept(false).execute().await?;
        Ok(())
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
