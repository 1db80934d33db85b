//! Rooms and messages as JSON.

use crate::chat::types::{CitationBody, SourceBody, UsageBody};
use chrono::{DateTime, Utc};
use ragd_core::domain::{Message, MessageStatus, Role, Room, RoomKind};
use ragd_store::CountedRoom;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// A room.
#[derive(Serialize, ToSchema)]
pub(crate) struct RoomBody {
    room_id: Uuid,
    name: String,
    /// `main`, `sub`, `review` or `session`.
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "main")]
    kind: RoomKind,
    /// The room above it.
    parent_id: Option<Uuid>,
    owner_id: Uuid,
    created_at: DateTime<Utc>,
    /// When a message was last added, or the name changed.
    updated_at: DateTime<Utc>,
    message_count: i64,
}

/// A page of rooms.
#[derive(Serialize, ToSchema)]
pub(crate) struct RoomListBody {
    /// Always `list`.
    #[schema(example = "list")]
    object: &'static str,
    data: Vec<RoomBody>,
    first_id: Option<Uuid>,
    last_id: Option<Uuid>,
    has_more: bool,
}

/// A message. What is known of an answer is null for every other message.
#[derive(Serialize, ToSchema)]
pub(crate) struct MessageBody {
    id: Uuid,
    room_id: Uuid,
    /// `user`, `assistant` or `system`.
    #[schema(value_type = String, example = "assistant")]
    role: Role,
    content: String,
    /// `complete`, or `incomplete` when its stream broke off.
    #[schema(value_type = String, example = "complete")]
    status: MessageStatus,
    created_at: DateTime<Utc>,
    #[schema(value_type = Option<Vec<SourceBody>>)]
    sources: Value,
    #[schema(value_type = Option<Vec<CitationBody>>)]
    citations: Value,
    #[schema(value_type = Option<bool>)]
    grounded: Value,
    #[schema(value_type = Option<f64>)]
    confidence: Value,
    #[schema(value_type = Option<String>)]
    provider: Value,
    #[schema(value_type = Option<String>)]
    model: Value,
    #[schema(value_type = Option<UsageBody>)]
    usage: Value,
    #[schema(value_type = Option<Vec<String>>)]
    degraded: Value,
}

/// A page of messages.
#[derive(Serialize, ToSchema)]
pub(crate) struct MessageListBody {
    /// Always `list`.
    #[schema(example = "list")]
    object: &'static str,
    data: Vec<MessageBody>,
    first_id: Option<Uuid>,
    last_id: Option<Uuid>,
    has_more: bool,
}

impl RoomBody {
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

impl From<CountedRoom> for RoomBody {
    fn from(counted: CountedRoom) -> Self {
        Self::new(counted.room, counted.messages)
    }
}

impl RoomListBody {
    pub(crate) fn new(rooms: Vec<CountedRoom>, has_more: bool) -> Self {
        let data: Vec<RoomBody> = rooms.into_iter().map(RoomBody::from).collect();
        Self {
            object: "list",
            first_id: data.first().map(|room| room.room_id),
            last_id: data.last().map(|room| room.room_id),
            data,
            has_more,
        }
    }
}

impl From<Message> for MessageBody {
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
            id: message.id.uuid(),
            room_id: message.room.uuid(),
            role: message.role,
            content: message.content,
            status: message.status,
            created_at: message.created_at,
        }
    }
}

impl MessageListBody {
    pub(crate) fn new(messages: Vec<Message>, has_more: bool) -> Self {
        let data: Vec<MessageBody> = messages.into_iter().map(MessageBody::from).collect();
        Self {
            object: "list",
            first_id: data.first().map(|message| message.id),
            last_id: data.last().map(|message| message.id),
            data,
            has_more,
        }
    }
}
