//! Guards around a handler: the size of the request's head, the deadline, panics.

use crate::failure::problem::Failure;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use ragd_core::error::{Error, ErrorKind};
use std::any::Any;
use std::time::Duration;

/// How long a handler may take to start its response; a stream's body has its own timers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline(pub(crate) Duration);

/// The middleware that ends a request at its deadline.
pub(crate) async fn end_at_deadline(
    State(Deadline(limit)): State<Deadline>,
    request: Request,
    next: Next,
) -> Response {
    within(limit, next.run(request)).await
}

/// The response, or a failure if it does not come within `limit`.
pub(crate) async fn within(limit: Duration, response: impl Future<Output = Response>) -> Response {
    match tokio::time::timeout(limit, response).await {
        Ok(response) => response,
        Err(_) => {
            let message = format!(
                "the request took longer than {} s (server.request_timeout_seconds)",
                limit.as_secs()
            );
            let error = Error::unavailable(message).with_code("request_timeout");
            Failure::from(error).into_response()
        }
    }
}

/// The most bytes of a request's head: its address, and the names and values of its headers.
const MAX_HEAD_BYTES: usize = 32 * 1_024;

/// The middleware that refuses a head that is too large.
pub(crate) async fn limit_head(request: Request, next: Next) -> Response {
    match head_limited(&request) {
        Some(failure) => failure.into_response(),
        None => next.run(request).await,
    }
}

/// The failure of a head that is too large; `None` within the limit.
pub(crate) fn head_limited(request: &Request) -> Option<Failure> {
    let address = request
        .uri()
        .path_and_query()
        .map_or(0, |address| address.as_str().len());
    let headers = request.headers().iter();
    let head = headers.fold(address, |sum, (name, value)| {
        sum + name.as_str().len() + value.len()
    });
    if head <= MAX_HEAD_BYTES {
        return None;
    }
    let message = format!(
        "the request's head (address and headers) must be at most {} KiB",
        MAX_HEAD_BYTES / 1_024
    );
    let error = Error::new(ErrorKind::TooLarge, message).with_code("head_too_large");
    let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
    Some(Failure::with_status(status, error))
}

/// The response for a handler that panicked; the process and all other requests continue.
pub(crate) fn panic_answer(panic: Box<dyn Any + Send + 'static>) -> Response {
    let message = match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => (*text).to_owned(),
        (None, Some(text)) => text.clone(),
        (None, None) => "no message".to_owned(),
    };
    let error = Error::internal(format!("a handler panicked: {message}"));
    Failure::from(error).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn a_panic_is_answered_without_its_message_and_logged_with_it() {
        for panic in [
            Box::new("boom") as Box<dyn Any + Send>,
            Box::new("boom".to_owned()),
        ] {
            let answer = panic_answer(panic);
            assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
            let failure = answer.extensions().get::<Arc<Failure>>().unwrap();
            assert!(!failure.detail().contains("boom"));
            assert!(failure.error().to_string().contains("boom"));
        }
    }
}
