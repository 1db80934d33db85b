//! The conversations of one of the people that an API key serves, told apart by nickname: sessions
//! with an owner and a nickname, and every read asks for both.

use super::Store;
use super::db::on;
use super::keyset::Keyset;
use super::messages::{MessageRow, SealedMessage};
use super::rooms::{RoomRow, room_columns};
use ragd_core::domain::{NicknameId, OwnerId, Page, PageRequest, Room, RoomId};
use ragd_core::error::Result;

#[derive(sqlx::FromRow)]
struct ConversationRow {
    #[sqlx(flatten)]
    room: RoomRow,
    message_count: i64,
}

impl ConversationRow {
    fn into_counted(self) -> Result<(Room, i64)> {
        Ok((self.room.into_room()?, self.message_count))
    }
}

/// A person's rooms with how many turns each has; the owner is $1, the nickname $2.
macro_rules! conversations {
    ($rest:literal) => {
        concat!(
            "SELECT ",
            room_columns!(),
            ", (SELECT COUNT(*) FROM messages
                WHERE messages.room_id = rooms.id AND messages.role <> 'system') AS message_count
             FROM rooms JOIN session_state ON session_state.room_id = rooms.id
             WHERE rooms.owner_id = $1 AND session_state.nickname_id = $2",
            $rest
        )
    };
}

impl Store {
    /// A page of a person's conversations, each with how many turns it has.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn conversations(
        &self,
        (owner, nickname): (OwnerId, NicknameId),
        page: PageRequest,
    ) -> Result<Page<(Room, i64)>> {
        let keyset = Keyset::of(&page);
        let sql = if keyset.ascending {
            conversations!(" AND rooms.id > $3 AND rooms.id < $4 ORDER BY rooms.id ASC LIMIT $5")
        } else {
            conversations!(" AND rooms.id > $3 AND rooms.id < $4 ORDER BY rooms.id DESC LIMIT $5")
        };
        let rows: Vec<ConversationRow> = on!(self, |pool| {
            sqlx::query_as(sql)
                .bind(owner.uuid())
                .bind(nickname.uuid())
                .bind(keyset.above)
                .bind(keyset.below)
                .bind(keyset.rows())
                .fetch_all(pool)
        })?;
        let rooms: Result<Vec<(Room, i64)>> = rows
            .into_iter()
            .map(ConversationRow::into_counted)
            .collect();
        Ok(keyset.page(rooms?))
    }

    /// One conversation, if it is this person's, with how many turns it has.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn conversation(
        &self,
        (owner, nickname): (OwnerId, NicknameId),
        id: RoomId,
    ) -> Result<Option<(Room, i64)>> {
        let row: Option<ConversationRow> = on!(self, |pool| {
            sqlx::query_as(conversations!(" AND rooms.id = $3"))
                .bind(owner.uuid())
                .bind(nickname.uuid())
                .bind(id.uuid())
                .fetch_optional(pool)
        })?;
        row.map(ConversationRow::into_counted).transpose()
    }

    /// The last `limit` turns of a room, oldest first, without what ragd itself has put into it.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn turns(
        &self,
        (room, owner): (RoomId, OwnerId),
        limit: i64,
    ) -> Result<Vec<SealedMessage>> {
        let sql = "SELECT id, room_id, owner_id, role, status, created_at, content, details
             FROM messages WHERE room_id = $1 AND owner_id = $2 AND role <> 'system'
             ORDER BY id DESC LIMIT $3";
        let rows: Vec<MessageRow> = on!(self, |pool| {
            sqlx::query_as(sql)
                .bind(room.uuid())
                .bind(owner.uuid())
                .bind(limit)
                .fetch_all(pool)
        })?;
        let rows = rows.into_iter().rev();
        rows.map(MessageRow::into_message).collect()
    }
}
