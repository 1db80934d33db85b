//! An answer from the documents as a whole `chat.completion`.

use super::annotations::{annotations, citations, completion_id, of_ragd};
use super::question::Asked;
use crate::http::caller::{Caller, Chat};
use crate::http::disclosure::Disclosure;
use crate::http::limited::refused;
use crate::http::problem::Failure;
use crate::http::state::Door;
use axum::body::Body;
use axum::http::Response;
use axum::response::IntoResponse;
use serde_json::json;

pub(super) async fn answer(
    (door, caller): (&Door, &Caller<Chat>),
    asked: Asked,
    disclosure: Disclosure,
) -> Result<Response<Body>, Failure> {
    let chat = door.app.chat();
    let answer = match chat.turn(&caller.principal, asked.question).await {
        Ok(answer) => answer,
        Err(error) => return Err(refused(door, caller, error).await),
    };
    let body = json!({
        "id": completion_id(&answer),
        "object": "chat.completion",
        "created": door.app.clock().now().timestamp(),
        "model": asked.model,
        "choices": [{
            "index": 0,
            "message": {
                "role": "assistant",
                "content": answer.answer,
                "refusal": null,
                "annotations": annotations(&answer, &answer.answer),
            },
            "logprobs": null,
            "finish_reason": "stop",
        }],
        "usage": answer.usage,
        "citations": citations(&answer),
        "ragd": of_ragd(&answer),
    });
    let headers = disclosure.of_answer(&answer, door.app.metrics());
    Ok((headers, axum::Json(body)).into_response())
}
