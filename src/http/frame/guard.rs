//! Two ends that a handler does not choose: a panic, and a deadline.

use crate::error::Error;
use crate::http::problem::Failure;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::any::Any;
use std::time::Duration;

/// How long a handler may take until it gives an answer's head; a stream's body has its own timers.
#[derive(Debug, Clone, Copy)]
pub(in crate::http) struct Deadline(pub(in crate::http) Duration);

/// The layer that ends a request at its deadline.
pub(in crate::http) async fn end_at_deadline(
    State(Deadline(limit)): State<Deadline>,
    request: Request,
    next: Next,
) -> Response {
    match tokio::time::timeout(limit, next.run(request)).await {
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

/// The answer of a handler that panicked: the process, and every other request, goes on.
pub(in crate::http) fn panic_answer(panic: Box<dyn Any + Send + 'static>) -> Response {
    let message = match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => (*text).to_owned(),
        (None, Some(text)) => text.clone(),
        (None, None) => "no message".to_owned(),
    };
    let error = Error::internal(format!("a handler panicked: {message}"));
    Failure::from(error).into_response()
}
