//! `POST /chat`: a question, and its whole answer.

use super::caller::{Caller, Chat};
use super::chat_wire::{AnswerBody, AskBody};
use super::extract::Json;
use super::limited::refused;
use super::problem::Failure;
use super::state::Door;
use axum::extract::State;

/// Answers a question from the documents, with citations.
#[utoipa::path(
    post, path = "/chat", tag = "chat",
    request_body = AskBody,
    responses((status = 200, body = AnswerBody))
)]
pub(super) async fn chat(
    State(door): State<Door>,
    caller: Caller<Chat>,
    Json(body): Json<AskBody>,
) -> Result<axum::Json<AnswerBody>, Failure> {
    let mut request = body.into_request()?;
    request.origin.address = caller.address();
    match door.app.chat().turn(&caller.principal, request).await {
        Ok(answer) => Ok(axum::Json(answer.into())),
        Err(error) => Err(refused(&door, &caller, error).await),
    }
}
