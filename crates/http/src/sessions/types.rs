//! Sessions as JSON, and the requests that archive and delete them.

use chrono::{DateTime, Utc};
use ragd_core::domain::{Message, MessageStatus, Role};
use ragd_service::chat::SessionCopy;
use ragd_store::SessionRecord;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// The number of sessions.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionCountResponse {
    /// Stored sessions.
    pub(super) sessions: i64,
    /// Stored sessions that have not expired.
    pub(super) active: i64,
}

/// A session without its messages.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionItem {
    session_id: String,
    room_id: Uuid,
    owner_id: Uuid,
    created_at: DateTime<Utc>,
    /// To the minute.
    last_used_at: DateTime<Utc>,
    /// When it expires unless it is used before.
    expires_at: DateTime<Utc>,
    messages: i64,
}

/// The sessions with one id: several owners may use the same.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionListResponse {
    /// Always `list`.
    #[schema(example = "list")]
    pub(super) object: &'static str,
    pub(super) data: Vec<SessionItem>,
}

/// Which sessions to archive.
#[derive(Deserialize, ToSchema, Default)]
pub(crate) struct ArchiveSessionsRequest {
    /// Sessions unused for this number of days; default: SESSION_RETENTION_DAYS.
    #[schema(minimum = 1, maximum = 36500)]
    pub(super) days: Option<u32>,
}

/// Which sessions to delete.
#[derive(Deserialize, ToSchema, Default)]
pub(crate) struct CleanupSessionsRequest {
    /// Sessions unused for this number of days; default: SESSION_RETENTION_DAYS.
    #[schema(minimum = 1, maximum = 36500)]
    pub(super) days: Option<u32>,
    /// Of these only the ones in these rooms.
    pub(super) rooms: Option<Vec<Uuid>>,
}

/// The number of deleted sessions.
#[derive(Serialize, ToSchema)]
pub(crate) struct CleanupSessionsResponse {
    pub(super) deleted: u64,
}

/// A session with its messages.
#[derive(Serialize, ToSchema)]
pub(crate) struct ArchivedSession {
    session_id: String,
    room_id: Uuid,
    owner_id: Uuid,
    created_at: DateTime<Utc>,
    last_used_at: DateTime<Utc>,
    messages: Vec<ArchivedMessage>,
}

/// A message of an archived session.
#[derive(Serialize, ToSchema)]
pub(crate) struct ArchivedMessage {
    id: Uuid,
    #[schema(value_type = String, example = "user")]
    role: Role,
    #[schema(value_type = String, example = "complete")]
    status: MessageStatus,
    content: String,
    /// Of an answer: sources, citations, provider and model.
    details: serde_json::Value,
    created_at: DateTime<Utc>,
}

/// Sessions with their messages.
#[derive(Serialize, ToSchema)]
pub(crate) struct ArchiveSessionsResponse {
    /// Always `list`.
    #[schema(example = "list")]
    pub(super) object: &'static str,
    pub(super) data: Vec<ArchivedSession>,
}

fn name_of(session: &SessionRecord) -> String {
    match &session.room.session_key {
        Some(key) => key.as_str().to_owned(),
        None => session.room.id.to_string(),
    }
}

impl SessionItem {
    pub(super) fn new(session: &SessionRecord, expires_at: DateTime<Utc>) -> Self {
        Self {
            session_id: name_of(session),
            room_id: session.room.id.uuid(),
            owner_id: session.room.owner.uuid(),
            created_at: session.room.created_at,
            last_used_at: session.last_used_at,
            expires_at,
            messages: session.messages,
        }
    }
}

impl From<SessionCopy> for ArchivedSession {
    fn from(copy: SessionCopy) -> Self {
        let session = copy.session;
        Self {
            session_id: name_of(&session),
            room_id: session.room.id.uuid(),
            owner_id: session.room.owner.uuid(),
            created_at: session.room.created_at,
            last_used_at: session.last_used_at,
            messages: copy
                .messages
                .into_iter()
                .map(ArchivedMessage::from)
                .collect(),
        }
    }
}

impl From<Message> for ArchivedMessage {
    fn from(message: Message) -> Self {
        Self {
            id: message.id.uuid(),
            role: message.role,
            status: message.status,
            content: message.content,
            details: message.details,
            created_at: message.created_at,
        }
    }
}
