//! Rooms and their messages as JSON.

use crate::chat::types::{AnswerCitation, AnswerSource, AskRequest, TokenUsage};
use crate::extract::{Whole, parsed};
use chrono::{DateTime, Utc};
use ragd_core::domain::{Message, MessageStatus, Question, Role, Room, RoomId, RoomKind};
use ragd_core::error::{Error, Result};
use ragd_service::chat::{ChatRequest, NewRoom};
use ragd_store::CountedRoom;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// The kinds of rooms, for error messages.
const KINDS: &str = "'main', 'sub', 'review' or 'session'";

/// A room to create.
#[derive(Deserialize, ToSchema)]
pub(crate) struct CreateRoomRequest {
    #[schema(min_length = 1, max_length = 200, example = "Garden")]
    name: String,
    /// `main` (the default), `sub`, `review` or `session`.
    #[serde(rename = "type")]
    kind: Option<String>,
    /// The main room of a sub room, or the sub room of a review; other kinds have no parent.
    #[schema(value_type = Option<Uuid>)]
    parent_id: Option<String>,
}

/// The new name of a room.
#[derive(Deserialize, ToSchema)]
pub(crate) struct RenameRoomRequest {
    #[schema(min_length = 1, max_length = 200)]
    pub(super) name: String,
}

/// Which rooms to list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RoomListQuery {
    /// `main`, `sub`, `review` or `session`.
    #[serde(rename = "type")]
    #[param(required = false)]
    kind: Option<String>,
}

/// A message to add to a room.
#[derive(Deserialize, ToSchema)]
pub(crate) struct PostMessageRequest {
    #[schema(min_length = 1, max_length = 8000)]
    content: String,
    /// `user` (the default); `assistant` only with `reply: false`.
    role: Option<String>,
    /// `false`: store the message without answering it.
    #[schema(default = true)]
    reply: Option<bool>,
    /// Search only this collection.
    #[schema(example = "default")]
    collection: Option<String>,
    /// Default: the provider's model.
    model: Option<String>,
    /// Default: the default provider.
    provider: Option<String>,
    /// The most sources that the answer may use.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 100)]
    top_k: Option<Whole<1, 100>>,
    #[schema(minimum = 0, maximum = 2)]
    temperature: Option<f32>,
    /// The longest answer, in tokens of the model.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1000000)]
    max_tokens: Option<Whole<1, 1_000_000>>,
}

/// A room.
#[derive(Serialize, ToSchema)]
pub(crate) struct RoomResponse {
    room_id: Uuid,
    name: String,
    /// `main`, `sub`, `review` or `session`.
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "main")]
    kind: RoomKind,
    /// Its parent room.
    parent_id: Option<Uuid>,
    owner_id: Uuid,
    created_at: DateTime<Utc>,
    /// When a message was last added, or the name changed.
    updated_at: DateTime<Utc>,
    message_count: i64,
}

/// A page of rooms.
#[derive(Serialize, ToSchema)]
pub(crate) struct RoomListResponse {
    /// Always `list`.
    #[schema(example = "list")]
    object: &'static str,
    data: Vec<RoomResponse>,
    first_id: Option<Uuid>,
    last_id: Option<Uuid>,
    has_more: bool,
}

/// A message. `sources` and the fields after it are null unless the message is an answer.
#[derive(Serialize, ToSchema)]
pub(crate) struct RoomMessageResponse {
    id: Uuid,
    room_id: Uuid,
    /// `user`, `assistant` or `system`.
    #[schema(value_type = String, example = "assistant")]
    role: Role,
    content: String,
    /// `complete`, or `incomplete` if its stream broke off.
    #[schema(value_type = String, example = "complete")]
    status: MessageStatus,
    created_at: DateTime<Utc>,
    #[schema(value_type = Option<Vec<AnswerSource>>)]
    sources: Value,
    #[schema(value_type = Option<Vec<AnswerCitation>>)]
    citations: Value,
    #[schema(value_type = Option<bool>)]
    grounded: Value,
    #[schema(value_type = Option<f64>)]
    confidence: Value,
    #[schema(value_type = Option<String>)]
    provider: Value,
    #[schema(value_type = Option<String>)]
    model: Value,
    #[schema(value_type = Option<TokenUsage>)]
    usage: Value,
    #[schema(value_type = Option<Vec<String>>)]
    degraded: Value,
    /// What was searched: the question, or how it stands without the conversation before it.
    #[schema(value_type = Option<String>)]
    searched: Value,
}

/// A page of messages.
#[derive(Serialize, ToSchema)]
pub(crate) struct RoomMessageListResponse {
    /// Always `list`.
    #[schema(example = "list")]
    object: &'static str,
    data: Vec<RoomMessageResponse>,
    first_id: Option<Uuid>,
    last_id: Option<Uuid>,
    has_more: bool,
}

impl CreateRoomRequest {
    /// # Errors
    /// `Invalid` with the field and its limit; `NotFound` for a parent id that is not a UUID.
    pub(super) fn into_new(self) -> Result<NewRoom> {
        let name = Room::parse_name(&self.name)?;
        let kind = parsed(
            "type",
            self.kind.as_deref(),
            |word| word.parse().ok(),
            KINDS,
        )?;
        let unknown = || Error::not_found("parent_id: there is no room with this id");
        let parent = match &self.parent_id {
            Some(id) => Some(RoomId::parse(id).ok_or_else(unknown)?),
            None => None,
        };
        Ok(NewRoom {
            name,
            kind: kind.unwrap_or(RoomKind::Main),
            parent,
        })
    }
}

impl RoomListQuery {
    /// The kind to filter by.
    ///
    /// # Errors
    /// `Invalid` for an unknown kind.
    pub(super) fn kind(&self) -> Result<Option<RoomKind>> {
        parsed(
            "type",
            self.kind.as_deref(),
            |word| word.parse().ok(),
            KINDS,
        )
    }
}

impl PostMessageRequest {
    /// Whether the message is to be answered.
    pub(crate) fn wants_reply(&self) -> bool {
        self.reply.unwrap_or(true)
    }

    /// The message as a question in `room`, with every field checked.
    ///
    /// # Errors
    /// `Invalid` with the field and its limit.
    pub(crate) fn into_request(self, room: RoomId) -> Result<ChatRequest> {
        if role(self.role.as_deref())? != Role::User {
            return Err(Error::invalid(
                "role: only a user's message is answered; send reply: false",
            ));
        }
        let question = Question::parse_field("content", &self.content)?;
        let body = AskRequest {
            question: self.content,
            session_id: None,
            collection: self.collection,
            model: self.model,
            provider: self.provider,
            top_k: self.top_k,
            temperature: self.temperature,
            max_tokens: self.max_tokens,
        };
        Ok(ChatRequest {
            question,
            room: Some(room),
            ..body.into_request()?
        })
    }

    /// The message as one that is only stored.
    ///
    /// # Errors
    /// `Invalid` with the field and its limit.
    pub(crate) fn into_note(self) -> Result<(Role, Question)> {
        let content = Question::parse_field("content", &self.content)?;
        Ok((role(self.role.as_deref())?, content))
    }
}

impl RoomResponse {
    pub(crate) fn new(room: Room, message_count: i64) -> Self {
        Self {
            room_id: room.id.uuid(),
            name: room.name,
            kind: room.kind,
            parent_id: room.parent.map(|parent| parent.uuid()),
            owner_id: room.owner.uuid(),
            created_at: room.created_at,
            updated_at: room.updated_at,
            message_count,
        }
    }
}

impl From<CountedRoom> for RoomResponse {
    fn from(counted: CountedRoom) -> Self {
        Self::new(counted.room, counted.messages)
    }
}

impl RoomListResponse {
    pub(crate) fn new(rooms: Vec<CountedRoom>, has_more: bool) -> Self {
        let data: Vec<RoomResponse> = rooms.into_iter().map(RoomResponse::from).collect();
        Self {
            object: "list",
            first_id: data.first().map(|room| room.room_id),
            last_id: data.last().map(|room| room.room_id),
            data,
            has_more,
        }
    }
}

impl From<Message> for RoomMessageResponse {
    fn from(mut message: Message) -> Self {
        let mut detail = |name| {
            message
                .details
                .get_mut(name)
                .map_or(Value::Null, Value::take)
        };
        Self {
            sources: detail("sources"),
            citations: detail("citations"),
            grounded: detail("grounded"),
            confidence: detail("confidence"),
            provider: detail("provider"),
            model: detail("model"),
            usage: detail("usage"),
            degraded: detail("degraded"),
            searched: detail("searched"),
            id: message.id.uuid(),
            room_id: message.room.uuid(),
            role: message.role,
            content: message.content,
            status: message.status,
            created_at: message.created_at,
        }
    }
}

impl RoomMessageListResponse {
    pub(crate) fn new(messages: Vec<Message>, has_more: bool) -> Self {
        let data: Vec<RoomMessageResponse> = messages
            .into_iter()
            .map(RoomMessageResponse::from)
            .collect();
        Self {
            object: "list",
            first_id: data.first().map(|message| message.id),
            last_id: data.last().map(|message| message.id),
            data,
            has_more,
        }
    }
}

/// The role of a message that a caller posts.
///
/// # Errors
/// `Invalid` for a role other than `user` and `assistant`.
fn role(text: Option<&str>) -> Result<Role> {
    match text {
        None | Some("user") => Ok(Role::User),
        Some("assistant") => Ok(Role::Assistant),
        Some(_) => Err(Error::invalid("role: must be 'user' or 'assistant'")),
    }
}
