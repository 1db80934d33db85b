//! The text of messages: sealed before it is stored, opened when it is read, and cut into the parts
//! that are passages. Only this module combines the keys with the table of messages. It may log which
//! message cannot be opened, and never logs a text.

use crate::secret::{Belongs, Sealer};
use ragd_core::domain::{Message, MessageId, OwnerId, Passage, PassageSource};
use ragd_core::error::Result;
use ragd_store::{SealedMessage, Store};
use std::collections::HashMap;

/// Opens and seals messages; cheap to clone.
#[derive(Debug, Clone)]
pub struct MessageTexts {
    store: Store,
    sealer: Sealer,
}

impl MessageTexts {
    /// Of the messages in `store`, with the keys of `sealer`.
    pub fn new(store: Store, sealer: Sealer) -> Self {
        Self { store, sealer }
    }

    /// Gives those of `passages` that are parts of messages their text. One whose message was deleted
    /// meanwhile, or cannot be opened (which is logged), stays empty.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn fill(&self, passages: &mut [Passage]) -> Result<()> {
        self.fill_each(passages.iter_mut().collect()).await
    }

    /// As [`MessageTexts::fill`], for passages that are not in one slice.
    ///
    /// # Errors
    /// As [`MessageTexts::fill`].
    pub async fn fill_each(&self, passages: Vec<&mut Passage>) -> Result<()> {
        let mut parts: HashMap<MessageId, Vec<&mut Passage>> = HashMap::new();
        for passage in passages {
            if let PassageSource::Message { message, .. } = passage.source {
                parts.entry(message).or_default().push(passage);
            }
        }
        if parts.is_empty() {
            return Ok(());
        }
        let ids: Vec<MessageId> = parts.keys().copied().collect();
        for (id, sealed) in self.store.sealed_contents(&ids).await? {
            for passage in parts.remove(&id).into_iter().flatten() {
                match self
                    .sealer
                    .open(&sealed, &place(id, passage.owner, "content"))
                {
                    Ok(text) => passage.cut_from(&text),
                    Err(error) => tracing::error!(
                        error = error.chain(),
                        message_id = %id,
                        "a message cannot be opened, so it is not found"
                    ),
                }
            }
        }
        Ok(())
    }

    /// Seals a message.
    ///
    /// # Errors
    /// `Internal` when the system gives no random bytes.
    pub fn seal(&self, message: &Message) -> Result<SealedMessage> {
        let details = message.details.to_string();
        let place = |column| place(message.id, message.owner, column);
        Ok(SealedMessage {
            id: message.id,
            room: message.room,
            owner: message.owner,
            role: message.role,
            status: message.status,
            content: self.sealer.seal(&message.content, &place("content"))?,
            details: self.sealer.seal(&details, &place("details"))?,
            created_at: message.created_at,
        })
    }

    /// Opens a message.
    ///
    /// # Errors
    /// `Internal` when it was changed, or sealed with a key that is not here.
    pub fn open(&self, sealed: SealedMessage) -> Result<Message> {
        let place = |column| place(sealed.id, sealed.owner, column);
        let details = self.sealer.open(&sealed.details, &place("details"))?;
        Ok(Message {
            id: sealed.id,
            room: sealed.room,
            owner: sealed.owner,
            role: sealed.role,
            content: self.sealer.open(&sealed.content, &place("content"))?,
            status: sealed.status,
            details: serde_json::from_str(&details).unwrap_or_default(),
            created_at: sealed.created_at,
        })
    }
}

fn place(row: MessageId, owner: OwnerId, column: &'static str) -> Belongs {
    Belongs {
        table: "messages",
        column,
        row: row.uuid(),
        owner,
    }
}
