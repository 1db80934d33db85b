//! `POST /chat/stream`: the answer as server-sent events (HTML Living Standard, 9.2) while it is made.
//! When the client disconnects, the response is dropped, and with it the call upstream.

use crate::audit::rate_limited::refused;
use crate::chat::types::{
    AnswerErrorEvent, AnswerEvent, AnswerMetadataEvent, AnswerResponse, AnswerSource,
    AnswerTokenEvent, AskRequest,
};
use crate::extract::Json;
use crate::extract::caller::{Caller, Chat};
use crate::extract::disclosure::Disclosure;
use crate::failure::problem::Failure;
use crate::state::AppState;
use crate::stream::outcome::StreamOutcome;
use crate::stream::started::StartedStream;
use axum::Extension;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::{Stream, StreamExt, stream};
use ragd_service::chat::{ChatEvent, ChatRequest};
use std::convert::Infallible;
use std::time::Duration;

/// How often a silent stream sends a comment, so that proxies do not close it.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// Answers a question as events: `metadata` (the sources first), `token` (many), then `done` (the
/// whole answer, as of `POST /chat`) or `error`.
#[utoipa::path(
    post, path = "/chat/stream", tag = "chat",
    request_body = AskRequest,
    responses((status = 200, content_type = "text/event-stream", body = AnswerEvent))
)]
pub(crate) async fn chat_stream(
    State(state): State<AppState>,
    caller: Caller<Chat>,
    disclosure: Disclosure,
    Json(body): Json<AskRequest>,
) -> Result<impl IntoResponse, Failure> {
    let mut request = body.into_request()?;
    request.origin.address = caller.address();
    streamed(&state, &caller, request, disclosure).await
}

/// Answers a question as events.
pub(crate) async fn streamed(
    state: &AppState,
    caller: &Caller<Chat>,
    request: ChatRequest,
    disclosure: Disclosure,
) -> Result<impl IntoResponse + use<>, Failure> {
    let events = state.app.chat().stream(caller.principal.clone(), request);
    let mut outcome = StreamOutcome::new(state.clone());
    let started = match StartedStream::of(events.boxed()).await {
        Ok(started) => started,
        Err(error) => {
            outcome.not_started();
            return Err(refused(state, caller, error).await);
        }
    };
    let mut headers = started.headers(disclosure, &state.metrics);
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    let mark = outcome.mark();
    let events = stream::iter(started.held).chain(started.events);
    let answer = Sse::new(sent(events, outcome));
    Ok((
        Extension(mark),
        headers,
        answer.keep_alive(KeepAlive::new().interval(KEEP_ALIVE).text("ping")),
    ))
}

/// The events as they are sent. Records in `outcome` what each of them means.
fn sent(
    events: impl Stream<Item = ChatEvent> + Send + 'static,
    mut outcome: StreamOutcome,
) -> impl Stream<Item = Result<Event, Infallible>> + Send {
    events.filter_map(move |event| {
        let event = answer_event(event, &mut outcome);
        std::future::ready(event.as_ref().map(encode).map(Ok))
    })
}

fn answer_event(event: ChatEvent, outcome: &mut StreamOutcome) -> Option<AnswerEvent> {
    let event = match event {
        ChatEvent::Metadata {
            session_id,
            searched,
            sources,
        } => AnswerEvent::Metadata(AnswerMetadataEvent {
            session_id,
            searched,
            sources: sources.into_iter().map(AnswerSource::from).collect(),
        }),
        ChatEvent::Answering(_) => return None,
        ChatEvent::Token(token) => {
            outcome.content();
            AnswerEvent::Token(AnswerTokenEvent { token })
        }
        ChatEvent::Done(answer) => {
            outcome.complete();
            AnswerEvent::Done(Box::new(AnswerResponse::from(*answer)))
        }
        ChatEvent::Error { error, partial } => {
            let failure = outcome.fail(error);
            AnswerEvent::Error(AnswerErrorEvent {
                code: failure.code().to_owned(),
                message: failure.detail(),
                partial,
            })
        }
    };
    Some(event)
}

fn encode(event: &AnswerEvent) -> Event {
    // Strings and numbers always serialise.
    let json = serde_json::to_string(event).unwrap_or_default();
    let name: &'static str = event.into();
    Event::default().event(name).data(json)
}
