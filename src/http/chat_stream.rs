//! `POST /chat/stream`: the same answer as server-sent events (HTML Living Standard, 9.2), while it
//! is made. Dropping the response, because the client has gone, drops the stream and with it the
//! call upstream.

use super::caller::{Caller, Chat};
use super::chat_wire::{AnswerBody, AskBody, SourceBody};
use super::extract::Json;
use super::frame::report;
use super::limited::refused;
use super::problem::Failure;
use super::state::Door;
use crate::app::App;
use crate::chat::{ChatEvent, ChatRequest};
use axum::extract::State;
use axum::http::HeaderName;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::{Stream, StreamExt, stream};
use serde::Serialize;
use std::convert::Infallible;
use std::pin::Pin;
use std::time::Duration;
use utoipa::ToSchema;

/// A comment this often keeps proxies from closing a silent stream.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// The data of event `metadata`.
#[derive(Serialize, ToSchema)]
pub(super) struct MetadataEvent {
    session_id: String,
    sources: Vec<SourceBody>,
}

/// The data of event `token`.
#[derive(Serialize, ToSchema)]
pub(super) struct TokenEvent<'a> {
    /// More of the answer.
    token: &'a str,
}

/// The data of event `error`, which ends a stream.
#[derive(Serialize, ToSchema)]
pub(super) struct ErrorEvent<'a> {
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
pub(super) async fn chat_stream(
    State(door): State<Door>,
    caller: Caller<Chat>,
    Json(body): Json<AskBody>,
) -> Result<impl IntoResponse, Failure> {
    let mut request = body.into_request()?;
    request.origin.address = caller.address();
    streamed(&door, &caller, request).await
}

/// The answer to a question as events.
pub(super) async fn streamed(
    door: &Door,
    caller: &Caller<Chat>,
    request: ChatRequest,
) -> Result<impl IntoResponse + use<>, Failure> {
    let mut events = Box::pin(door.app.chat().stream(caller.principal.clone(), request));
    let mut outcome = Outcome::new(door.app.clone());
    // What fails before the first event has not been answered yet: it is answered by its status.
    let first = match events.next().await {
        Some(ChatEvent::Error { error, .. }) => {
            outcome.end("error_before_content");
            return Err(refused(door, caller, error).await);
        }
        first => first,
    };
    let events = stream::iter(first).chain(events);
    let answer = Sse::new(sent(events, outcome));
    let unbuffered = [(HeaderName::from_static("x-accel-buffering"), "no")];
    Ok((
        unbuffered,
        answer.keep_alive(KeepAlive::new().interval(KEEP_ALIVE).text("ping")),
    ))
}

type Sent = Pin<Box<dyn Stream<Item = Result<Event, Infallible>> + Send>>;

fn sent(events: impl Stream<Item = ChatEvent> + Send + 'static, mut outcome: Outcome) -> Sent {
    Box::pin(events.map(move |event| Ok(outcome.see(event))))
}

/// How a stream ended, counted once. Dropped before its end, its client has gone.
struct Outcome {
    app: App,
    has_content: bool,
    ended: bool,
}

impl Outcome {
    fn new(app: App) -> Self {
        Self {
            app,
            has_content: false,
            ended: false,
        }
    }

    /// Notes what an event means for the outcome, and writes it down.
    fn see(&mut self, event: ChatEvent) -> Event {
        match event {
            ChatEvent::Metadata {
                session_id,
                sources,
            } => {
                let sources = sources.into_iter().map(SourceBody::from).collect();
                written(
                    "metadata",
                    &MetadataEvent {
                        session_id,
                        sources,
                    },
                )
            }
            ChatEvent::Token(token) => {
                self.has_content = true;
                written("token", &TokenEvent { token: &token })
            }
            ChatEvent::Done(answer) => {
                self.end("complete");
                written("done", &AnswerBody::from(*answer))
            }
            ChatEvent::Error { error, partial } => {
                let content = self.has_content;
                self.end(if content {
                    "error_after_content"
                } else {
                    "error_before_content"
                });
                let failure = Failure::from(error);
                report(&self.app, "chat", &failure);
                let (code, message) = (failure.code(), failure.detail());
                written(
                    "error",
                    &ErrorEvent {
                        code,
                        message,
                        partial,
                    },
                )
            }
        }
    }

    fn end(&mut self, outcome: &str) {
        if !std::mem::replace(&mut self.ended, true) {
            self.app
                .metrics()
                .stream_outcomes
                .with_label_values(&[outcome])
                .inc();
        }
    }
}

impl Drop for Outcome {
    fn drop(&mut self) {
        self.end("client_abort");
    }
}

fn written(name: &str, data: &impl Serialize) -> Event {
    // Strings and numbers alone cannot fail to serialise.
    let json = serde_json::to_string(data).unwrap_or_default();
    Event::default().event(name).data(json)
}
