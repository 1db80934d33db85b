//! Server-sent events in OpenAI's shape: a line of data and an empty one. What stands in the data is
//! not its business.

use axum::body::{Body, Bytes};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Response};
use futures_util::Stream;
use std::convert::Infallible;
use std::time::Duration;

/// After so long without content a client is told that its request is being worked on.
pub(super) const COMMIT_AFTER: Duration = Duration::from_secs(10);
/// A comment this often keeps proxies from closing a silent stream.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// What says that a stream is complete.
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

/// The answer whose body these events are.
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
