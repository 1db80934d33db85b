//! `/api/admin/sessions`: count and show sessions, archive unused ones and delete them.

mod types;

use crate::audit::event::AuditEvent;
use crate::extract::OptionalJson;
use crate::extract::caller::{Admin, Caller};
use crate::failure::problem::Failure;
use crate::sessions::types::{
    ArchiveSessionsRequest, ArchiveSessionsResponse, ArchivedSession, CleanupSessionsRequest,
    CleanupSessionsResponse, SessionCountResponse, SessionItem, SessionListResponse,
};
use crate::state::AppState;
use axum::Json;
use axum::extract::{Path, State};
use ragd_core::domain::RoomId;
use ragd_core::error::Error;
use ragd_service::chat::CODE_SESSION_NOT_FOUND;
use uuid::Uuid;

/// Counts the sessions.
#[utoipa::path(
    get, path = "/api/admin/sessions/count", tag = "admin",
    responses((status = 200, body = SessionCountResponse))
)]
pub(crate) async fn count(
    State(state): State<AppState>,
    _caller: Caller<Admin>,
) -> Result<Json<SessionCountResponse>, Failure> {
    let counts = state.app.chat().session_counts().await?;
    Ok(Json(SessionCountResponse {
        sessions: counts.sessions,
        active: counts.active,
    }))
}

/// Lists the sessions with this id, which is a `session_id` or a `room_id`.
#[utoipa::path(
    get, path = "/api/admin/sessions/{id}", tag = "admin",
    params(("id" = String, Path)),
    responses((status = 200, body = SessionListResponse))
)]
pub(crate) async fn show(
    State(state): State<AppState>,
    _caller: Caller<Admin>,
    Path(id): Path<String>,
) -> Result<Json<SessionListResponse>, Failure> {
    let found = state.app.chat().sessions_called(&id).await?;
    if found.is_empty() {
        let error = Error::not_found("Session not found: there is none with this id");
        return Err(error.with_code(CODE_SESSION_NOT_FOUND).into());
    }
    let sessions = found.iter();
    let data = sessions.map(|(session, expires_at)| SessionItem::new(session, *expires_at));
    Ok(Json(SessionListResponse {
        object: "list",
        data: data.collect(),
    }))
}

/// Deletes sessions that were unused for some days.
#[utoipa::path(
    post, path = "/api/admin/sessions/cleanup", tag = "admin",
    request_body = Option<CleanupSessionsRequest>,
    responses((status = 200, body = CleanupSessionsResponse))
)]
pub(crate) async fn cleanup(
    State(state): State<AppState>,
    caller: Caller<Admin>,
    OptionalJson(body): OptionalJson<CleanupSessionsRequest>,
) -> Result<Json<CleanupSessionsResponse>, Failure> {
    let CleanupSessionsRequest { days, rooms } = body.unwrap_or_default();
    let rooms = rooms.map(|rooms| rooms.into_iter().map(RoomId::from_uuid).collect());
    let deleted = state.app.chat().delete_unused_sessions(days, rooms).await?;
    let details = serde_json::json!({ "days": days, "deleted": deleted });
    caller
        .audit(&state.app, AuditEvent::success("sessions.cleanup", details))
        .await;
    Ok(Json(CleanupSessionsResponse { deleted }))
}

/// Returns some of the sessions that were unused for some days, with their messages. They are not
/// deleted: once they are stored elsewhere, delete them with `cleanup` and call this again.
#[utoipa::path(
    post, path = "/api/admin/sessions/archive", tag = "admin",
    request_body = Option<ArchiveSessionsRequest>,
    responses((status = 200, body = ArchiveSessionsResponse))
)]
pub(crate) async fn archive(
    State(state): State<AppState>,
    caller: Caller<Admin>,
    OptionalJson(body): OptionalJson<ArchiveSessionsRequest>,
) -> Result<Json<ArchiveSessionsResponse>, Failure> {
    let days = body.unwrap_or_default().days;
    let copies = state.app.chat().copy_unused_sessions(days).await?;
    let rooms: Vec<Uuid> = copies
        .iter()
        .map(|copy| copy.session.room.id.uuid())
        .collect();
    let details = serde_json::json!({ "days": days, "rooms": rooms });
    caller
        .audit(&state.app, AuditEvent::success("sessions.archive", details))
        .await;
    Ok(Json(ArchiveSessionsResponse {
        object: "list",
        data: copies.into_iter().map(ArchivedSession::from).collect(),
    }))
}
