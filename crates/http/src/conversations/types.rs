//! Conversations as JSON, in the shape that Flow's clients use.

use chrono::{DateTime, Utc};
use ragd_core::domain::{Message, Nickname, Role, Room};
use ragd_core::error::Result;
use ragd_service::chat::{Answer, Conversation};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// A message to answer.
#[derive(Deserialize, ToSchema)]
pub(crate) struct ConversationCompletionRequest {
    #[schema(
        min_length = 1,
        max_length = 8000,
        example = "How long is the guarantee?"
    )]
    pub(super) message: String,
    /// The conversation to continue; without it a new one begins.
    #[schema(value_type = Option<Uuid>)]
    pub(super) conversation_id: Option<String>,
    /// Who writes, among the people who share the API key.
    #[schema(min_length = 1, max_length = 64, example = "ana")]
    pub(super) nickname: String,
}

/// Whose conversations to read.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct NicknameQuery {
    /// Who asks, among the people who share the API key.
    #[param(min_length = 1, max_length = 64)]
    nickname: Option<String>,
}

impl NicknameQuery {
    /// # Errors
    /// `Invalid` without a valid nickname.
    pub(super) fn nickname(&self) -> Result<Nickname> {
        let text = self.nickname.as_deref().unwrap_or_default();
        Nickname::parse(text)
    }
}

/// An answer with its conversation.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConversationCompletionResponse {
    conversation_id: Uuid,
    /// The answer; `[n]` cites the `n`th item of `context`.
    response: String,
    /// The sources of the answer, in the order of their numbers.
    context: Vec<ConversationContext>,
    /// When it was answered.
    created_at: DateTime<Utc>,
    /// The conversation's last messages, oldest first.
    messages: Vec<ConversationMessage>,
}

/// A source of an answer.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConversationContext {
    document_id: Option<Uuid>,
    score: f64,
    content: String,
}

/// A message.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConversationMessage {
    id: Uuid,
    /// `user` or `assistant`.
    #[schema(value_type = String, example = "user")]
    role: Role,
    content: String,
    created_at: DateTime<Utc>,
}

/// A conversation in a list.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConversationSummary {
    id: Uuid,
    /// The same as `id`, under the name that `POST /chat/completions` takes.
    conversation_id: Uuid,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    message_count: i64,
}

/// A page of conversations.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConversationListResponse {
    /// Always `list`.
    #[schema(example = "list")]
    object: &'static str,
    data: Vec<ConversationSummary>,
    first_id: Option<Uuid>,
    last_id: Option<Uuid>,
    has_more: bool,
}

/// A conversation.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConversationResponse {
    #[serde(flatten)]
    summary: ConversationSummary,
    /// The last 200 messages, oldest first.
    messages: Vec<ConversationMessage>,
}

impl ConversationCompletionResponse {
    pub(super) fn new(answer: Answer, conversation: Conversation) -> Self {
        let draft = Arc::unwrap_or_clone(answer.draft);
        let sources = draft.sources.into_iter().map(|source| ConversationContext {
            document_id: source.document_id.map(|id| id.uuid()),
            score: source.score,
            content: source.text,
        });
        let messages = conversation.messages.into_iter();
        Self {
            conversation_id: conversation.room.id.uuid(),
            created_at: conversation.room.updated_at,
            response: draft.text,
            context: sources.collect(),
            messages: messages.map(ConversationMessage::from).collect(),
        }
    }
}

impl ConversationListResponse {
    pub(crate) fn new(data: Vec<ConversationSummary>, has_more: bool) -> Self {
        Self {
            object: "list",
            first_id: data.first().map(|one| one.id),
            last_id: data.last().map(|one| one.id),
            has_more,
            data,
        }
    }
}

impl ConversationSummary {
    pub(super) fn new(room: Room, message_count: i64) -> Self {
        Self {
            id: room.id.uuid(),
            conversation_id: room.id.uuid(),
            created_at: room.created_at,
            updated_at: room.updated_at,
            message_count,
        }
    }
}

impl From<Conversation> for ConversationResponse {
    fn from(conversation: Conversation) -> Self {
        let messages = conversation
            .messages
            .into_iter()
            .map(ConversationMessage::from);
        Self {
            messages: messages.collect(),
            summary: ConversationSummary::new(conversation.room, conversation.message_count),
        }
    }
}

impl From<Message> for ConversationMessage {
    fn from(message: Message) -> Self {
        Self {
            id: message.id.uuid(),
            role: message.role,
            content: message.content,
            created_at: message.created_at,
        }
    }
}
