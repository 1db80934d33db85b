//! An answer from the documents as `chat.completion.chunk`s: its tokens as they come, then the citations
//! with the finish reason.

use super::annotations::{annotations, citations, of_ragd};
use super::failure::error_event;
use super::question::Asked;
use super::sse::{self, DONE, KEEP_ALIVE, event, ping};
use crate::audit::rate_limited::refused;
use crate::extract::caller::{Caller, Chat};
use crate::extract::disclosure::Disclosure;
use crate::failure::problem::Failure;
use crate::state::AppState;
use crate::stream::outcome::StreamOutcome;
use crate::stream::started::StartedStream;
use axum::body::{Body, Bytes};
use axum::http::Response;
use futures_util::{Stream, StreamExt, stream};
use ragd_core::error::Error;
use ragd_llm::Envelope;
use ragd_service::chat::{Answer, ChatEvent};
use serde_json::{Value, json};
use tokio::time::timeout;
use uuid::Uuid;

pub(super) async fn answer(
    state: &AppState,
    caller: &Caller<Chat>,
    asked: Asked,
    include_usage: bool,
    disclosure: Disclosure,
) -> Result<Response<Body>, Failure> {
    let chat = state.app.chat();
    let events = chat.stream(caller.principal.clone(), asked.question);
    let mut outcome = StreamOutcome::new(state.clone());
    let started = match StartedStream::of(events.boxed()).await {
        Ok(started) => started,
        Err(error) => {
            outcome.not_started();
            return Err(refused(state, caller, error).await);
        }
    };
    let headers = started.headers(disclosure, &state.metrics);
    let id = format!("chatcmpl-{}", Uuid::new_v4().simple());
    let created = state.app.clock().now().timestamp();
    let envelope = Envelope::new(id, created, asked.model);
    let mark = outcome.mark();
    let events = stream::iter(started.held).chain(started.events);
    let chunks = chunks(events, envelope, include_usage, outcome);
    let mut response = sse::answer(headers, chunks);
    response.extensions_mut().insert(mark);
    Ok(response)
}

fn chunks(
    mut events: impl Stream<Item = ChatEvent> + Send + Unpin + 'static,
    envelope: Envelope,
    include_usage: bool,
    mut outcome: StreamOutcome,
) -> impl Stream<Item = Bytes> + Send {
    async_stream::stream! {
        yield event(&envelope.role());
        // The text as the client has it: the checked answer may lack some of its markers.
        let mut text = String::new();
        loop {
            let Ok(next) = timeout(KEEP_ALIVE, events.next()).await else {
                yield ping();
                continue;
            };
            match next {
                Some(ChatEvent::Metadata { .. } | ChatEvent::Answering(_)) => {}
                Some(ChatEvent::Token(token)) => {
                    outcome.content();
                    text.push_str(&token);
                    yield event(&envelope.delta(&json!({ "content": token })));
                }
                Some(ChatEvent::Done(answer)) => {
                    yield event(&last_chunk(&envelope, &answer, &text));
                    if include_usage {
                        yield event(&envelope.usage(&json!(answer.draft.usage).to_string()));
                    }
                    outcome.complete();
                    yield event(DONE);
                    return;
                }
                Some(ChatEvent::Error { error, .. }) => {
                    yield event(&error_event(&mut outcome, error));
                    return;
                }
                None => {
                    let error = Error::internal("the answer did not end");
                    yield event(&error_event(&mut outcome, error));
                    return;
                }
            }
        }
    }
}

/// The last chunk of the answer, with its citations.
fn last_chunk(envelope: &Envelope, answer: &Answer, text: &str) -> String {
    let end = envelope.end(answer.draft.finish_reason);
    let Ok(mut chunk) = serde_json::from_str::<Value>(&end) else {
        return end;
    };
    chunk["choices"][0]["delta"] = json!({ "annotations": annotations(answer, text) });
    chunk["citations"] = json!(citations(answer));
    chunk["ragd"] = of_ragd(answer);
    chunk.to_string()
}
