//! `/api/rooms/{id}/messages`: list a room's messages, post one, get its answer whole or as a stream.

use crate::audit::rate_limited::refused;
use crate::chat::stream::streamed;
use crate::chat::types::AnswerEvent;
use crate::extract::caller::{Caller, Chat};
use crate::extract::disclosure::Disclosure;
use crate::extract::{Json, Page, PathId, Query};
use crate::failure::problem::Failure;
use crate::rooms::find;
use crate::rooms::types::{PostMessageRequest, RoomMessageListResponse, RoomMessageResponse};
use crate::state::AppState;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use ragd_core::domain::RoomId;
use ragd_core::error::Error;

/// Lists a room's messages.
#[utoipa::path(
    get, path = "/api/rooms/{id}/messages", tag = "rooms",
    params(("id" = Uuid, Path), Page),
    responses((status = 200, body = RoomMessageListResponse))
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller<Chat>,
    PathId(id): PathId<RoomId>,
    Query(page): Query<Page>,
) -> Result<axum::Json<RoomMessageListResponse>, Failure> {
    let owner = caller.principal.owner;
    let page = page.request()?;
    find(&state, id, owner).await?;
    let messages = state.app.chat().messages(id, owner, page).await?;
    Ok(axum::Json(RoomMessageListResponse::new(
        messages.data,
        messages.has_more,
    )))
}

/// Posts a message to a room. It is answered from the documents and from the room's memory, and the
/// answer is returned; with `reply: false` the message is only stored, and is returned itself.
#[utoipa::path(
    post, path = "/api/rooms/{id}/messages", tag = "rooms",
    params(("id" = Uuid, Path)),
    request_body = PostMessageRequest,
    responses((status = 201, body = RoomMessageResponse))
)]
pub(crate) async fn post(
    State(state): State<AppState>,
    caller: Caller<Chat>,
    disclosure: Disclosure,
    PathId(id): PathId<RoomId>,
    Json(body): Json<PostMessageRequest>,
) -> Result<(StatusCode, HeaderMap, axum::Json<RoomMessageResponse>), Failure> {
    let chat = state.app.chat();
    let owner = caller.principal.owner;
    let mut headers = HeaderMap::new();
    let message = if body.wants_reply() {
        let request = body.into_request(id)?;
        let stored = match chat.turn_with_message(&caller.principal, request).await {
            Ok(stored) => stored,
            Err(error) => return Err(refused(&state, &caller, error).await),
        };
        headers = disclosure.of_answer(&stored.answer, &state.metrics);
        stored.message
    } else {
        let (role, content) = body.into_note()?;
        find(&state, id, owner).await?;
        chat.note(id, owner, role, content.as_str()).await?
    };
    Ok((StatusCode::CREATED, headers, axum::Json(message.into())))
}

/// Posts a message to a room and streams its answer, as the events of `POST /chat/stream`.
#[utoipa::path(
    post, path = "/api/rooms/{id}/messages/stream", tag = "rooms",
    params(("id" = Uuid, Path)),
    request_body = PostMessageRequest,
    responses((status = 200, content_type = "text/event-stream", body = AnswerEvent))
)]
pub(crate) async fn stream(
    State(state): State<AppState>,
    caller: Caller<Chat>,
    disclosure: Disclosure,
    PathId(id): PathId<RoomId>,
    Json(body): Json<PostMessageRequest>,
) -> Result<impl IntoResponse, Failure> {
    if !body.wants_reply() {
        return Err(
            Error::invalid("reply: must not be false, because the stream is the reply").into(),
        );
    }
    let request = body.into_request(id)?;
    streamed(&state, &caller, request, disclosure).await
}
