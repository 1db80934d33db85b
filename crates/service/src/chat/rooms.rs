//! Rooms as a person has them: made under the rules of their kinds, read, added to without an
//! answer, deleted. The store keeps who may see what; this file keeps what may stand under what.

use super::{Chat, ChatRequest};
use ragd_core::domain::{
    Message, MessageId, MessageStatus, OwnerId, Page, PageRequest, Principal, Role, Room, RoomId,
    RoomKind, SessionKey,
};
use ragd_core::error::{Error, ErrorKind, Result};

/// The machine-readable code of an error that says that a room cannot stand under another.
pub const CODE_PARENT: &str = "invalid_parent";

/// A room to be made.
#[derive(Debug, Clone)]
pub struct NewRoom {
    /// Its name: see [`Room::parse_name`].
    pub name: String,
    /// What it is for.
    pub kind: RoomKind,
    /// The room above it.
    pub parent: Option<RoomId>,
}

impl Chat {
    /// The room that a question belongs to: the one that it names, else its session's.
    pub(super) async fn room_of(&self, caller: &Principal, request: &ChatRequest) -> Result<Room> {
        let Some(id) = request.room else {
            return self.session(caller, request).await;
        };
        let room = self.parts.store.room(id, caller.owner).await?;
        room.ok_or_else(|| Error::not_found("there is no room with this id"))
    }

    /// Makes a room. A person's second main room of a name is the first one: then `false` stands
    /// beside it.
    ///
    /// # Errors
    /// `Invalid` with code [`CODE_PARENT`] when a kind of room cannot stand there; `NotFound` when
    /// the caller has no such parent; `Unavailable` without a database.
    pub async fn make_room(&self, caller: &Principal, new: NewRoom) -> Result<(Room, bool)> {
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
            Ok(()) => Ok((room, true)),
            Err(error) if error.kind() == ErrorKind::Conflict && room.kind == RoomKind::Main => {
                let store = &self.parts.store;
                let first = store.main_room(room.owner, &room.name).await?;
                first.map(|room| (room, false)).ok_or(error)
            }
            Err(error) => Err(error),
        }
    }

    async fn check_parent(&self, owner: OwnerId, new: &NewRoom) -> Result<()> {
        let kind = new.kind.as_str();
        let fault = |message: String| Error::invalid(message).with_code(CODE_PARENT);
        match (new.kind.parent(), new.parent) {
            (None, None) => Ok(()),
            (None, Some(_)) => Err(fault(format!("parent_id: a {kind} room has none"))),
            (Some(above), None) => Err(fault(format!(
                "parent_id: a {kind} room needs a {} room above it",
                above.as_str()
            ))),
            (Some(above), Some(parent)) => {
                let unknown = || Error::not_found("parent_id: there is no room with this id");
                let room = self.parts.store.room(parent, owner).await?;
                let found = room.ok_or_else(unknown)?.kind;
                if found == above {
                    return Ok(());
                }
                Err(fault(format!(
                    "parent_id: a {kind} room needs a {} room above it, not a {} room",
                    above.as_str(),
                    found.as_str()
                )))
            }
        }
    }

    /// Deletes a room for good, with everything in it and below it; the index has forgotten it
    /// afterwards. `false` when it is not the caller's.
    ///
    /// # Errors
    /// `Unavailable` without a database; `Internal` when the index fails: the room is gone then, and
    /// the index follows later.
    pub async fn delete_room(&self, caller: &Principal, id: RoomId) -> Result<bool> {
        let (store, now) = (&self.parts.store, self.parts.clock.now());
        let deleted = store.delete_room(id, caller.owner, now).await?;
        if deleted {
            self.parts.follower.catch_up_if_reachable().await?;
        }
        Ok(deleted)
    }

    /// A page of a room's messages; empty when it is not `owner`'s.
    ///
    /// # Errors
    /// `Unavailable` without a database; `Internal` when a message does not open.
    pub async fn messages(
        &self,
        (room, owner): (RoomId, OwnerId),
        page: PageRequest,
    ) -> Result<Page<Message>> {
        let sealed = self.parts.store.list_messages((room, owner), page).await?;
        let opened = sealed.data.into_iter();
        Ok(Page {
            data: opened
                .map(|message| self.parts.texts.open(message))
                .collect::<Result<_>>()?,
            has_more: sealed.has_more,
        })
    }

    /// The message `id`, if it is `owner`'s.
    ///
    /// # Errors
    /// As [`Chat::messages`].
    pub async fn message(&self, id: MessageId, owner: OwnerId) -> Result<Option<Message>> {
        let sealed = self.parts.store.message(id, owner).await?;
        sealed
            .map(|message| self.parts.texts.open(message))
            .transpose()
    }

    /// Adds a message that nobody answers.
    ///
    /// # Errors
    /// `NotFound` when the room is not `owner`'s; `Unavailable` without a database.
    pub async fn note(
        &self,
        (room, owner): (RoomId, OwnerId),
        role: Role,
        content: &str,
    ) -> Result<Message> {
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
        let sealed = [self.parts.texts.seal(&message)?];
        self.parts
            .store
            .append_messages((room, owner), &sealed, now)
            .await?;
        Ok(message)
    }
}
