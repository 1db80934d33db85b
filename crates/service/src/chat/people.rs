//! The conversations of the people that one API key serves, kept apart by nickname: a person never
//! sees that another one's exists.

use super::Chat;
use futures_util::future::BoxFuture;
use ragd_core::domain::{Message, Nickname, NicknameId, OwnerId, Page, PageRequest, Room, RoomId};
use ragd_core::error::Result;

/// The most turns of a conversation that are shown at once, the newest ones.
const SHOWN_TURNS: i64 = 200;

/// One of the people that an API key serves.
#[derive(Debug, Clone)]
pub struct Person {
    /// The API key's owner.
    pub owner: OwnerId,
    /// The person's name among those of the owner.
    pub nickname: Nickname,
}

impl Person {
    fn nickname_id(&self) -> NicknameId {
        self.nickname.id(self.owner)
    }
}

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
    /// A page of the conversations of `person`, with how many messages each has.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub fn conversations<'a>(
        &'a self,
        person: &'a Person,
        page: PageRequest,
    ) -> BoxFuture<'a, Result<Page<(Room, i64)>>> {
        Box::pin(async move {
            let store = &self.parts.store;
            store
                .conversations(person.owner, person.nickname_id(), page)
                .await
        })
    }

    /// A conversation, if it is `person`'s.
    ///
    /// # Errors
    /// `Unavailable` without a database; `Internal` when a message cannot be opened.
    pub fn conversation<'a>(
        &'a self,
        person: &'a Person,
        id: RoomId,
    ) -> BoxFuture<'a, Result<Option<Conversation>>> {
        Box::pin(async move {
            let store = &self.parts.store;
            let conversation = store
                .conversation(person.owner, person.nickname_id(), id)
                .await?;
            let Some((room, message_count)) = conversation else {
                return Ok(None);
            };
            let sealed = store.turns(room.id, person.owner, SHOWN_TURNS).await?;
            let messages = sealed.into_iter().map(|message| self.open(message));
            Ok(Some(Conversation {
                messages: messages.collect::<Result<_>>()?,
                message_count,
                room,
            }))
        })
    }
}
