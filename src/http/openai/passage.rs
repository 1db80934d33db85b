//! A call that is passed to its provider, whole: the answer is the provider's own, as it came.

use super::failure;
use crate::http::disclosure::Disclosure;
use crate::http::problem::Failure;
use crate::http::state::Door;
use crate::provider::{ChatRequest, Route};
use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Response};

pub(super) async fn answer(
    door: &Door,
    route: &Route,
    (request, disclosure): (&ChatRequest, Disclosure),
) -> Result<Response<Body>, Failure> {
    let answered = door.app.router().complete(route, request).await;
    let answered = answered.map_err(failure::of_route)?;
    let mut response = Response::new(Body::from(answered.reply.json));
    let headers = response.headers_mut();
    *headers = disclosure.headers(&answered.served, door.app.metrics());
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}
