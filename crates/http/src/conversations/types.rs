//! A conversation as JSON, in the shape of Flow's clients.

use chrono::{DateTime, Utc};
use ragd_core::domain::{Message, Role, Room, RoomId};
use ragd_service::chat::{Answer, Conversation};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

/// An answer with its conversation.
#[derive(Serialize, ToSchema)]
pub(crate) struct CompletionBody {
    conversation_id: Uuid,
    /// The answer; `[n]` marks the `n`th of `context`.
    response: String,
    /// What the answer was made from, in the order of its numbers.
    context: Vec<ContextBody>,
    /// When it was answered.
    created_at: DateTime<Utc>,
    /// The conversation's last messages, oldest first.
    messages: Vec<MessageBody>,
}

/// A passage that an answer was made from.
#[derive(Serialize, ToSchema)]
pub(crate) struct ContextBody {
    document_id: Option<Uuid>,
    score: f64,
    content: String,
}

/// A message.
#[derive(Serialize, ToSchema)]
pub(crate) struct MessageBody {
    id: Uuid,
    /// `user` or `assistant`.
    #[schema(value_type = String, example = "user")]
    role: Role,
    content: String,
    created_at: DateTime<Utc>,
}

/// A conversation in a list.
#[derive(Serialize, ToSchema)]
pub(crate) struct SummaryBody {
    id: Uuid,
    /// The same, under the name that `POST /chat/completions` takes.
    conversation_id: Uuid,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    message_count: i64,
}

/// A page of conversations.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConversationListBody {
    /// Always `list`.
    #[schema(example = "list")]
    object: &'static str,
    data: Vec<SummaryBody>,
    first_id: Option<Uuid>,
    last_id: Option<Uuid>,
    has_more: bool,
}

/// A conversation.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConversationBody {
    #[serde(flatten)]
    summary: SummaryBody,
    /// The last 200 messages, oldest first.
    messages: Vec<MessageBody>,
}

impl CompletionBody {
    pub(crate) fn new(
        answer: Answer,
        (id, answered_at): (RoomId, DateTime<Utc>),
        messages: Vec<MessageBody>,
    ) -> Self {
        let draft = Arc::unwrap_or_clone(answer.draft);
        let sources = draft.sources.into_iter().map(|source| ContextBody {
            document_id: source.document_id.map(|id| id.uuid()),
            score: source.score,
            content: source.text,
        });
        Self {
            conversation_id: id.uuid(),
            created_at: answered_at,
            response: draft.text,
            context: sources.collect(),
            messages,
        }
    }
}

impl ConversationListBody {
    pub(crate) fn new(data: Vec<SummaryBody>, has_more: bool) -> Self {
        Self {
            object: "list",
            first_id: data.first().map(|one| one.id),
            last_id: data.last().map(|one| one.id),
            has_more,
            data,
        }
    }
}

impl From<(Room, i64)> for SummaryBody {
    fn from((room, message_count): (Room, i64)) -> Self {
        Self {
            id: room.id.uuid(),
            conversation_id: room.id.uuid(),
            created_at: room.created_at,
            updated_at: room.updated_at,
            message_count,
        }
    }
}

impl From<Conversation> for ConversationBody {
    fn from(conversation: Conversation) -> Self {
        let messages = conversation.messages.into_iter().map(MessageBody::from);
        Self {
            messages: messages.collect(),
            summary: SummaryBody::from((conversation.room, conversation.message_count)),
        }
    }
}

impl From<Message> for MessageBody {
    fn from(message: Message) -> Self {
        Self {
            id: message.id.uuid(),
            role: message.role,
            content: message.content,
            created_at: message.created_at,
        }
    }
}
