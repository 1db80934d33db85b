//! `POST /chat`: a question and its whole answer. The stream and feedback are in files of their own.

pub(crate) mod feedback;
pub(crate) mod stream;
pub(crate) mod types;

use crate::audit::rate_limited::refused;
use crate::chat::types::{AnswerResponse, AskRequest};
use crate::extract::Json;
use crate::extract::caller::{Caller, Chat};
use crate::extract::disclosure::Disclosure;
use crate::failure::problem::Failure;
use crate::state::AppState;
use axum::extract::State;
use axum::http::HeaderMap;

/// Answers a question from the documents, with citations.
#[utoipa::path(
    post, path = "/chat", tag = "chat",
    request_body = AskRequest,
    responses((status = 200, body = AnswerResponse))
)]
pub(crate) async fn chat(
    State(state): State<AppState>,
    caller: Caller<Chat>,
    disclosure: Disclosure,
    Json(body): Json<AskRequest>,
) -> Result<(HeaderMap, axum::Json<AnswerResponse>), Failure> {
    let mut request = body.into_request()?;
    request.origin.address = caller.address();
    match state.app.chat().turn(&caller.principal, request).await {
        Ok(answer) => {
            let headers = disclosure.of_answer(&answer, &state.metrics);
            Ok((headers, axum::Json(answer.into())))
        }
        Err(error) => Err(refused(&state, &caller, error).await),
    }
}
