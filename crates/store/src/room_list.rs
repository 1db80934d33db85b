//! Rooms with what is in them: one, a list, and the end of one. A room goes with everything below
//! it, and every message of them that an index may hold is named in the change log.

use super::Store;
use super::change_log::{ChangeOp, NewChange, Subject};
use super::keyset::Keyset;
use super::param::params;
use super::rooms::{ROOM_COLUMNS, RoomRow};
use super::sql::{page_sql, sql};
use super::tx::Tx;
use chrono::{DateTime, Utc};
use ragd_core::domain::{JobKind, MessageId, OwnerId, Page, PageRequest, Room, RoomId, RoomKind};
use ragd_core::error::Result;
use uuid::Uuid;

/// A room, and how many messages it has.
#[derive(Debug, Clone)]
pub struct CountedRoom {
    /// The room.
    pub room: Room,
    /// How many messages are in it.
    pub messages: i64,
}

#[derive(sqlx::FromRow)]
struct CountedRow {
    #[sqlx(flatten)]
    room: RoomRow,
    messages: i64,
}

impl CountedRow {
    fn into_counted(self) -> Result<CountedRoom> {
        Ok(CountedRoom {
            room: self.room.into_room()?,
            messages: self.messages,
        })
    }
}

/// How many messages a room has.
const MESSAGE_COUNT: &str =
    "(SELECT COUNT(*) FROM messages m WHERE m.room_id = rooms.id) AS messages";

impl Store {
    /// The room `id` with its count of messages, if it is `owner`'s.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn counted_room(&self, id: RoomId, owner: OwnerId) -> Result<Option<CountedRoom>> {
        let sql = sql!(
            "SELECT {ROOM_COLUMNS}, {MESSAGE_COUNT} FROM rooms WHERE id = $1 AND owner_id = $2"
        );
        let row: Option<CountedRow> = self
            .db
            .query(sql, params![id.uuid(), owner.uuid()])
            .optional()
            .await?;
        row.map(CountedRow::into_counted).transpose()
    }

    /// A page of `owner`'s rooms; of one kind alone where one is named.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn list_rooms(
        &self,
        owner: OwnerId,
        kind: Option<RoomKind>,
        page: PageRequest,
    ) -> Result<Page<CountedRoom>> {
        let keyset = Keyset::of(&page);
        let sql = page_sql!(
            keyset,
            "SELECT {ROOM_COLUMNS}, {MESSAGE_COUNT} FROM rooms
             WHERE owner_id = $1 AND id > $2 AND id < $3 AND ($4 OR kind = $5)
             ORDER BY id {order} LIMIT $6"
        );
        let rows: Vec<CountedRow> = self
            .db
            .query(
                sql,
                params![
                    owner.uuid(),
                    keyset.above,
                    keyset.below,
                    kind.is_none(),
                    kind.map_or("", RoomKind::as_str),
                    keyset.rows()
                ],
            )
            .all()
            .await?;
        let Page { data, has_more } = keyset.page(rows);
        let data: Result<_> = data.into_iter().map(CountedRow::into_counted).collect();
        Ok(Page {
            data: data?,
            has_more,
        })
    }

    /// Deletes a room permanently, with its messages, their passages and every room below it. Work on
    /// its messages that is under way comes to nothing. `false` when it is not `owner`'s.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn delete_room(
        &self,
        id: RoomId,
        owner: OwnerId,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let mut tx = self.begin().await?;
        let rooms = tx.lock_rooms_down_from(id, owner).await?;
        if rooms.is_empty() {
            return Ok(false);
        }
        for room in &rooms {
            // A deleted session answers 404 to who comes back to it, and does not begin anew.
            tx.remember_deleted_session(*room, now).await?;
        }
        let gone = tx.findable_messages(rooms.clone()).await?;
        tx.call_off_messages(rooms.clone(), now).await?;
        let delete = tx.dialect(
            "DELETE FROM passages WHERE room_id IN (SELECT unhex(value) FROM json_each($1))",
            "DELETE FROM passages WHERE room_id = ANY ($1)",
        );
        tx.query(delete, params![rooms]).execute().await?;
        // Messages and the rooms below go with it.
        let sql = "DELETE FROM rooms WHERE id = $1";
        tx.query(sql, params![id.uuid()]).execute().await?;
        tx.append_changes(&gone, now).await?;
        tx.commit().await?;
        Ok(true)
    }
}

impl Tx {
    /// The room and all below it, level by level, each locked before its children are looked for:
    /// who makes a room below, or a message in one, holds it until the end.
    async fn lock_rooms_down_from(&mut self, id: RoomId, owner: OwnerId) -> Result<Vec<Uuid>> {
        let top = self.dialect(
            "SELECT id FROM rooms WHERE id = $1 AND owner_id = $2",
            "SELECT id FROM rooms WHERE id = $1 AND owner_id = $2 FOR UPDATE",
        );
        let mut level: Vec<Uuid> = self
            .query(top, params![id.uuid(), owner.uuid()])
            .scalars()
            .await?;
        let below = self.dialect(
            "SELECT id FROM rooms WHERE parent_id IN (SELECT unhex(value) FROM json_each($1))",
            "SELECT id FROM rooms WHERE parent_id = ANY ($1) ORDER BY id FOR UPDATE",
        );
        let mut rooms = Vec::new();
        while !level.is_empty() {
            rooms.extend(level.iter().copied());
            level = self.query(below, params![level]).scalars().await?;
        }
        Ok(rooms)
    }

    /// That each message of these rooms that has passages is to be forgotten.
    async fn findable_messages(&mut self, rooms: Vec<Uuid>) -> Result<Vec<NewChange>> {
        let sql = self.dialect(
            "SELECT DISTINCT message_id FROM passages
             WHERE room_id IN (SELECT unhex(value) FROM json_each($1))",
            "SELECT DISTINCT message_id FROM passages WHERE room_id = ANY ($1)",
        );
        let ids: Vec<Uuid> = self.query(sql, params![rooms]).scalars().await?;
        let gone = |id| NewChange {
            op: ChangeOp::Delete,
            subject: Subject::Message(MessageId::from_uuid(id)),
            generation: None,
        };
        Ok(ids.into_iter().map(gone).collect())
    }

    async fn call_off_messages(&mut self, rooms: Vec<Uuid>, now: DateTime<Utc>) -> Result<()> {
        let waiting = self.dialect(
            "UPDATE jobs SET state = 'cancelled', finished_at = $3, waiting_since = NULL
             WHERE state = 'ready' AND kind = $1 AND subject_id IN (SELECT id FROM messages
                 WHERE room_id IN (SELECT unhex(value) FROM json_each($2)))",
            "UPDATE jobs SET state = 'cancelled', finished_at = $3, waiting_since = NULL
             WHERE state = 'ready' AND kind = $1 AND subject_id IN (SELECT id FROM messages
                 WHERE room_id = ANY ($2))",
        );
        let kind = JobKind::Message.as_str();
        self.query(waiting, params![kind, rooms.clone(), now])
            .execute()
            .await?;
        let running = self.dialect(
            "UPDATE jobs SET cancel_requested = TRUE
             WHERE state = 'leased' AND kind = $1 AND subject_id IN (SELECT id FROM messages
                 WHERE room_id IN (SELECT unhex(value) FROM json_each($2)))",
            "UPDATE jobs SET cancel_requested = TRUE
             WHERE state = 'leased' AND kind = $1 AND subject_id IN (SELECT id FROM messages
                 WHERE room_id = ANY ($2))",
        );
        self.query(running, params![kind, rooms]).execute().await?;
        self.notify_ended_on_commit();
        Ok(())
    }
}
