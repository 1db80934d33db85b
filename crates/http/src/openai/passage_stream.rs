//! A call that is passed to its provider, streamed. Until the first content ragd may fall back to another
//! provider, even if the response has started already; after it, a failure ends the stream with an error
//! event. Dropping the body ends the upstream call.

use super::failure::{error_event, of_route};
use super::sse::{self, COMMIT_AFTER, DONE, KEEP_ALIVE, event, ping};
use crate::extract::disclosure::Disclosure;
use crate::failure::problem::Failure;
use crate::state::AppState;
use crate::stream::outcome::StreamOutcome;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Response};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, Stream, StreamExt};
use ragd_core::error::Error;
use ragd_llm::{ChatStream, CompletionStream, Route, RouteError, StreamEvent, WrittenRequest};
use tokio::time::timeout;

type Asking = BoxFuture<'static, Result<CompletionStream, RouteError>>;

/// The state of the upstream call when the response's head is sent.
enum Start {
    Answering(ChatStream),
    /// No content has come yet.
    Asking(Asking),
}

pub(super) async fn answer(
    state: &AppState,
    route: Route,
    written: WrittenRequest,
    disclosure: Disclosure,
) -> Result<Response<Body>, Failure> {
    let mut outcome = StreamOutcome::new(state.clone());
    let WrittenRequest {
        request,
        include_usage,
        ..
    } = written;
    let router = state.app.router().clone();
    let mut asking: Asking = async move { router.stream(&route, &request).await }.boxed();
    let (headers, start) = match timeout(COMMIT_AFTER, &mut asking).await {
        Ok(Ok(answering)) => {
            let headers = disclosure.headers(&answering.served, &state.metrics);
            (headers, Start::Answering(answering.events))
        }
        Ok(Err(error)) => {
            outcome.not_started();
            return Err(of_route(error));
        }
        Err(_) => (HeaderMap::new(), Start::Asking(asking)),
    };
    let mark = outcome.mark();
    let events = events(start, include_usage, outcome);
    let mut response = sse::answer(headers, events);
    response.extensions_mut().insert(mark);
    Ok(response)
}

fn events(
    start: Start,
    include_usage: bool,
    mut outcome: StreamOutcome,
) -> impl Stream<Item = Bytes> + Send {
    async_stream::stream! {
        let mut events = match start {
            Start::Answering(events) => events,
            Start::Asking(mut asking) => {
                let asked = loop {
                    yield ping();
                    if let Ok(asked) = timeout(KEEP_ALIVE, &mut asking).await {
                        break asked;
                    }
                };
                match asked {
                    Ok(answering) => answering.events,
                    Err(error) => {
                        yield event(&error_event(&mut outcome, error.into()));
                        return;
                    }
                }
            }
        };
        loop {
            let Ok(next) = timeout(KEEP_ALIVE, events.next()).await else {
                yield ping();
                continue;
            };
            match next {
                Some(Ok(StreamEvent::Piece(piece))) => {
                    outcome.content();
                    yield event(&piece.json);
                }
                Some(Ok(StreamEvent::Done(ending))) => {
                    if include_usage {
                        yield event(&ending.usage_chunk);
                    }
                    outcome.complete();
                    yield event(DONE);
                    // Reads the end, so that the connection to the provider can be used again.
                    let _end = events.next().await;
                    return;
                }
                Some(Err(error)) => {
                    yield event(&error_event(&mut outcome, broken(&error.to_string())));
                    return;
                }
                None => {
                    yield event(&error_event(&mut outcome, broken("the stream did not end")));
                    return;
                }
            }
        }
    }
}

fn broken(message: &str) -> Error {
    Error::unavailable(message).with_code("llm_unavailable")
}
