//! `POST /chat/stream`: the same answer as server-sent events (HTML Living Standard, 9.2), while it
//! is made. Dropping the response, because the client has gone, drops the stream and with it the
//! call upstream.

use crate::audit::rate_limited::refused;
use crate::chat::types::{AnswerBody, AskBody, SourceBody};
use crate::extract::Json;
use crate::extract::caller::{Caller, Chat};
use crate::extract::disclosure::Disclosure;
use crate::failure::problem::Failure;
use crate::metrics::HttpMetrics;
use crate::state::AppState;
use crate::stream::outcome::StreamOutcome;
use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt, stream};
use ragd_core::error::Error;
use ragd_service::chat::{ChatEvent, ChatRequest};
use serde::Serialize;
use std::convert::Infallible;
use std::pin::Pin;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use utoipa::ToSchema;

/// After so long without content the client is told that its question is being worked on.
const COMMIT_AFTER: Duration = Duration::from_secs(10);
/// A comment this often keeps proxies from closing a silent stream.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// The data of event `metadata`.
#[derive(Serialize, ToSchema)]
pub(crate) struct MetadataEvent {
    session_id: String,
    sources: Vec<SourceBody>,
}

/// The data of event `token`.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenEvent<'a> {
    /// More of the answer.
    token: &'a str,
}

/// The data of event `error`, which ends a stream.
#[derive(Serialize, ToSchema)]
pub(crate) struct ErrorEvent<'a> {
    code: &'a str,
    message: String,
    /// Whether a part of the answer had been sent.
    partial: bool,
}

/// Answers a question as events: `metadata` (the sources first), `token` (many), then `done` (the
/// whole answer, as of `POST /chat`) or `error`.
#[utoipa::path(
    post, path = "/chat/stream", tag = "chat",
    request_body = AskBody,
    responses((status = 200, content_type = "text/event-stream", body = String))
)]
pub(crate) async fn chat_stream(
    State(state): State<AppState>,
    caller: Caller<Chat>,
    disclosure: Disclosure,
    Json(body): Json<AskBody>,
) -> Result<impl IntoResponse, Failure> {
    let mut request = body.into_request()?;
    request.origin.address = caller.address();
    streamed((&state, &caller), request, disclosure).await
}

/// The answer to a question as events.
pub(crate) async fn streamed(
    (state, caller): (&AppState, &Caller<Chat>),
    request: ChatRequest,
    disclosure: Disclosure,
) -> Result<impl IntoResponse + use<>, Failure> {
    let events = state.app.chat().stream(caller.principal.clone(), request);
    let mut outcome = StreamOutcome::new(state.clone());
    let begun = match Begun::of(events.boxed()).await {
        Ok(begun) => begun,
        Err(error) => {
            outcome.end("error_before_content");
            return Err(refused(state, caller, error).await);
        }
    };
    let mut headers = begun.headers(disclosure, &state.metrics);
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    let mark = outcome.mark();
    let events = stream::iter(begun.held).chain(begun.events);
    let answer = Sse::new(sent(events, outcome));
    Ok((
        Extension(mark),
        headers,
        answer.keep_alive(KeepAlive::new().interval(KEEP_ALIVE).text("ping")),
    ))
}

/// A stream that may be answered with a status: its first content has come, or has not for so long
/// that the client is told that it is being worked on.
pub(crate) struct Begun {
    pub(crate) held: Vec<ChatEvent>,
    pub(crate) events: BoxStream<'static, ChatEvent>,
}

impl Begun {
    /// Waits for the first content. What fails before is the error, and is answered by its status.
    pub(crate) async fn of(mut events: BoxStream<'static, ChatEvent>) -> Result<Self, Error> {
        let mut held = Vec::new();
        let commit_at = Instant::now() + COMMIT_AFTER;
        while let Ok(Some(event)) = timeout_at(commit_at, events.next()).await {
            match event {
                ChatEvent::Error { error, .. } => return Err(error),
                event => {
                    let is_content = matches!(event, ChatEvent::Token(_) | ChatEvent::Done(_));
                    held.push(event);
                    if is_content {
                        break;
                    }
                }
            }
        }
        Ok(Self { held, events })
    }

    /// The headers that say who answers, where that is known.
    pub(crate) fn headers(&self, disclosure: Disclosure, metrics: &HttpMetrics) -> HeaderMap {
        let known = self.held.iter().find_map(|event| match event {
            ChatEvent::Answering(served) => Some(disclosure.headers(served, metrics)),
            ChatEvent::Done(answer) => Some(disclosure.of_answer(answer, metrics)),
            _ => None,
        });
        known.unwrap_or_default()
    }
}

type Sent = Pin<Box<dyn Stream<Item = Result<Event, Infallible>> + Send>>;

fn sent(events: impl Stream<Item = ChatEvent> + Send + 'static, outcome: StreamOutcome) -> Sent {
    let mut outcome = outcome;
    Box::pin(events.filter_map(move |event| std::future::ready(see(event, &mut outcome).map(Ok))))
}

/// Notes what an event means for the outcome, and writes it down.
fn see(event: ChatEvent, outcome: &mut StreamOutcome) -> Option<Event> {
    match event {
        ChatEvent::Metadata {
            session_id,
            sources,
        } => {
            let sources = sources.into_iter().map(SourceBody::from).collect();
            let metadata = MetadataEvent {
                session_id,
                sources,
            };
            Some(written("metadata", &metadata))
        }
        ChatEvent::Answering(_) => None,
        ChatEvent::Token(token) => {
            outcome.content();
            Some(written("token", &TokenEvent { token: &token }))
        }
        ChatEvent::Done(answer) => {
            outcome.complete();
            Some(written("done", &AnswerBody::from(*answer)))
        }
        ChatEvent::Error { error, partial } => {
            let failure = outcome.fail(error);
            let (code, message) = (failure.code(), failure.detail());
            let error = ErrorEvent {
                code,
                message,
                partial,
            };
            Some(written("error", &error))
        }
    }
}

fn written(name: &str, data: &impl Serialize) -> Event {
    // Strings and numbers alone cannot fail to serialise.
    let json = serde_json::to_string(data).unwrap_or_default();
    Event::default().event(name).data(json)
}
