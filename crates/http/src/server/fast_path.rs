//! The fast path of `POST /v1/chat/completions`: the same handler and the same outermost middleware as
//! through the router, without the middleware that this route does not need. Requests that need it (CORS,
//! `Idempotency-Key`) take the router.

use crate::middleware::idempotency::IDEMPOTENCY_KEY;
use crate::middleware::{self, Deadline};
use crate::openai;
use crate::state::AppState;
use axum::extract::Request;
use axum::handler::Handler;
use axum::http::Method;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use ragd_service::config::Role;
use std::borrow::Cow;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

const ROUTE: &str = "/v1/chat/completions";

/// The fast path.
#[derive(Clone)]
pub(crate) struct FastPath {
    state: AppState,
    deadline: Deadline,
}

impl FastPath {
    /// The fast path; `None` where CORS or the worker role needs the router.
    pub(crate) fn of(state: &AppState) -> Option<Self> {
        let config = state.app.config();
        let is_open = config.server.cors_origins.is_empty() && config.jobs.role != Role::Worker;
        let seconds = config.server.request_timeout_seconds;
        is_open.then(|| Self {
            state: state.clone(),
            deadline: Deadline(Duration::from_secs(seconds)),
        })
    }

    /// Whether a request may take the fast path.
    pub(crate) fn takes(request: &Request) -> bool {
        request.uri().path() == ROUTE
            && request.method() == Method::POST
            && !request.headers().contains_key(IDEMPOTENCY_KEY)
    }

    /// Answers a request.
    pub(crate) async fn answer(self, request: Request) -> Response {
        let Self { state, deadline } = self;
        let route = Cow::Borrowed(ROUTE);
        middleware::observed(state.clone(), route, request, |request| async move {
            if let Some(failure) = middleware::head_limited(&request) {
                return failure.into_response();
            }
            let answering = openai::complete.call(request, state);
            let caught = AssertUnwindSafe(answering).catch_unwind();
            let answered = async { caught.await.unwrap_or_else(middleware::panic_answer) };
            middleware::within(deadline.0, answered).await
        })
        .await
    }
}
