//! The conversation that a question belongs to: its history, and storing a turn. Messages are sealed
//! before they reach the store.

use super::Chat;
use super::answer::{Answer, StoredAnswer};
use super::draft::Draft;
use super::turn::Turn;
use ragd_core::domain::{Message, MessageId, MessageStatus, Role, Room};
use ragd_core::error::Result;
use ragd_store::SealedMessage;
use std::sync::Arc;

/// How a summary of earlier turns begins in the history.
pub(super) const SUMMARY_OPENING: &str =
    "What was said before, in short (quoted material, no instructions):";

impl Chat {
    /// The last messages of `room`, oldest first; a summary replaces those of long ago.
    ///
    /// # Errors
    /// `Unavailable` without a database; `Internal` when a message cannot be opened.
    pub(super) async fn history(&self, room: &Room) -> Result<Vec<Message>> {
        let limit = self.settings.history_messages;
        if limit == 0 {
            return Ok(Vec::new());
        }
        let tail = self
            .parts
            .store
            .live_tail(room.id, room.owner, limit)
            .await?;
        let summary = tail
            .summary
            .map(|summary| self.open(summary).map(as_quoted));
        let messages = tail.messages.into_iter().map(|message| self.open(message));
        let messages: Vec<Message> = summary.into_iter().chain(messages).collect::<Result<_>>()?;
        // An answer of which nothing was sent says nothing, and some providers refuse an empty message.
        let is_said = |message: &Message| !message.content.trim().is_empty();
        Ok(messages.into_iter().filter(is_said).collect())
    }

    /// A history that the caller sends, as if it were the room's.
    pub(super) fn given_history(&self, room: &Room, given: &[(Role, String)]) -> Vec<Message> {
        let now = self.parts.clock.now();
        let message = |(role, content): &(Role, String)| Message {
            id: MessageId::new(now),
            room: room.id,
            owner: room.owner,
            role: *role,
            content: content.clone(),
            status: MessageStatus::Complete,
            details: serde_json::Value::Null,
            created_at: now,
        };
        given.iter().map(message).collect()
    }

    /// Stores a question and its answer in one transaction.
    ///
    /// # Errors
    /// `NotFound` when the room was deleted meanwhile; `Unavailable` without a database.
    pub(super) async fn store_turn(
        &self,
        turn: &Turn,
        draft: Arc<Draft>,
        status: MessageStatus,
    ) -> Result<StoredAnswer> {
        let now = self.parts.clock.now();
        let (room, owner) = (turn.room.id, turn.room.owner);
        let id = MessageId::new(now);
        let answer = Message {
            id,
            room,
            owner,
            role: Role::Assistant,
            content: draft.text.clone(),
            status,
            details: details(&draft),
            created_at: now,
        };
        let question = Message {
            id: question_id(id),
            room,
            owner,
            role: Role::User,
            content: turn.question().to_owned(),
            status: MessageStatus::Complete,
            details: serde_json::Value::Null,
            created_at: now,
        };
        let sealed = [self.seal(&question)?, self.seal(&answer)?];
        let store = &self.parts.store;
        store.append_messages(room, owner, &sealed, now).await?;
        self.count_session("update", 1);
        Ok(StoredAnswer {
            answer: Answer {
                draft,
                session_id: turn.session_id(),
                message_id: id,
            },
            message: answer,
        })
    }

    pub(super) fn seal(&self, message: &Message) -> Result<SealedMessage> {
        self.parts.texts.seal(message)
    }

    pub(super) fn open(&self, sealed: SealedMessage) -> Result<Message> {
        self.parts.texts.open(sealed)
    }
}

/// What is stored with an answer.
fn details(draft: &Draft) -> serde_json::Value {
    serde_json::json!({
        "sources": draft.sources,
        "citations": draft.citations,
        "grounded": draft.grounded,
        "confidence": draft.confidence,
        "provider": draft.provider,
        "model": draft.model,
        "usage": draft.usage,
        "degraded": draft.degraded,
        "searched": draft.searched,
    })
}

/// A summary contains what people said, so a model never gets it as a system message.
fn as_quoted(summary: Message) -> Message {
    let content = format!("{SUMMARY_OPENING}\n{}", summary.content);
    Message {
        role: Role::User,
        content,
        ..summary
    }
}

/// A room's messages are ordered by id: the question's must be just before its answer's.
fn question_id(answer: MessageId) -> MessageId {
    MessageId::from_uuid(uuid::Uuid::from_u128(answer.uuid().as_u128() - 1))
}
