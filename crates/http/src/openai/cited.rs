//! An answer from the documents as a whole `chat.completion`.

use super::annotations::{annotations, citations, completion_id, of_ragd};
use super::question::Asked;
use crate::audit::rate_limited::refused;
use crate::extract::caller::{Caller, Chat};
use crate::extract::disclosure::Disclosure;
use crate::failure::problem::Failure;
use crate::state::AppState;
use axum::body::Body;
use axum::http::Response;
use axum::response::IntoResponse;
use serde_json::json;

pub(super) async fn answer(
    state: &AppState,
    caller: &Caller<Chat>,
    asked: Asked,
    disclosure: Disclosure,
) -> Result<Response<Body>, Failure> {
    let chat = state.app.chat();
    let answer = match chat.turn(&caller.principal, asked.question).await {
        Ok(answer) => answer,
        Err(error) => return Err(refused(state, caller, error).await),
    };
    let body = json!({
        "id": completion_id(&answer),
        "object": "chat.completion",
        "created": state.app.clock().now().timestamp(),
        "model": asked.model,
        "choices": [{
            "index": 0,
            "message": {
                "role": "assistant",
                "content": answer.draft.text,
                "refusal": null,
                "annotations": annotations(&answer, &answer.draft.text),
            },
            "logprobs": null,
            "finish_reason": answer.draft.finish_reason.as_str(),
        }],
        "usage": answer.draft.usage,
        "citations": citations(&answer),
        "ragd": of_ragd(&answer),
    });
    let headers = disclosure.of_answer(&answer, &state.metrics);
    Ok((headers, axum::Json(body)).into_response())
}
