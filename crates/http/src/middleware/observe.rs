//! The outermost layer: gives the request its id and span, writes failures down, and when the last
//! byte has gone logs one line and counts the request under its route's template.

use super::request_id::{RequestId, X_REQUEST_ID};
use super::watched_body::WatchedBody;
use crate::failure::problem::{Failure, PROBLEM_JSON, kind_label};
use crate::metrics::HttpMetrics;
use crate::openai::{as_openai, is_openai};
use crate::state::AppState;
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::response::Parts;
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use ragd_service::app::App;
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;
use tracing::Instrument;

/// When a request came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Begun(pub(crate) Instant);

/// The layer's function.
pub(crate) async fn observe(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    let route = Cow::Owned(route_label(&request));
    observed((state, route), request, |request| next.run(request)).await
}

/// Has `run` answer a request, and does around it all that is done for every request of `route`.
pub(crate) async fn observed<F: Future<Output = Response>>(
    (state, route): (AppState, Cow<'static, str>),
    mut request: Request,
    run: impl FnOnce(Request) -> F,
) -> Response {
    let started = Instant::now();
    let id = RequestId::of(request.headers(), state.app.clock());
    let seen = Seen {
        method: method_label(request.method()),
        route,
        started,
    };
    request.extensions_mut().insert(id.clone());
    request.extensions_mut().insert(Begun(started));
    let span = tracing::info_span!("request", request_id = id.as_str());
    let is_openai = is_openai(request.uri().path());
    let response = run(request).instrument(span.clone()).await;
    let mut response = span.in_scope(|| {
        let failed = written_down(response, &seen, &state.app);
        failed.unwrap_or_else(|(parts, failure)| in_words(parts, &failure, (&id, is_openai)))
    });
    let headers = response.headers_mut();
    if let Some(value) = id.to_header() {
        headers.insert(X_REQUEST_ID, value);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let status = response.status().as_u16();
    response.map(|body| {
        Body::new(WatchedBody::new(body, span, move || {
            seen.end(&state.metrics, status)
        }))
    })
}

/// What is known of a request when it begins.
struct Seen {
    method: &'static str,
    route: Cow<'static, str>,
    started: Instant,
}

impl Seen {
    fn end(self, metrics: &HttpMetrics, status: u16) {
        let elapsed = self.started.elapsed();
        let duration_ms = (elapsed.as_secs_f64() * 1e6).round() / 1e3;
        let (method, route) = (self.method, self.route.as_ref());
        if status >= 500 {
            tracing::error!(method, route, status, duration_ms, "request");
        } else {
            tracing::info!(method, route, status, duration_ms, "request");
        }
        let status = status.to_string();
        metrics
            .requests
            .with_label_values(&[method, route, status.as_str()])
            .inc();
        metrics
            .duration
            .with_label_values(&[method, route])
            .observe(elapsed.as_secs_f64());
    }
}

/// Logs and counts a failure; its response is still to be written.
fn written_down(
    response: Response,
    seen: &Seen,
    app: &App,
) -> Result<Response, (Parts, Arc<Failure>)> {
    let failure = match response.extensions().get::<Arc<Failure>>() {
        Some(failure) => Arc::clone(failure),
        None if is_bare_failure(&response) => Arc::new(Failure::of_status(response.status())),
        None => return Ok(response),
    };
    report(app, component_of(&seen.route), &failure);
    Err((response.into_parts().0, failure))
}

/// Gives a failure its body: OpenAI's error object for clients of its API, else a problem.
fn in_words(mut parts: Parts, failure: &Failure, (id, is_openai): (&RequestId, bool)) -> Response {
    parts.headers.remove(CONTENT_LENGTH);
    let (media_type, body) = if is_openai {
        let (status, body) = as_openai(failure);
        parts.status = status;
        ("application/json", body)
    } else {
        (PROBLEM_JSON, failure.to_json(id.as_str()))
    };
    let media_type = HeaderValue::from_static(media_type);
    parts.headers.insert(CONTENT_TYPE, media_type);
    parts.headers.extend(failure.headers());
    Response::from_parts(parts, Body::from(body))
}

/// Logs and counts a failure of ours, here and nowhere else; a caller's is its own affair.
pub(crate) fn report(app: &App, component: &str, failure: &Failure) {
    if failure.status().is_server_error() {
        tracing::error!(error = %failure.error().chain(), code = failure.code(), "failed");
        let kind = kind_label(failure.error().kind());
        app.shared_metrics()
            .errors
            .with_label_values(&[component, kind])
            .inc();
    }
}

/// Whether the framework refused the request by itself: our own answers of a failing status (a
/// health report, a failure that is told again) are JSON.
fn is_bare_failure(response: &Response) -> bool {
    let status = response.status();
    let is_json = response
        .headers()
        .get(CONTENT_TYPE)
        .map(HeaderValue::as_bytes)
        .is_some_and(|value| {
            value.starts_with(b"application/json") || value.starts_with(PROBLEM_JSON.as_bytes())
        });
    (status.is_client_error() || status.is_server_error()) && !is_json
}

/// The part of ragd that a route belongs to, for `rag_errors_total`.
fn component_of(route: &str) -> &'static str {
    match route {
        route if route.starts_with("/chat") || route.starts_with("/v1") => "chat",
        route if route.contains("ingest") || route.starts_with("/api/documents") => "ingest",
        route if route.starts_with("/api/admin/memory") => "retrieval",
        _ => "http",
    }
}

/// Labels are bounded: a path that is no route has no label of its own.
fn route_label(request: &Request) -> String {
    match request.extensions().get::<MatchedPath>() {
        Some(route) => route.as_str().to_owned(),
        None => "unmatched".to_owned(),
    }
}

fn method_label(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}
