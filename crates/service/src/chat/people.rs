//! The conversations of the people that one API key serves, told apart by nickname: another one's is
//! as if it were not there.

use super::Chat;
use ragd_core::domain::{Message, Nickname, OwnerId, Page, PageRequest, Room, RoomId};
use ragd_core::error::Result;

/// The most turns of a conversation that are shown at once, the newest ones.
const SHOWN_TURNS: i64 = 200;

/// A conversation of one person.
#[derive(Debug, Clone)]
pub struct Conversation {
    /// Its room.
    pub room: Room,
    /// How many questions and answers it has.
    pub message_count: i64,
    /// The last of them, oldest first.
    pub messages: Vec<Message>,
}

impl Chat {
    /// A page of the conversations of `nickname`, with how many messages each has.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn conversations(
        &self,
        (owner, nickname): (OwnerId, &Nickname),
        page: PageRequest,
    ) -> Result<Page<(Room, i64)>> {
        let person = (owner, nickname.id(owner));
        self.parts.store.conversations(person, page).await
    }

    /// A conversation, if it is `nickname`'s.
    ///
    /// # Errors
    /// `Unavailable` without a database; `Internal` when a message does not open.
    pub async fn conversation(
        &self,
        (owner, nickname): (OwnerId, &Nickname),
        id: RoomId,
    ) -> Result<Option<Conversation>> {
        let store = &self.parts.store;
        let person = (owner, nickname.id(owner));
        let Some((room, message_count)) = store.conversation(person, id).await? else {
            return Ok(None);
        };
        let sealed = store.turns((room.id, owner), SHOWN_TURNS).await?;
        let messages = sealed.into_iter().map(|message| self.open(message));
        Ok(Some(Conversation {
            messages: messages.collect::<Result<_>>()?,
            message_count,
            room,
        }))
    }
}
