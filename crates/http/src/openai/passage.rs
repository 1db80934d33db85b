//! A call that is passed to its provider, not streamed: the response is the provider's own.

use super::failure;
use crate::extract::disclosure::Disclosure;
use crate::failure::problem::Failure;
use crate::state::AppState;
use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Response};
use ragd_llm::{ChatRequest, Route};

pub(super) async fn answer(
    state: &AppState,
    route: &Route,
    request: &ChatRequest,
    disclosure: Disclosure,
) -> Result<Response<Body>, Failure> {
    let answered = state.app.router().complete(route, request).await;
    let answered = answered.map_err(failure::of_route)?;
    let mut response = Response::new(Body::from(answered.reply.json));
    let headers = response.headers_mut();
    *headers = disclosure.headers(&answered.served, &state.metrics);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}
