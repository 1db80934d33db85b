//! Sessions that nobody has used for long, and their end: the room with everything in it, and for
//! each message an entry of the change log, so that indexes forget it too. The key stays behind, so
//! that a deleted session does not begin anew.

use super::Store;
use super::change_log::{ChangeOp, NewChange, Subject};
use super::messages::{MessageRow, SealedMessage};
use super::param::params;
use super::rooms::{ROOM_COLUMNS, RoomRow};
use super::sql::sql;
use super::tx::Tx;
use chrono::{DateTime, Utc};
use ragd_core::domain::{MessageId, Room, RoomId};
use ragd_core::error::Result;
use uuid::Uuid;

/// The condition that a room is deleted when it is unused: not used since $1.
const UNUSED: &str = "session_state.last_used_at < $1 AND rooms.updated_at < $1
             AND rooms.kind IN ('session', 'voice')";

/// Which sessions are deleted.
#[derive(Debug, Clone)]
pub struct SessionCleanup {
    /// Only those last used before this.
    pub unused_since: DateTime<Utc>,
    /// Only these, where they are given; else the longest unused.
    pub rooms: Option<Vec<RoomId>>,
    /// How many at most, in one transaction.
    pub limit: i64,
}

/// A session, as operators see it.
#[derive(Debug, Clone)]
pub struct SessionRecord {
    /// Its room.
    pub room: Room,
    /// When it was last used, to the minute.
    pub last_used_at: DateTime<Utc>,
    /// How many messages it has.
    pub messages: i64,
}

#[derive(sqlx::FromRow)]
struct RecordRow {
    #[sqlx(flatten)]
    room: RoomRow,
    noted_at: DateTime<Utc>,
    message_count: i64,
}

impl RecordRow {
    fn into_record(self) -> Result<SessionRecord> {
        let room = self.room.into_room()?;
        Ok(SessionRecord {
            last_used_at: self.noted_at.max(room.updated_at),
            room,
            messages: self.message_count,
        })
    }
}

fn records_sql(condition: &str) -> String {
    format!(
        "SELECT {ROOM_COLUMNS}, session_state.last_used_at AS noted_at,
             (SELECT COUNT(*) FROM messages WHERE messages.room_id = rooms.id) AS message_count
         FROM rooms JOIN session_state ON session_state.room_id = rooms.id WHERE {condition}"
    )
}

/// The unused sessions that a clean-up takes; `lock` comes last.
fn unused_rooms_sql(lock: &str) -> String {
    format!(
        "SELECT rooms.id FROM rooms JOIN session_state ON session_state.room_id = rooms.id
         WHERE {UNUSED} AND ($2 IS NULL OR rooms.id = $2)
         ORDER BY session_state.last_used_at LIMIT $3{lock}"
    )
}

impl Store {
    /// The sessions that have this id or, of any owner, this key.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn sessions_called(&self, name: &str) -> Result<Vec<SessionRecord>> {
        let sql = sql!(
            "{} ORDER BY rooms.id LIMIT 100",
            records_sql("(rooms.id = $1 OR rooms.session_key = $2)")
        );
        let id = Uuid::try_parse(name).unwrap_or_default();
        let rows: Vec<RecordRow> = self.db.query(sql, params![id, name]).all().await?;
        rows.into_iter().map(RecordRow::into_record).collect()
    }

    /// At most `limit` sessions that were last used before `unused_since`, the longest unused first.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn unused_sessions(
        &self,
        unused_since: DateTime<Utc>,
        limit: i64,
    ) -> Result<Vec<SessionRecord>> {
        let sql = sql!(
            "{} ORDER BY session_state.last_used_at LIMIT $2",
            records_sql(UNUSED)
        );
        let rows: Vec<RecordRow> = self
            .db
            .query(sql, params![unused_since, limit])
            .all()
            .await?;
        rows.into_iter().map(RecordRow::into_record).collect()
    }

    /// Every message of a room, oldest first, of any owner: for an operator who archives it.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn messages_of_any_owner(&self, room: RoomId) -> Result<Vec<SealedMessage>> {
        let sql = "SELECT id, room_id, owner_id, role, status, created_at, content, details
             FROM messages WHERE room_id = $1 ORDER BY id";
        let rows: Vec<MessageRow> = self.db.query(sql, params![room.uuid()]).all().await?;
        rows.into_iter().map(MessageRow::into_message).collect()
    }

    /// Deletes sessions that are still unused, with everything in their rooms; returns how many.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn delete_session_rooms(
        &self,
        cleanup: &SessionCleanup,
        now: DateTime<Utc>,
    ) -> Result<u64> {
        let mut tx = self.begin().await?;
        let rooms = tx.lock_unused(cleanup).await?;
        let mut changes = Vec::new();
        for room in &rooms {
            changes.extend(tx.delete_session_room(*room, now).await?);
        }
        tx.append_changes(&changes, now).await?;
        tx.commit().await?;
        Ok(u64::try_from(rooms.len()).unwrap_or(u64::MAX))
    }
}

impl Tx {
    async fn lock_unused(&mut self, cleanup: &SessionCleanup) -> Result<Vec<Uuid>> {
        // What another process is deleting just now, or somebody is using, is left to them.
        let sql = self.dialect(
            sql!("{}", unused_rooms_sql("")),
            sql!(
                "{}",
                unused_rooms_sql(" FOR UPDATE OF rooms, session_state SKIP LOCKED")
            ),
        );
        let named: Vec<Option<Uuid>> = match &cleanup.rooms {
            Some(rooms) => rooms.iter().map(|room| Some(room.uuid())).collect(),
            None => vec![None],
        };
        let mut unused = Vec::new();
        for room in named {
            let found: Vec<Uuid> = self
                .query(sql, params![cleanup.unused_since, room, cleanup.limit])
                .scalars()
                .await?;
            unused.extend(found);
        }
        Ok(unused)
    }

    /// Deletes a session's room and remembers its key; what indexes have to forget comes back.
    pub(super) async fn delete_session_room(
        &mut self,
        room: Uuid,
        now: DateTime<Utc>,
    ) -> Result<Vec<NewChange>> {
        self.remember_deleted_session(room, now).await?;
        let sql = "SELECT id FROM messages WHERE room_id = $1";
        let messages: Vec<Uuid> = self.query(sql, params![room]).scalars().await?;
        // Messages, passages, vectors, summaries and the session's own row go with the room.
        self.query("DELETE FROM rooms WHERE id = $1", params![room])
            .execute()
            .await?;
        let forgotten = messages.into_iter().map(|message| NewChange {
            op: ChangeOp::Delete,
            subject: Subject::Message(MessageId::from_uuid(message)),
            generation: None,
        });
        Ok(forgotten.collect())
    }

    /// Remembers the key of a room that is about to be deleted, if it has one; to be called
    /// before every deletion of a room.
    pub(super) async fn remember_deleted_session(
        &mut self,
        room: Uuid,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let sql = "INSERT INTO deleted_sessions (owner_id, session_key, deleted_at)
             SELECT owner_id, session_key, $2 FROM rooms
             WHERE id = $1 AND session_key IS NOT NULL
             ON CONFLICT (owner_id, session_key) DO NOTHING";
        self.query(sql, params![room, now]).execute().await?;
        Ok(())
    }
}
