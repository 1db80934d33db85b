//! The conversations of one of the people that an API key serves, told apart by nickname: sessions
//! with an owner and a nickname, and every read asks for both.

use super::Store;
use super::keyset::Keyset;
use super::messages::{MessageRow, SealedMessage};
use super::param::params;
use super::rooms::{ROOM_COLUMNS, RoomRow};
use super::sql::{page_sql, sql};
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
fn conversations_sql(rest: &str) -> String {
    format!(
        "SELECT {ROOM_COLUMNS}, (SELECT COUNT(*) FROM messages
             WHERE messages.room_id = rooms.id AND messages.role <> 'system') AS message_count
         FROM rooms JOIN session_state ON session_state.room_id = rooms.id
         WHERE rooms.owner_id = $1 AND session_state.nickname_id = $2 AND {rest}"
    )
}

impl Store {
    /// A page of a person's conversations, each with how many turns it has.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn conversations(
        &self,
        owner: OwnerId,
        nickname: NicknameId,
        page: PageRequest,
    ) -> Result<Page<(Room, i64)>> {
        let keyset = Keyset::of(&page);
        let sql = page_sql!(
            keyset,
            "{text} AND rooms.id < $4 ORDER BY rooms.id {order} LIMIT $5",
            text = conversations_sql("rooms.id > $3")
        );
        let rows: Vec<ConversationRow> = self
            .db
            .query(
                sql,
                params![
                    owner.uuid(),
                    nickname.uuid(),
                    keyset.above,
                    keyset.below,
                    keyset.rows()
                ],
            )
            .all()
            .await?;
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
        owner: OwnerId,
        nickname: NicknameId,
        id: RoomId,
    ) -> Result<Option<(Room, i64)>> {
        let row: Option<ConversationRow> = self
            .db
            .query(
                sql!("{}", conversations_sql("rooms.id = $3")),
                params![owner.uuid(), nickname.uuid(), id.uuid()],
            )
            .optional()
            .await?;
        row.map(ConversationRow::into_counted).transpose()
    }

    /// The last `limit` turns of a room, oldest first, without what ragd itself has put into it.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn turns(
        &self,
        room: RoomId,
        owner: OwnerId,
        limit: i64,
    ) -> Result<Vec<SealedMessage>> {
        let sql = "SELECT id, room_id, owner_id, role, status, created_at, content, details
             FROM messages WHERE room_id = $1 AND owner_id = $2 AND role <> 'system'
             ORDER BY id DESC LIMIT $3";
        let rows: Vec<MessageRow> = self
            .db
            .query(sql, params![room.uuid(), owner.uuid(), limit])
            .all()
            .await?;
        let rows = rows.into_iter().rev();
        rows.map(MessageRow::into_message).collect()
    }
}
