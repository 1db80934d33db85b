//! Rooms: make, list, show, rename, delete.

pub(crate) mod export;
pub(crate) mod messages;
pub(crate) mod types;

use crate::extract::caller::{Caller, Chat};
use crate::extract::{Json, Page, PathId, Query, parsed};
use crate::failure::problem::Failure;
use crate::rooms::types::{RoomBody, RoomListBody};
use crate::state::AppState;
use axum::extract::State;
use axum::http::StatusCode;
use ragd_core::domain::{OwnerId, Room, RoomId, RoomKind};
use ragd_core::error::{Error, Result};
use ragd_service::chat::{CODE_PARENT, NewRoom, OpenedRoom};
use ragd_store::CountedRoom;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

/// The kinds of rooms, as a fault lists them.
const KINDS: &str = "'main', 'sub', 'review' or 'session'";

/// A room to be made.
#[derive(Deserialize, ToSchema)]
pub(crate) struct NewRoomBody {
    #[schema(min_length = 1, max_length = 200, example = "Garden")]
    name: String,
    /// `main` (the default), `sub`, `review` or `session`.
    #[serde(rename = "type")]
    kind: Option<String>,
    /// A sub room's main room, a review's sub room; none for the others.
    #[schema(value_type = Option<Uuid>)]
    parent_id: Option<String>,
}

/// What changes of a room.
#[derive(Deserialize, ToSchema)]
pub(crate) struct RenameBody {
    #[schema(min_length = 1, max_length = 200)]
    name: String,
}

/// Which rooms are asked for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    /// `main`, `sub`, `review` or `session`.
    #[serde(rename = "type")]
    #[param(required = false)]
    kind: Option<String>,
}

/// Makes a room. A second main room of the same name is the first one, answered with 200.
#[utoipa::path(
    post, path = "/api/rooms", tag = "rooms",
    request_body = NewRoomBody,
    responses((status = 201, body = RoomBody), (status = 200, body = RoomBody))
)]
pub(crate) async fn create(
    State(state): State<AppState>,
    caller: Caller<Chat>,
    Json(body): Json<NewRoomBody>,
) -> Result<(StatusCode, axum::Json<RoomBody>), Failure> {
    let new = body.into_new()?;
    let opened = state.app.chat().create_room(&caller.principal, new).await;
    let OpenedRoom { room, is_new } = opened.map_err(refused)?;
    if is_new {
        return Ok((StatusCode::CREATED, axum::Json(RoomBody::new(room, 0))));
    }
    let found = find(&state, room.id, caller.principal.owner).await?;
    Ok((StatusCode::OK, axum::Json(found.into())))
}

/// The caller's rooms.
#[utoipa::path(
    get, path = "/api/rooms", tag = "rooms",
    params(Page, Filter),
    responses((status = 200, body = RoomListBody))
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller<Chat>,
    Query(page): Query<Page>,
    Query(filter): Query<Filter>,
) -> Result<axum::Json<RoomListBody>, Failure> {
    let kind = parsed(
        ("type", filter.kind.as_deref()),
        |word| word.parse().ok(),
        KINDS,
    )?;
    let owner = caller.principal.owner;
    let rooms = state
        .app
        .store()
        .list_rooms(owner, kind, page.request()?)
        .await?;
    Ok(axum::Json(RoomListBody::new(rooms.data, rooms.has_more)))
}

/// A room.
#[utoipa::path(
    get, path = "/api/rooms/{id}", tag = "rooms",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = RoomBody))
)]
pub(crate) async fn get(
    State(state): State<AppState>,
    caller: Caller<Chat>,
    PathId(id): PathId<RoomId>,
) -> Result<axum::Json<RoomBody>, Failure> {
    let room = find(&state, id, caller.principal.owner).await?;
    Ok(axum::Json(room.into()))
}

/// Gives a room another name.
#[utoipa::path(
    patch, path = "/api/rooms/{id}", tag = "rooms",
    params(("id" = Uuid, Path)),
    request_body = RenameBody,
    responses((status = 200, body = RoomBody))
)]
pub(crate) async fn rename(
    State(state): State<AppState>,
    caller: Caller<Chat>,
    PathId(id): PathId<RoomId>,
    Json(body): Json<RenameBody>,
) -> Result<axum::Json<RoomBody>, Failure> {
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

/// Deletes a room for good, with its messages, what it remembers, and the rooms below it.
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
    caller.audit(&state.app, "room.delete", details).await;
    Ok(StatusCode::NO_CONTENT)
}

/// The room `id`, if it is `owner`'s.
///
/// # Errors
/// `NotFound` when it is not; `Unavailable` without a database.
pub(crate) async fn find(state: &AppState, id: RoomId, owner: OwnerId) -> Result<CountedRoom> {
    let room = state.app.store().counted_room(id, owner).await?;
    room.ok_or_else(PathId::<RoomId>::not_found)
}

impl NewRoomBody {
    fn into_new(self) -> Result<NewRoom> {
        let name = Room::parse_name(&self.name)?;
        let kind = parsed(
            ("type", self.kind.as_deref()),
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

/// A room that cannot stand where it should is a 400: no single field of the request is wrong.
fn refused(error: Error) -> Failure {
    if error.code() == CODE_PARENT {
        return Failure::with_status(StatusCode::BAD_REQUEST, error);
    }
    error.into()
}
