//! Server-sent events in OpenAI's form: a line of data and an empty line.

use axum::body::{Body, Bytes};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Response};
use futures_util::Stream;
use std::convert::Infallible;
use std::time::Duration;

/// After this time without content the response starts with 200 and a comment.
pub(super) const COMMIT_AFTER: Duration = Duration::from_secs(10);
/// How often a silent stream sends a comment, so that proxies do not close it.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// The data of the event that completes a stream.
pub(super) const DONE: &str = "[DONE]";

/// One event; `data` is one line.
pub(super) fn event(data: &str) -> Bytes {
    let mut event = String::with_capacity(data.len() + 8);
    event.push_str("data: ");
    event.push_str(data);
    event.push_str("\n\n");
    event.into()
}

/// The comment of a silent stream.
pub(super) fn ping() -> Bytes {
    Bytes::from_static(b": ping\n\n")
}

/// The response with these events as its body.
pub(super) fn answer(
    mut headers: HeaderMap,
    events: impl Stream<Item = Bytes> + Send + 'static,
) -> Response<Body> {
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    let events = futures_util::StreamExt::map(events, Ok::<_, Infallible>);
    let mut response = Response::new(Body::from_stream(events));
    *response.headers_mut() = headers;
    response
}
