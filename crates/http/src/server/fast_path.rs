//! The short way of the one route whose whole cost is ragd's own: a call that is passed to a provider.
//! It is answered by the same handler inside the same frame as through the router, without the layers
//! that mean nothing to it. What needs one of them (another origin, `Idempotency-Key`) takes the long
//! way.

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

/// The short way.
#[derive(Clone)]
pub(crate) struct Express {
    state: AppState,
    deadline: Deadline,
}

impl Express {
    /// The short way, where every request may take it; `None` where some layer has to see them all.
    pub(crate) fn of(state: &AppState) -> Option<Self> {
        let config = state.app.config();
        let is_open = config.server.cors_origins.is_empty() && config.jobs.role != Role::Worker;
        let seconds = config.server.request_timeout_seconds;
        is_open.then(|| Self {
            state: state.clone(),
            deadline: Deadline(Duration::from_secs(seconds)),
        })
    }

    /// Whether a request may take it.
    pub(crate) fn takes(request: &Request) -> bool {
        request.uri().path() == ROUTE
            && request.method() == Method::POST
            && !request.headers().contains_key(IDEMPOTENCY_KEY)
    }

    /// Answers a request.
    pub(crate) async fn answer(self, request: Request) -> Response {
        let Self { state, deadline } = self;
        let around = (state.clone(), Cow::Borrowed(ROUTE));
        middleware::observed(around, request, |request| async move {
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
