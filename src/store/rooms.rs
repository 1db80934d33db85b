//! The table of rooms. A room is private: every query asks for its owner.

use super::Store;
use super::db::{Tx, execute, on};
use super::fault::on_conflict;
use crate::domain::{OwnerId, Room, RoomId, RoomKind, SessionKey};
use crate::error::{Error, Result};
use chrono::{DateTime, Utc};
use uuid::Uuid;

macro_rules! room_columns {
    () => {
        "id, owner_id, kind, parent_id, session_key, name, created_at, updated_at"
    };
}
pub(super) use room_columns;

#[derive(sqlx::FromRow)]
pub(super) struct RoomRow {
    id: Uuid,
    owner_id: Uuid,
    kind: String,
    parent_id: Option<Uuid>,
    session_key: Option<String>,
    name: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl RoomRow {
    pub(super) fn into_room(self) -> Result<Room> {
        let unreadable = || Error::internal("a stored room has an unreadable kind");
        Ok(Room {
            id: RoomId::from_uuid(self.id),
            owner: OwnerId::from_uuid(self.owner_id),
            name: self.name,
            kind: RoomKind::parse(&self.kind).ok_or_else(unreadable)?,
            parent: self.parent_id.map(RoomId::from_uuid),
            session_key: self
                .session_key
                .as_deref()
                .map(SessionKey::parse)
                .transpose()?,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

impl Store {
    /// Makes a room.
    ///
    /// # Errors
    /// `Conflict` when its owner has a room with this session key, or the id is taken: read it
    /// with [`Store::session_room`]; `Invalid` when the name contains NUL; `Unavailable` without a
    /// database.
    pub async fn create_room(&self, room: &Room) -> Result<()> {
        let mut tx = self.begin().await?;
        tx.insert_room(room).await?;
        tx.commit().await
    }

    /// The room `id`, if it is `owner`'s.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn room(&self, id: RoomId, owner: OwnerId) -> Result<Option<Room>> {
        let sql = concat!(
            "SELECT ",
            room_columns!(),
            " FROM rooms WHERE id = $1 AND owner_id = $2"
        );
        let row: Option<RoomRow> = on!(self, |pool| {
            sqlx::query_as(sql)
                .bind(id.uuid())
                .bind(owner.uuid())
                .fetch_optional(pool)
        })?;
        row.map(RoomRow::into_room).transpose()
    }

    /// The room `id`, whoever owns it: for operators, who look at retrieval as its owner sees it.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn room_of_any_owner(&self, id: RoomId) -> Result<Option<Room>> {
        let sql = concat!("SELECT ", room_columns!(), " FROM rooms WHERE id = $1");
        let row: Option<RoomRow> = on!(self, |pool| {
            sqlx::query_as(sql).bind(id.uuid()).fetch_optional(pool)
        })?;
        row.map(RoomRow::into_room).transpose()
    }

    /// The room that `owner`'s chat client calls `key`.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn session_room(&self, owner: OwnerId, key: &SessionKey) -> Result<Option<Room>> {
        let sql = concat!(
            "SELECT ",
            room_columns!(),
            " FROM rooms WHERE owner_id = $1 AND session_key = $2"
        );
        let row: Option<RoomRow> = on!(self, |pool| {
            let query = sqlx::query_as(sql).bind(owner.uuid()).bind(key.as_str());
            query.fetch_optional(pool)
        })?;
        row.map(RoomRow::into_room).transpose()
    }
}

impl Tx {
    /// Makes a room as part of this transaction: see [`Store::create_room`].
    pub(super) async fn insert_room(&mut self, room: &Room) -> Result<()> {
        super::bind::refuse_nul("name", &room.name)?;
        let sql = concat!(
            "INSERT INTO rooms (",
            room_columns!(),
            ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
        );
        execute!(
            self,
            sqlx::query(sql)
                .bind(room.id.uuid())
                .bind(room.owner.uuid())
                .bind(room.kind.as_str())
                .bind(room.parent.map(RoomId::uuid))
                .bind(room.session_key.as_ref().map(SessionKey::as_str))
                .bind(room.name.as_str())
                .bind(room.created_at)
                .bind(room.updated_at)
        )
        .map_err(on_conflict("session_id: there is a room for it already"))?;
        Ok(())
    }
}
