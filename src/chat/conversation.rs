//! The conversation that a question belongs to: its room, the turns before, and storing a turn.
//! Messages are sealed before they reach the store.

use super::{Answer, Chat};
use crate::domain::{
    Message, MessageId, MessageStatus, Principal, Role, Room, RoomId, RoomKind, SessionKey,
};
use crate::error::{ErrorKind, Result};

impl Chat {
    /// The room of `key`, made when it is new; without a key a session is begun.
    pub(super) async fn session(
        &self,
        caller: &Principal,
        key: Option<&SessionKey>,
    ) -> Result<Room> {
        let now = self.parts.clock.now();
        let id = RoomId::new(now);
        let key = match key {
            Some(key) => key.clone(),
            None => SessionKey::parse(&id.to_string())?,
        };
        if let Some(room) = self.parts.store.session_room(caller.owner, &key).await? {
            self.parts
                .metrics
                .session_operations
                .with_label_values(&["get"])
                .inc();
            return Ok(room);
        }
        let room = Room {
            id,
            owner: caller.owner,
            name: key.as_str().to_owned(),
            kind: RoomKind::Session,
            parent: None,
            session_key: Some(key.clone()),
            created_at: now,
            updated_at: now,
        };
        match self.parts.store.create_room(&room).await {
            Ok(()) => {
                self.parts
                    .metrics
                    .session_operations
                    .with_label_values(&["create"])
                    .inc();
                Ok(room)
            }
            // Two first questions of one session at once: the other one's room is the room.
            Err(error) if error.kind() == ErrorKind::Conflict => self
                .parts
                .store
                .session_room(caller.owner, &key)
                .await?
                .ok_or(error),
            Err(error) => Err(error),
        }
    }

    /// The turns before, oldest first.
    pub(super) async fn history(&self, room: &Room) -> Result<Vec<Message>> {
        let limit = self.settings.history_messages;
        if limit == 0 {
            return Ok(Vec::new());
        }
        let sealed = self
            .parts
            .store
            .recent_messages(room.id, room.owner, limit)
            .await?;
        sealed
            .into_iter()
            .map(|message| self.parts.texts.open(message))
            .collect()
    }

    /// Stores a question and its answer, together.
    pub(super) async fn store_turn(
        &self,
        room: &Room,
        question: &str,
        (answer, status): (&Answer, MessageStatus),
    ) -> Result<()> {
        let now = self.parts.clock.now();
        let details = serde_json::json!({
            "sources": answer.sources,
            "citations": answer.citations,
            "grounded": answer.grounded,
            "confidence": answer.confidence,
            "provider": answer.provider,
            "model": answer.model,
            "usage": answer.usage,
            "degraded": answer.degraded,
        });
        let turn = |id, role, content: &str, details| Message {
            id,
            room: room.id,
            owner: room.owner,
            role,
            content: content.to_owned(),
            status,
            details,
            created_at: now,
        };
        let asked = turn(
            question_id(answer.message_id),
            Role::User,
            question,
            serde_json::Value::Null,
        );
        let asked = Message {
            status: MessageStatus::Complete,
            ..asked
        };
        let answered = turn(answer.message_id, Role::Assistant, &answer.answer, details);
        let texts = &self.parts.texts;
        let sealed = [texts.seal(&asked)?, texts.seal(&answered)?];
        self.parts
            .store
            .append_messages((room.id, room.owner), &sealed, now)
            .await?;
        self.parts
            .metrics
            .session_operations
            .with_label_values(&["update"])
            .inc();
        Ok(())
    }
}

/// A room's messages are ordered by id: the question's must be just before its answer's.
fn question_id(answer: MessageId) -> MessageId {
    MessageId::from_uuid(uuid::Uuid::from_u128(answer.uuid().as_u128() - 1))
}
