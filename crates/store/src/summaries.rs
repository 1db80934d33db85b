//! Summaries of old messages, and what of a conversation is live: the newest summary and the
//! messages after those that it stands for. The originals stay where they are.

use super::Store;
use super::messages::{MessageRow, SealedMessage};
use super::param::params;
use super::sql::sql;
use chrono::{DateTime, Utc};
use ragd_core::domain::{JobProgress, Lease, MessageId, OwnerId, RoomId};
use ragd_core::error::{Error, Result};
use uuid::Uuid;

/// The columns of a [`MessageRow`] of a table called `m`.
const MESSAGE_COLUMNS: &str =
    "m.id, m.room_id, m.owner_id, m.role, m.status, m.created_at, m.content, m.details";

/// That message `m` of room `room` is no summary and that no summary stands for it; `nil` is the
/// placeholder of the nil id.
fn not_summed_up(room: &str, nil: &str) -> String {
    format!(
        "m.id > COALESCE((SELECT to_id FROM summaries WHERE summaries.room_id = {room}
             ORDER BY to_id DESC LIMIT 1), {nil})
         AND NOT EXISTS (SELECT 1 FROM summaries WHERE summaries.message_id = m.id)"
    )
}

/// What of a conversation goes into a prompt.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LiveTail {
    /// Stands for everything before the messages.
    pub summary: Option<SealedMessage>,
    /// The last messages, oldest first.
    pub messages: Vec<SealedMessage>,
}

/// A summary and what it stands for.
#[derive(Debug, Clone)]
pub struct NewSummary {
    /// The summary as a message of its room.
    pub message: SealedMessage,
    /// The first message that it stands for.
    pub from: MessageId,
    /// The last one.
    pub to: MessageId,
    /// How many they are.
    pub count: i64,
}

#[derive(sqlx::FromRow)]
struct TailRow {
    #[sqlx(flatten)]
    message: MessageRow,
    sums_up: bool,
}

impl Store {
    /// The newest summary of a room and the last `limit` messages that it does not stand for; empty
    /// when the room is not `owner`'s.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn live_tail(&self, room: RoomId, owner: OwnerId, limit: i64) -> Result<LiveTail> {
        let sql = sql!(
            "SELECT * FROM (SELECT {MESSAGE_COLUMNS}, TRUE AS sums_up
             FROM summaries JOIN messages m ON m.id = summaries.message_id
             WHERE summaries.room_id = $1 AND m.owner_id = $2
             ORDER BY summaries.to_id DESC LIMIT 1) AS newest
             UNION ALL
             SELECT * FROM (SELECT {MESSAGE_COLUMNS}, FALSE AS sums_up FROM messages m
             WHERE m.room_id = $1 AND m.owner_id = $2 AND {not_summed_up}
             ORDER BY m.id DESC LIMIT $3) AS tail",
            not_summed_up = not_summed_up("$1", "$4")
        );
        let rows: Vec<TailRow> = self
            .db
            .query(sql, params![room.uuid(), owner.uuid(), limit, Uuid::nil()])
            .all()
            .await?;
        let mut tail = LiveTail::default();
        for row in rows {
            let message = row.message.into_message()?;
            if row.sums_up {
                tail.summary = Some(message);
            } else {
                tail.messages.push(message);
            }
        }
        tail.messages.sort_unstable_by_key(|message| message.id);
        Ok(tail)
    }

    /// The first `limit` messages of a room from before `before` that no summary stands for.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn messages_to_sum_up(
        &self,
        room: RoomId,
        owner: OwnerId,
        before: DateTime<Utc>,
        limit: i64,
    ) -> Result<Vec<SealedMessage>> {
        let sql = sql!(
            "SELECT {MESSAGE_COLUMNS} FROM messages m
             WHERE m.room_id = $1 AND m.owner_id = $2 AND m.created_at < $3 AND {not_summed_up}
             ORDER BY m.id LIMIT $4",
            not_summed_up = not_summed_up("$1", "$5")
        );
        let rows: Vec<MessageRow> = self
            .db
            .query(
                sql,
                params![room.uuid(), owner.uuid(), before, limit, Uuid::nil()],
            )
            .all()
            .await?;
        rows.into_iter().map(MessageRow::into_message).collect()
    }

    /// At most `limit` rooms after `after`, in the order of their ids, with messages from before
    /// `before` that no summary stands for.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn rooms_to_sum_up(
        &self,
        before: DateTime<Utc>,
        after: RoomId,
        limit: i64,
    ) -> Result<Vec<(RoomId, OwnerId)>> {
        let sql = sql!(
            "SELECT rooms.id, rooms.owner_id FROM rooms
             WHERE rooms.id > $2 AND rooms.created_at < $1 AND EXISTS (
                 SELECT 1 FROM messages m
                 WHERE m.room_id = rooms.id AND m.created_at < $1 AND {not_summed_up})
             ORDER BY rooms.id LIMIT $3",
            not_summed_up = not_summed_up("rooms.id", "$4")
        );
        let rows: Vec<(Uuid, Uuid)> = self
            .db
            .query(sql, params![before, after.uuid(), limit, Uuid::nil()])
            .all()
            .await?;
        let rooms = rows.into_iter();
        Ok(rooms
            .map(|(room, owner)| (RoomId::from_uuid(room), OwnerId::from_uuid(owner)))
            .collect())
    }

    /// Adds a summary, under the lease of the job that made it. It is no use of the room. `false`:
    /// the lease is lost, and nothing was added.
    ///
    /// # Errors
    /// `Internal` when the message is not of the room; `Conflict` when there is a summary from this
    /// message on; `Unavailable` without a database.
    pub async fn add_summary(
        &self,
        new: &NewSummary,
        lease: Lease,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        if new.from > new.to || new.message.id <= new.to {
            return Err(Error::internal("a summary stands for what is before it"));
        }
        let mut tx = self.begin().await?;
        let progress = JobProgress::of("summarise", new.count, new.count);
        if !tx.checkpoint(lease, &progress).await? {
            return Ok(false);
        }
        tx.insert_message(&new.message).await?;
        let sql =
            "INSERT INTO summaries (message_id, room_id, from_id, to_id, messages, created_at)
             VALUES ($1, $2, $3, $4, $5, $6)";
        tx.query(
            sql,
            params![
                new.message.id.uuid(),
                new.message.room.uuid(),
                new.from.uuid(),
                new.to.uuid(),
                new.count,
                now
            ],
        )
        .execute()
        .await?;
        tx.commit().await?;
        Ok(true)
    }
}
