//! `/api/admin/sessions`: how many there are, how one stands, copies of unused ones, their deletion.

use crate::extract::OptionalJson;
use crate::extract::caller::{Admin, Caller};
use crate::failure::problem::Failure;
use crate::state::AppState;
use axum::Json;
use axum::extract::{Path, State};
use chrono::{DateTime, Utc};
use ragd_core::domain::{Message, MessageStatus, Role, RoomId};
use ragd_core::error::Error;
use ragd_service::chat::SessionCopy;
use ragd_store::SessionRecord;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// How many sessions there are.
#[derive(Serialize, ToSchema)]
pub(crate) struct CountBody {
    /// Those that are kept.
    sessions: i64,
    /// Those of them that can be taken up.
    active: i64,
}

/// How a session stands; what was said in it is its owner's.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionBody {
    session_id: String,
    room_id: Uuid,
    owner_id: Uuid,
    created_at: DateTime<Utc>,
    /// To the minute.
    last_used_at: DateTime<Utc>,
    /// Until when it can be taken up, if nobody uses it before.
    expires_at: DateTime<Utc>,
    messages: i64,
}

/// The sessions with one name: several owners may use the same.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionListBody {
    /// Always `list`.
    #[schema(example = "list")]
    object: &'static str,
    data: Vec<SessionBody>,
}

/// Which sessions are meant.
#[derive(Deserialize, ToSchema, Default)]
pub(crate) struct UnusedBody {
    /// Those not used for so many days; left out: SESSION_RETENTION_DAYS.
    #[schema(minimum = 1, maximum = 36500)]
    days: Option<u32>,
}

/// Which sessions are deleted.
#[derive(Deserialize, ToSchema, Default)]
pub(crate) struct CleanupBody {
    /// Those not used for so many days; left out: SESSION_RETENTION_DAYS.
    #[schema(minimum = 1, maximum = 36500)]
    days: Option<u32>,
    /// Of those only the ones in these rooms.
    rooms: Option<Vec<Uuid>>,
}

/// What was deleted.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeletedBody {
    deleted: u64,
}

/// A session with everything said in it.
#[derive(Serialize, ToSchema)]
pub(crate) struct CopyBody {
    session_id: String,
    room_id: Uuid,
    owner_id: Uuid,
    created_at: DateTime<Utc>,
    last_used_at: DateTime<Utc>,
    messages: Vec<CopiedMessageBody>,
}

/// A message of a copied session.
#[derive(Serialize, ToSchema)]
pub(crate) struct CopiedMessageBody {
    id: Uuid,
    #[schema(value_type = String, example = "user")]
    role: Role,
    #[schema(value_type = String, example = "complete")]
    status: MessageStatus,
    content: String,
    /// Of an answer: its sources, citations, provider and model.
    details: serde_json::Value,
    created_at: DateTime<Utc>,
}

/// Copies of sessions.
#[derive(Serialize, ToSchema)]
pub(crate) struct CopyListBody {
    /// Always `list`.
    #[schema(example = "list")]
    object: &'static str,
    data: Vec<CopyBody>,
}

/// Counts the sessions.
#[utoipa::path(
    get, path = "/api/admin/sessions/count", tag = "admin",
    responses((status = 200, body = CountBody))
)]
pub(crate) async fn count(
    State(state): State<AppState>,
    _caller: Caller<Admin>,
) -> Result<Json<CountBody>, Failure> {
    let counts = state.app.chat().session_counts().await?;
    Ok(Json(CountBody {
        sessions: counts.sessions,
        active: counts.active,
    }))
}

/// How the sessions with this id stand, by `session_id` or `room_id`.
#[utoipa::path(
    get, path = "/api/admin/sessions/{id}", tag = "admin",
    params(("id" = String, Path)),
    responses((status = 200, body = SessionListBody))
)]
pub(crate) async fn show(
    State(state): State<AppState>,
    _caller: Caller<Admin>,
    Path(id): Path<String>,
) -> Result<Json<SessionListBody>, Failure> {
    let found = state.app.chat().sessions_called(&id).await?;
    if found.is_empty() {
        let error = Error::not_found("Session not found: there is none with this id");
        return Err(error
            .with_code(ragd_service::chat::CODE_SESSION_NOT_FOUND)
            .into());
    }
    let data = found.into_iter().map(|(session, expires_at)| SessionBody {
        session_id: name_of(&session),
        room_id: session.room.id.uuid(),
        owner_id: session.room.owner.uuid(),
        created_at: session.room.created_at,
        last_used_at: session.last_used_at,
        expires_at,
        messages: session.messages,
    });
    Ok(Json(SessionListBody {
        object: "list",
        data: data.collect(),
    }))
}

/// Deletes sessions that were not used for some days.
#[utoipa::path(
    post, path = "/api/admin/sessions/cleanup", tag = "admin",
    request_body = Option<CleanupBody>,
    responses((status = 200, body = DeletedBody))
)]
pub(crate) async fn cleanup(
    State(state): State<AppState>,
    caller: Caller<Admin>,
    OptionalJson(body): OptionalJson<CleanupBody>,
) -> Result<Json<DeletedBody>, Failure> {
    let CleanupBody { days, rooms } = body.unwrap_or_default();
    let rooms = rooms.map(|rooms| rooms.into_iter().map(RoomId::from_uuid).collect());
    let deleted = state.app.chat().delete_unused_sessions(days, rooms).await?;
    let details = serde_json::json!({ "days": days, "deleted": deleted });
    caller.audit(&state.app, "sessions.cleanup", details).await;
    Ok(Json(DeletedBody { deleted }))
}

/// Some of the sessions that were not used for some days, with everything said in them. They are
/// not deleted: whoever has written them down says so with `cleanup`, and asks for more.
#[utoipa::path(
    post, path = "/api/admin/sessions/archive", tag = "admin",
    request_body = Option<UnusedBody>,
    responses((status = 200, body = CopyListBody))
)]
pub(crate) async fn archive(
    State(state): State<AppState>,
    caller: Caller<Admin>,
    OptionalJson(body): OptionalJson<UnusedBody>,
) -> Result<Json<CopyListBody>, Failure> {
    let days = body.unwrap_or_default().days;
    let copies = state.app.chat().copy_unused_sessions(days).await?;
    let rooms: Vec<Uuid> = copies
        .iter()
        .map(|copy| copy.session.room.id.uuid())
        .collect();
    let details = serde_json::json!({ "days": days, "rooms": rooms });
    caller.audit(&state.app, "sessions.archive", details).await;
    Ok(Json(CopyListBody {
        object: "list",
        data: copies.into_iter().map(CopyBody::from).collect(),
    }))
}

fn name_of(session: &SessionRecord) -> String {
    match &session.room.session_key {
        Some(key) => key.as_str().to_owned(),
        None => session.room.id.to_string(),
    }
}

impl From<SessionCopy> for CopyBody {
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
                .map(CopiedMessageBody::from)
                .collect(),
        }
    }
}

impl From<Message> for CopiedMessageBody {
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
