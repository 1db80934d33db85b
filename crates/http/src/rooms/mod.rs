//! `/api/rooms`: create, list, get, rename and delete rooms.

pub(crate) mod export;
pub(crate) mod messages;
pub(crate) mod types;

use crate::audit::event::AuditEvent;
use crate::extract::caller::{Caller, Chat};
use crate::extract::{Json, Page, PathId, Query};
use crate::failure::problem::Failure;
use crate::rooms::types::{
    CreateRoomRequest, RenameRoomRequest, RoomListQuery, RoomListResponse, RoomResponse,
};
use crate::state::AppState;
use axum::extract::State;
use axum::http::StatusCode;
use ragd_core::domain::{OwnerId, Room, RoomId};
use ragd_core::error::{Error, Result};
use ragd_service::chat::{CODE_PARENT, OpenedRoom};
use ragd_store::CountedRoom;

/// Creates a room (201). A main room whose name exists already is returned instead (200).
#[utoipa::path(
    post, path = "/api/rooms", tag = "rooms",
    request_body = CreateRoomRequest,
    responses((status = 201, body = RoomResponse), (status = 200, body = RoomResponse))
)]
pub(crate) async fn create(
    State(state): State<AppState>,
    caller: Caller<Chat>,
    Json(body): Json<CreateRoomRequest>,
) -> Result<(StatusCode, axum::Json<RoomResponse>), Failure> {
    let new = body.into_new()?;
    let opened = state.app.chat().create_room(&caller.principal, new).await;
    let OpenedRoom { room, is_new } = opened.map_err(refused)?;
    if is_new {
        return Ok((StatusCode::CREATED, axum::Json(RoomResponse::new(room, 0))));
    }
    let found = find(&state, room.id, caller.principal.owner).await?;
    Ok((StatusCode::OK, axum::Json(found.into())))
}

/// Lists the caller's rooms.
#[utoipa::path(
    get, path = "/api/rooms", tag = "rooms",
    params(Page, RoomListQuery),
    responses((status = 200, body = RoomListResponse))
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller<Chat>,
    Query(page): Query<Page>,
    Query(filter): Query<RoomListQuery>,
) -> Result<axum::Json<RoomListResponse>, Failure> {
    let kind = filter.kind()?;
    let owner = caller.principal.owner;
    let rooms = state
        .app
        .store()
        .list_rooms(owner, kind, page.request()?)
        .await?;
    Ok(axum::Json(RoomListResponse::new(
        rooms.data,
        rooms.has_more,
    )))
}

/// Gets a room.
#[utoipa::path(
    get, path = "/api/rooms/{id}", tag = "rooms",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = RoomResponse))
)]
pub(crate) async fn get(
    State(state): State<AppState>,
    caller: Caller<Chat>,
    PathId(id): PathId<RoomId>,
) -> Result<axum::Json<RoomResponse>, Failure> {
    let room = find(&state, id, caller.principal.owner).await?;
    Ok(axum::Json(room.into()))
}

/// Renames a room.
#[utoipa::path(
    patch, path = "/api/rooms/{id}", tag = "rooms",
    params(("id" = Uuid, Path)),
    request_body = RenameRoomRequest,
    responses((status = 200, body = RoomResponse))
)]
pub(crate) async fn rename(
    State(state): State<AppState>,
    caller: Caller<Chat>,
    PathId(id): PathId<RoomId>,
    Json(body): Json<RenameRoomRequest>,
) -> Result<axum::Json<RoomResponse>, Failure> {
    let name = Room::parse_name(&body.name)?;
    let owner = caller.principal.owner;
    let now = state.app.clock().now();
    let store = state.app.store();
    if !store.rename_room(id, owner, &name, now).await? {
        return Err(PathId::<RoomId>::not_found().into());
    }
    let room = find(&state, id, owner).await?;
    Ok(axum::Json(room.into()))
}

/// Deletes a room permanently, with its messages, its memory and its child rooms.
#[utoipa::path(
    delete, path = "/api/rooms/{id}", tag = "rooms",
    params(("id" = Uuid, Path)),
    responses((status = 204))
)]
pub(crate) async fn delete(
    State(state): State<AppState>,
    caller: Caller<Chat>,
    PathId(id): PathId<RoomId>,
) -> Result<StatusCode, Failure> {
    if !state.app.chat().delete_room(&caller.principal, id).await? {
        return Err(PathId::<RoomId>::not_found().into());
    }
    let details = serde_json::json!({ "room_id": id });
    caller
        .audit(&state.app, AuditEvent::success("room.delete", details))
        .await;
    Ok(StatusCode::NO_CONTENT)
}

/// The room `id` of `owner`.
///
/// # Errors
/// `NotFound` for an unknown room and for another owner's; `Unavailable` without a database.
pub(crate) async fn find(state: &AppState, id: RoomId, owner: OwnerId) -> Result<CountedRoom> {
    let room = state.app.store().counted_room(id, owner).await?;
    room.ok_or_else(PathId::<RoomId>::not_found)
}

/// A kind that does not fit the parent is a 400: no single field of the request is invalid.
fn refused(error: Error) -> Failure {
    if error.code() == CODE_PARENT {
        return Failure::with_status(StatusCode::BAD_REQUEST, error);
    }
    error.into()
}
