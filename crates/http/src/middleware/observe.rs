//! The outermost middleware: gives the request its id and span, writes the bodies of failures, and after
//! the last byte logs one line and counts the request under its route's template.

use super::request_id::{RequestId, X_REQUEST_ID};
use super::watched_body::WatchedBody;
use crate::failure::openai::{as_openai, is_openai};
use crate::failure::problem::{Failure, PROBLEM_JSON};
use crate::failure::report::report;
use crate::metrics::HttpMetrics;
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

/// When a request arrived.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestStart(pub(crate) Instant);

/// The middleware function.
pub(crate) async fn observe(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    let route = Cow::Owned(route_label(&request));
    observed(state, route, request, |request| next.run(request)).await
}

/// Runs `run` for a request of `route`, with everything that surrounds every request.
pub(crate) async fn observed<F: Future<Output = Response>>(
    state: AppState,
    route: Cow<'static, str>,
    mut request: Request,
    run: impl FnOnce(Request) -> F,
) -> Response {
    let started = Instant::now();
    let id = RequestId::of(request.headers(), state.app.clock());
    let labels = RequestLabels {
        method: method_label(request.method()),
        route,
        started,
    };
    request.extensions_mut().insert(id.clone());
    request.extensions_mut().insert(RequestStart(started));
    let span = tracing::info_span!("request", request_id = id.as_str());
    let is_openai = is_openai(request.uri().path());
    let response = run(request).instrument(span.clone()).await;
    let mut response = span.in_scope(|| {
        let logged = log_failure(response, &labels, &state.app);
        logged.unwrap_or_else(|(parts, failure)| write_failure(parts, &failure, &id, is_openai))
    });
    let headers = response.headers_mut();
    if let Some(value) = id.to_header() {
        headers.insert(X_REQUEST_ID, value);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let status = response.status().as_u16();
    response.map(|body| {
        Body::new(WatchedBody::new(body, span, move || {
            labels.end(&state.metrics, status)
        }))
    })
}

/// The labels of a request's log line and metrics, known at its start.
struct RequestLabels {
    method: &'static str,
    route: Cow<'static, str>,
    started: Instant,
}

impl RequestLabels {
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

/// Logs and counts a failure, and returns it; `Ok` with the response when it is not a failure.
fn log_failure(
    response: Response,
    labels: &RequestLabels,
    app: &App,
) -> Result<Response, (Parts, Arc<Failure>)> {
    let failure = match response.extensions().get::<Arc<Failure>>() {
        Some(failure) => Arc::clone(failure),
        None if is_bare_failure(&response) => Arc::new(Failure::of_status(response.status())),
        None => return Ok(response),
    };
    report(app, component_of(&labels.route), &failure);
    Err((response.into_parts().0, failure))
}

/// Writes the body of a failure: OpenAI's error object on `/v1` routes, else a problem.
fn write_failure(mut parts: Parts, failure: &Failure, id: &RequestId, is_openai: bool) -> Response {
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

/// Whether the framework itself refused the request. ragd's own responses with a failing status (a
/// health report, a replayed failure) are JSON.
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

/// The template of the route. Paths without a route share one label, so that labels stay bounded.
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
