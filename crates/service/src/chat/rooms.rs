//! Rooms: created under the parents that their kinds allow, read, added to without an answer,
//! deleted. The store checks who may see a room; this file checks its parent.

use super::session::OpenedRoom;
use super::{Chat, ChatRequest};
use futures_util::future::BoxFuture;
use ragd_core::domain::{
    Message, MessageId, MessageStatus, OwnerId, Page, PageRequest, Principal, Role, Room, RoomId,
    RoomKind, SessionKey,
};
use ragd_core::error::{Error, ErrorKind, Result};

/// The code of an error about a room's parent.
pub const CODE_PARENT: &str = "invalid_parent";

/// A room to be created.
#[derive(Debug, Clone)]
pub struct NewRoom {
    /// Its name: see [`Room::parse_name`].
    pub name: String,
    /// What it is for.
    pub kind: RoomKind,
    /// Its parent.
    pub parent: Option<RoomId>,
}

impl Chat {
    /// The room that a question belongs to: the one that it names, else its session's.
    ///
    /// # Errors
    /// `NotFound` for a room that the caller does not have; as [`Chat::session`] otherwise.
    pub(super) async fn open_room(
        &self,
        caller: &Principal,
        request: &ChatRequest,
    ) -> Result<OpenedRoom> {
        let Some(id) = request.room else {
            return self.session(caller, request).await;
        };
        let room = self.parts.store.room(id, caller.owner).await?;
        let room = room.ok_or_else(|| Error::not_found("there is no room with this id"))?;
        Ok(OpenedRoom {
            room,
            is_new: false,
        })
    }

    /// Creates a room; a second main room of the same name is the first one.
    ///
    /// # Errors
    /// `Invalid` with code [`CODE_PARENT`] when this kind cannot have this parent; `NotFound` when
    /// the caller has no such parent; `Unavailable` without a database.
    pub fn create_room<'a>(
        &'a self,
        caller: &'a Principal,
        new: NewRoom,
    ) -> BoxFuture<'a, Result<OpenedRoom>> {
        Box::pin(async move {
            self.check_parent(caller.owner, &new).await?;
            let now = self.parts.clock.now();
            let id = RoomId::new(now);
            let session_key = match new.kind {
                // So that `session_id` leads to it.
                RoomKind::Session => Some(SessionKey::parse(&id.to_string())?),
                RoomKind::Main | RoomKind::Sub | RoomKind::Review => None,
            };
            let room = Room {
                id,
                owner: caller.owner,
                name: new.name,
                kind: new.kind,
                parent: new.parent,
                session_key,
                created_at: now,
                updated_at: now,
            };
            match self.parts.store.create_room(&room).await {
                Ok(()) => Ok(OpenedRoom { room, is_new: true }),
                Err(error)
                    if error.kind() == ErrorKind::Conflict && room.kind == RoomKind::Main =>
                {
                    let store = &self.parts.store;
                    let first = store.main_room(room.owner, &room.name).await?;
                    let room = first.ok_or(error)?;
                    Ok(OpenedRoom {
                        room,
                        is_new: false,
                    })
                }
                Err(error) => Err(error),
            }
        })
    }

    async fn check_parent(&self, owner: OwnerId, new: &NewRoom) -> Result<()> {
        let kind = new.kind.as_str();
        let fault = |message: String| Error::invalid(message).with_code(CODE_PARENT);
        match (new.kind.parent(), new.parent) {
            (None, None) => Ok(()),
            (None, Some(_)) => Err(fault(format!("parent_id: a {kind} room has no parent"))),
            (Some(above), None) => Err(fault(format!(
                "parent_id: a {kind} room needs a {} room above it",
                above.as_str()
            ))),
            (Some(above), Some(parent)) => {
                let unknown = || Error::not_found("parent_id: there is no room with this id");
                let room = self.parts.store.room(parent, owner).await?;
                let actual = room.ok_or_else(unknown)?.kind;
                if actual == above {
                    return Ok(());
                }
                Err(fault(format!(
                    "parent_id: a {kind} room needs a {} room above it, not a {} room",
                    above.as_str(),
                    actual.as_str()
                )))
            }
        }
    }

    /// Deletes a room permanently, with everything in it and below it, from the index as well.
    /// `false` when it is not the caller's.
    ///
    /// # Errors
    /// `Unavailable` without a database; `Internal` when the index fails: the room is deleted all
    /// the same, and the index follows later.
    pub fn delete_room<'a>(
        &'a self,
        caller: &'a Principal,
        id: RoomId,
    ) -> BoxFuture<'a, Result<bool>> {
        Box::pin(async move {
            let (store, now) = (&self.parts.store, self.parts.clock.now());
            let deleted = store.delete_room(id, caller.owner, now).await?;
            if deleted {
                self.parts.follower.catch_up_if_reachable().await?;
            }
            Ok(deleted)
        })
    }

    /// A page of a room's messages; empty when it is not `owner`'s.
    ///
    /// # Errors
    /// `Unavailable` without a database; `Internal` when a message cannot be opened.
    pub fn messages(
        &self,
        room: RoomId,
        owner: OwnerId,
        page: PageRequest,
    ) -> BoxFuture<'_, Result<Page<Message>>> {
        Box::pin(async move {
            let sealed = self.parts.store.list_messages(room, owner, page).await?;
            let opened = sealed.data.into_iter();
            Ok(Page {
                data: opened
                    .map(|message| self.open(message))
                    .collect::<Result<_>>()?,
                has_more: sealed.has_more,
            })
        })
    }

    /// The message `id`, if it is `owner`'s.
    ///
    /// # Errors
    /// As [`Chat::messages`].
    pub fn message(&self, id: MessageId, owner: OwnerId) -> BoxFuture<'_, Result<Option<Message>>> {
        Box::pin(async move {
            let sealed = self.parts.store.message(id, owner).await?;
            sealed.map(|message| self.open(message)).transpose()
        })
    }

    /// Adds a message without answering it.
    ///
    /// # Errors
    /// `NotFound` when the room is not `owner`'s; `Unavailable` without a database.
    pub fn note<'a>(
        &'a self,
        room: RoomId,
        owner: OwnerId,
        role: Role,
        content: &'a str,
    ) -> BoxFuture<'a, Result<Message>> {
        Box::pin(async move {
            let now = self.parts.clock.now();
            let message = Message {
                id: MessageId::new(now),
                room,
                owner,
                role,
                content: content.to_owned(),
                status: MessageStatus::Complete,
                details: serde_json::Value::Null,
                created_at: now,
            };
            let sealed = [self.seal(&message)?];
            let store = &self.parts.store;
            store.append_messages(room, owner, &sealed, now).await?;
            Ok(message)
        })
    }
}
