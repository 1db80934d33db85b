//! `POST /v1/chat/completions`: the request's model decides whether ragd answers it from the documents or
//! passes it to a provider.

use super::body::Written;
use super::types::{ChatCompletionEvent, ChatCompletionRequest, ChatCompletionResponse};
use super::{cited, cited_stream, failure, passage, passage_stream, question};
use crate::extract::caller::{Caller, Chat};
use crate::extract::disclosure::Disclosure;
use crate::failure::problem::Failure;
use crate::state::AppState;
use axum::body::Body;
use axum::extract::State;
use axum::http::Response;
use ragd_core::error::Error;
use ragd_llm::{ChatRequest, RouteRequest};

/// The longest name of a model, in characters.
const MAX_MODEL_CHARS: usize = 256;

/// Answers a conversation, in the shape of OpenAI's API.
///
/// `model: "ragd"`, or a field `ragd` (`{collection?, session_id?, top_k?, provider?}`), is answered
/// from the documents, with `message.annotations` and `citations`. Any other model
/// (`provider/model`, or a provider's model) is passed to its provider as it came, unknown fields
/// included. With `stream: true` the answer comes as events.
#[utoipa::path(
    post, path = "/v1/chat/completions", tag = "openai",
    request_body = ChatCompletionRequest,
    responses((
        status = 200,
        content(
            (ChatCompletionResponse = "application/json"),
            (ChatCompletionEvent = "text/event-stream")
        )
    ))
)]
pub(crate) async fn complete(
    State(state): State<AppState>,
    caller: Caller<Chat>,
    disclosure: Disclosure,
    Written(mut written): Written,
) -> Result<Response<Body>, Failure> {
    check(&written.request)?;
    let options = written.request.take_field("ragd");
    if let Some(asked) = question::cited(&written.request, options.as_deref(), caller.address())? {
        return if written.stream {
            cited_stream::answer(&state, &caller, asked, written.include_usage, disclosure).await
        } else {
            cited::answer(&state, &caller, asked, disclosure).await
        };
    }
    let wish = RouteRequest {
        provider: None,
        model: written.request.model.as_deref(),
    };
    let route = state.app.router().route(wish)?;
    if route.calls_no_provider() && route.ends_extractive() {
        let model = written.request.model.as_deref().unwrap_or_default();
        return Err(failure::no_model(&format!(
            "model: no provider is configured for '{model}'; model 'ragd' is answered from the \
             documents (GET /v1/models lists what there is)"
        )));
    }
    if written.stream {
        passage_stream::answer(&state, route, written, disclosure).await
    } else {
        passage::answer(&state, &route, &written.request, disclosure).await
    }
}

/// Checks the fields that every call must have.
fn check(request: &ChatRequest) -> Result<(), Failure> {
    match request.model.as_deref() {
        None | Some("") => return Err(Error::invalid("model: must be given").into()),
        Some(model)
            if model.chars().count() > MAX_MODEL_CHARS || model.chars().any(char::is_control) =>
        {
            let message = format!(
                "model: must have at most {MAX_MODEL_CHARS} characters, none of them control \
                 characters"
            );
            return Err(Error::invalid(message).into());
        }
        Some(_) => {}
    }
    let messages = request.field("messages").unwrap_or("null");
    if !messages.starts_with('[') || messages[1..].trim_start().starts_with(']') {
        return Err(Error::invalid("messages: must be a list of at least one message").into());
    }
    Ok(())
}
