//! The messages of a room: list them, say something, and have it answered, whole or as a stream.

use crate::audit::rate_limited::refused;
use crate::chat::stream::streamed;
use crate::chat::types::SayBody;
use crate::extract::caller::{Caller, Chat};
use crate::extract::disclosure::Disclosure;
use crate::extract::{Json, Page, PathId, Query};
use crate::failure::problem::Failure;
use crate::rooms::find;
use crate::rooms::types::{MessageBody, MessageListBody};
use crate::state::AppState;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use ragd_core::domain::{Role, RoomId};
use ragd_core::error::{Error, Result};

/// A room's messages.
#[utoipa::path(
    get, path = "/api/rooms/{id}/messages", tag = "rooms",
    params(("id" = Uuid, Path), Page),
    responses((status = 200, body = MessageListBody))
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller<Chat>,
    PathId(id): PathId<RoomId>,
    Query(page): Query<Page>,
) -> Result<axum::Json<MessageListBody>, Failure> {
    let owner = caller.principal.owner;
    let page = page.request()?;
    find(&state, id, owner).await?;
    let messages = state.app.chat().messages(id, owner, page).await?;
    Ok(axum::Json(MessageListBody::new(
        messages.data,
        messages.has_more,
    )))
}

/// Says something in a room. A person's message is answered from the documents and from what the
/// room remembers, and the answer comes back; with `reply: false` it is kept, and comes back itself.
#[utoipa::path(
    post, path = "/api/rooms/{id}/messages", tag = "rooms",
    params(("id" = Uuid, Path)),
    request_body = SayBody,
    responses((status = 201, body = MessageBody))
)]
pub(crate) async fn say(
    State(state): State<AppState>,
    (caller, disclosure): (Caller<Chat>, Disclosure),
    PathId(id): PathId<RoomId>,
    Json(body): Json<SayBody>,
) -> Result<(StatusCode, HeaderMap, axum::Json<MessageBody>), Failure> {
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

/// Says something in a room and has it answered as events, which are those of `POST /chat/stream`.
#[utoipa::path(
    post, path = "/api/rooms/{id}/messages/stream", tag = "rooms",
    params(("id" = Uuid, Path)),
    request_body = SayBody,
    responses((status = 200, content_type = "text/event-stream", body = String))
)]
pub(crate) async fn stream(
    State(state): State<AppState>,
    (caller, disclosure): (Caller<Chat>, Disclosure),
    PathId(id): PathId<RoomId>,
    Json(body): Json<SayBody>,
) -> Result<impl IntoResponse, Failure> {
    if !body.wants_reply() {
        return Err(Error::invalid("reply: a stream is the reply; it cannot be left out").into());
    }
    let request = body.into_request(id)?;
    streamed((&state, &caller), request, disclosure).await
}

/// The role of a message that a caller brings.
///
/// # Errors
/// `Invalid` for a role that is not a caller's to take.
pub(crate) fn role(word: Option<&str>) -> Result<Role> {
    match word {
        None | Some("user") => Ok(Role::User),
        Some("assistant") => Ok(Role::Assistant),
        Some(_) => Err(Error::invalid("role: must be 'user' or 'assistant'")),
    }
}
