//! `GET /metrics`, in the text format of Prometheus.

use super::problem::Failure;
use super::state::Door;
use crate::error::Error;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

/// The metrics of this process.
#[utoipa::path(
    get, path = "/metrics", tag = "health", security(()),
    responses((status = 200, body = String, content_type = "text/plain"))
)]
pub(super) async fn metrics(State(door): State<Door>) -> Result<impl IntoResponse, Failure> {
    // Gauges are read when somebody looks; `health` sets those of the dependencies.
    door.app.health().await;
    let app = door.app.clone();
    tokio::task::spawn_blocking(move || app.measure())
        .await
        .map_err(|error| Error::internal("measuring was interrupted").with_source(error))?;
    let text = door.app.metrics().encode()?;
    Ok((
        [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
        text,
    ))
}
