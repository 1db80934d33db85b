//! The table of messages. Their content is sealed and opened elsewhere: this file sees bytes,
//! and holds no key.

use super::Store;
use super::keyset::Keyset;
use super::param::params;
use super::sql::{page_sql, sql};
use super::tx::Tx;
use chrono::{DateTime, Utc};
use ragd_core::domain::{
    JobPayload, Lane, Message, MessageId, MessageStatus, NewJob, OwnerId, Page, PageRequest, Role,
    RoomId,
};
use ragd_core::error::{Error, Result};
use uuid::Uuid;

/// How often it is tried to make a message findable.
const MESSAGE_ATTEMPTS: i64 = 5;

/// The columns of a [`MessageRow`].
const MESSAGE_COLUMNS: &str = "id, room_id, owner_id, role, status, created_at, content, details";

/// A message whose content and details are sealed envelopes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedMessage {
    /// Its id; a room's messages are in the order of theirs.
    pub id: MessageId,
    /// The room that it is in.
    pub room: RoomId,
    /// Who owns the room.
    pub owner: OwnerId,
    /// Who speaks.
    pub role: Role,
    /// Whether it is whole.
    pub status: MessageStatus,
    /// The sealed [`ragd_core::domain::Message::content`].
    pub content: Vec<u8>,
    /// The sealed [`ragd_core::domain::Message::details`].
    pub details: Vec<u8>,
    /// When it was said.
    pub created_at: DateTime<Utc>,
}

#[derive(sqlx::FromRow)]
pub(super) struct MessageRow {
    id: Uuid,
    room_id: Uuid,
    owner_id: Uuid,
    role: String,
    status: String,
    created_at: DateTime<Utc>,
    content: Vec<u8>,
    details: Vec<u8>,
}

impl MessageRow {
    pub(super) fn into_message(self) -> Result<SealedMessage> {
        let unreadable =
            |what| Error::internal(format!("a stored message has an unreadable {what}"));
        Ok(SealedMessage {
            id: MessageId::from_uuid(self.id),
            room: RoomId::from_uuid(self.room_id),
            owner: OwnerId::from_uuid(self.owner_id),
            role: self.role.parse().map_err(|_| unreadable("role"))?,
            status: self.status.parse().map_err(|_| unreadable("status"))?,
            content: self.content,
            details: self.details,
            created_at: self.created_at,
        })
    }
}

impl Store {
    /// Adds messages to a room, all or none, and notes in the room that it was used. For each one
    /// that the room remembers, the job that makes it findable is enqueued in the same transaction.
    ///
    /// # Errors
    /// `NotFound` when `owner` has no such room; `Internal` when a message says another room or
    /// owner; `Conflict` when one is there already; `Unavailable` without a database.
    pub async fn append_messages(
        &self,
        room: RoomId,
        owner: OwnerId,
        messages: &[SealedMessage],
        now: DateTime<Utc>,
    ) -> Result<()> {
        if messages.iter().any(|m| m.room != room || m.owner != owner) {
            return Err(Error::internal("a message belongs to another room"));
        }
        let mut tx = self.begin().await?;
        if !tx.touch_room(room, owner, now).await? {
            return Err(Error::not_found("room: not found"));
        }
        for message in messages {
            tx.insert_message(message).await?;
        }
        for message in messages {
            if Message::is_remembered(message.role, message.status) {
                tx.enqueue(&memory_job(message), now).await?;
            }
        }
        tx.commit().await
    }

    /// The last `limit` messages of a room, oldest first; empty when it is not `owner`'s.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn recent_messages(
        &self,
        room: RoomId,
        owner: OwnerId,
        limit: i64,
    ) -> Result<Vec<SealedMessage>> {
        let sql = sql!(
            "SELECT {MESSAGE_COLUMNS} FROM messages WHERE room_id = $1 AND owner_id = $2
             ORDER BY id DESC LIMIT $3"
        );
        let rows: Vec<MessageRow> = self
            .db
            .query(sql, params![room.uuid(), owner.uuid(), limit])
            .all()
            .await?;
        rows.into_iter()
            .rev()
            .map(MessageRow::into_message)
            .collect()
    }

    /// A page of a room's messages; empty when it is not `owner`'s.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn list_messages(
        &self,
        room: RoomId,
        owner: OwnerId,
        page: PageRequest,
    ) -> Result<Page<SealedMessage>> {
        let keyset = Keyset::of(&page);
        let sql = page_sql!(
            keyset,
            "SELECT {MESSAGE_COLUMNS} FROM messages
             WHERE room_id = $1 AND owner_id = $2 AND id > $3 AND id < $4
             ORDER BY id {order} LIMIT $5"
        );
        let rows: Vec<MessageRow> = self
            .db
            .query(
                sql,
                params![
                    room.uuid(),
                    owner.uuid(),
                    keyset.above,
                    keyset.below,
                    keyset.rows()
                ],
            )
            .all()
            .await?;
        let Page { data, has_more } = keyset.page(rows);
        let data: Result<_> = data.into_iter().map(MessageRow::into_message).collect();
        Ok(Page {
            data: data?,
            has_more,
        })
    }

    /// The message `id`, if it is `owner`'s.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn message(&self, id: MessageId, owner: OwnerId) -> Result<Option<SealedMessage>> {
        let sql = sql!("SELECT {MESSAGE_COLUMNS} FROM messages WHERE id = $1 AND owner_id = $2");
        let row: Option<MessageRow> = self
            .db
            .query(sql, params![id.uuid(), owner.uuid()])
            .optional()
            .await?;
        row.map(MessageRow::into_message).transpose()
    }

    /// The sealed contents of those of `ids` that are there, in no order. Whose they are is no part
    /// of the question: a content opens for its owner alone.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn sealed_contents(&self, ids: &[MessageId]) -> Result<Vec<(MessageId, Vec<u8>)>> {
        let sql = self.db.dialect(
            "SELECT id, content FROM messages
             WHERE id IN (SELECT unhex(value) FROM json_each($1))",
            "SELECT id, content FROM messages WHERE id = ANY ($1)",
        );
        let wanted: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
        let rows: Vec<(Uuid, Vec<u8>)> = self.db.query(sql, params![wanted]).all().await?;
        let rows = rows.into_iter();
        Ok(rows
            .map(|(id, content)| (MessageId::from_uuid(id), content))
            .collect())
    }
}

/// The job that makes a message findable.
fn memory_job(message: &SealedMessage) -> NewJob {
    NewJob {
        owner: message.owner,
        payload: JobPayload::Message(message.id),
        lane: Lane::HighPriority,
        run_at: None,
        max_attempts: MESSAGE_ATTEMPTS,
        dedupe_key: Some(format!("message:{}", message.id)),
    }
}

impl Tx {
    async fn touch_room(
        &mut self,
        room: RoomId,
        owner: OwnerId,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let sql = "UPDATE rooms SET updated_at = $3 WHERE id = $1 AND owner_id = $2";
        let touched = self
            .query(sql, params![room.uuid(), owner.uuid(), now])
            .execute()
            .await?;
        Ok(touched > 0)
    }

    pub(super) async fn insert_message(&mut self, message: &SealedMessage) -> Result<()> {
        let sql = "INSERT INTO messages
                 (id, room_id, owner_id, role, status, created_at, content, details)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        self.query(
            sql,
            params![
                message.id.uuid(),
                message.room.uuid(),
                message.owner.uuid(),
                message.role.as_str(),
                message.status.as_str(),
                message.created_at,
                message.content.as_slice(),
                message.details.as_slice()
            ],
        )
        .execute()
        .await?;
        Ok(())
    }
}
