//! The table of rooms. A room is private: every query asks for its owner.

use super::Store;
use super::fault::on_conflict;
use super::param::params;
use super::sql::sql;
use super::tx::Tx;
use chrono::{DateTime, Utc};
use ragd_core::domain::{OwnerId, Room, RoomId, RoomKind, SessionKey};
use ragd_core::error::{Error, Result};
use uuid::Uuid;

pub(super) const ROOM_COLUMNS: &str =
    "id, owner_id, kind, parent_id, session_key, name, created_at, updated_at";

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
            kind: self.kind.parse().map_err(|_| unreadable())?,
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
    /// `Conflict` when its owner has a room with this session key, or a main room of this name, or
    /// the id is taken: read it with [`Store::session_room`] or [`Store::main_room`]; `NotFound`
    /// when its owner has no such parent; `Invalid` when the name contains NUL; `Unavailable`
    /// without a database.
    pub async fn create_room(&self, room: &Room) -> Result<()> {
        let mut tx = self.begin().await?;
        if let Some(parent) = room.parent
            && !tx.hold_room(parent, room.owner).await?
        {
            return Err(Error::not_found("parent_id: there is no room with this id"));
        }
        tx.insert_room(room).await?;
        tx.commit().await
    }

    /// The room `id`, if it is `owner`'s.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn room(&self, id: RoomId, owner: OwnerId) -> Result<Option<Room>> {
        let sql = sql!("SELECT {ROOM_COLUMNS} FROM rooms WHERE id = $1 AND owner_id = $2");
        let row: Option<RoomRow> = self
            .db
            .query(sql, params![id.uuid(), owner.uuid()])
            .optional()
            .await?;
        row.map(RoomRow::into_room).transpose()
    }

    /// The room `id`, of any owner: for operators, who look at retrieval as its owner sees it.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn room_of_any_owner(&self, id: RoomId) -> Result<Option<Room>> {
        let sql = sql!("SELECT {ROOM_COLUMNS} FROM rooms WHERE id = $1");
        let row: Option<RoomRow> = self.db.query(sql, params![id.uuid()]).optional().await?;
        row.map(RoomRow::into_room).transpose()
    }

    /// The room that `owner`'s chat client calls `key`.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn session_room(&self, owner: OwnerId, key: &SessionKey) -> Result<Option<Room>> {
        let sql = sql!("SELECT {ROOM_COLUMNS} FROM rooms WHERE owner_id = $1 AND session_key = $2");
        let row: Option<RoomRow> = self
            .db
            .query(sql, params![owner.uuid(), key.as_str()])
            .optional()
            .await?;
        row.map(RoomRow::into_room).transpose()
    }

    /// `owner`'s main room of this name.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn main_room(&self, owner: OwnerId, name: &str) -> Result<Option<Room>> {
        let sql = sql!(
            "SELECT {ROOM_COLUMNS} FROM rooms WHERE owner_id = $1 AND name = $2 AND kind = 'main'"
        );
        let row: Option<RoomRow> = self
            .db
            .query(sql, params![owner.uuid(), name])
            .optional()
            .await?;
        row.map(RoomRow::into_room).transpose()
    }

    /// Gives a room another name. `false` when it is not `owner`'s.
    ///
    /// # Errors
    /// `Conflict` when it is a main room and its owner has another one of this name; `Invalid` when
    /// the name contains NUL; `Unavailable` without a database.
    pub async fn rename_room(
        &self,
        id: RoomId,
        owner: OwnerId,
        name: &str,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        super::bind::refuse_nul("name", name)?;
        let sql = "UPDATE rooms SET name = $3, updated_at = $4 WHERE id = $1 AND owner_id = $2";
        let mut tx = self.begin().await?;
        let renamed = tx
            .query(sql, params![id.uuid(), owner.uuid(), name, now])
            .execute()
            .await
            .map_err(on_conflict(
                "name: there is a main room of this name already",
            ))?;
        tx.commit().await?;
        Ok(renamed > 0)
    }

    /// The room `id` and the rooms above it, itself first; empty when it is not `owner`'s.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn room_and_above(&self, id: RoomId, owner: OwnerId) -> Result<Vec<RoomId>> {
        let sql = "WITH RECURSIVE above (id, parent_id, level) AS (
                 SELECT id, parent_id, 0 FROM rooms WHERE id = $1 AND owner_id = $2
                 UNION ALL
                 SELECT r.id, r.parent_id, a.level + 1
                     FROM rooms r JOIN above a ON r.id = a.parent_id WHERE r.owner_id = $2)
             SELECT id FROM above ORDER BY level";
        let ids: Vec<Uuid> = self
            .db
            .query(sql, params![id.uuid(), owner.uuid()])
            .scalars()
            .await?;
        Ok(ids.into_iter().map(RoomId::from_uuid).collect())
    }
}

impl Tx {
    /// Whether `owner` has this room; it cannot be deleted before this transaction ends.
    pub(super) async fn hold_room(&mut self, id: RoomId, owner: OwnerId) -> Result<bool> {
        let sql = self.dialect(
            "SELECT id FROM rooms WHERE id = $1 AND owner_id = $2",
            "SELECT id FROM rooms WHERE id = $1 AND owner_id = $2 FOR KEY SHARE",
        );
        let found: Option<Uuid> = self
            .query(sql, params![id.uuid(), owner.uuid()])
            .optional_scalar()
            .await?;
        Ok(found.is_some())
    }
}

impl Tx {
    /// Makes a room as part of this transaction: see [`Store::create_room`].
    pub(super) async fn insert_room(&mut self, room: &Room) -> Result<()> {
        super::bind::refuse_nul("name", &room.name)?;
        let sql =
            sql!("INSERT INTO rooms ({ROOM_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)");
        self.query(
            sql,
            params![
                room.id.uuid(),
                room.owner.uuid(),
                room.kind.as_str(),
                room.parent.map(RoomId::uuid),
                room.session_key.as_ref().map(SessionKey::as_str),
                room.name.as_str(),
                room.created_at,
                room.updated_at
            ],
        )
        .execute()
        .await
        .map_err(on_conflict(match room.kind {
            RoomKind::Main => "name: there is a main room of this name already",
            _ => "session_id: there is a room for it already",
        }))?;
        Ok(())
    }
}
