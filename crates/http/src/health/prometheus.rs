//! `GET /metrics`: all metrics in the text format of Prometheus.

use crate::failure::problem::Failure;
use crate::state::AppState;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use ragd_core::error::Error;

/// The metrics of this process.
#[utoipa::path(
    get, path = "/metrics", tag = "health", security(()),
    responses((status = 200, body = String, content_type = "text/plain"))
)]
pub(crate) async fn metrics(State(state): State<AppState>) -> Result<impl IntoResponse, Failure> {
    // Gauges are set when they are read; `health` sets those of the dependencies.
    state.app.health().await;
    measure_jobs(&state).await;
    // Without a database the gauge keeps its last value.
    let _counted = state.app.chat().session_counts().await;
    let app = state.app.clone();
    tokio::task::spawn_blocking(move || app.measure())
        .await
        .map_err(|error| Error::internal("measuring was interrupted").with_source(error))?;
    let text = state.app.registry().encode()?;
    Ok((
        [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
        text,
    ))
}

/// Sets the gauges of the lanes; without a database they keep their last values.
async fn measure_jobs(state: &AppState) {
    let now = state.app.clock().now();
    let Ok(lanes) = state.app.store().lane_counts(now).await else {
        return;
    };
    let metrics = state.app.metrics();
    for counts in lanes {
        let lane = [counts.lane.as_str()];
        metrics
            .jobs_queued
            .with_label_values(&lane)
            .set(counts.ready);
        let age = counts
            .oldest
            .map_or(0.0, |since| (now - since).as_seconds_f64());
        metrics
            .job_oldest_age
            .with_label_values(&lane)
            .set(age.max(0.0));
    }
}
