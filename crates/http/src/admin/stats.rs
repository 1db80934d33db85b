//! `GET /admin/stats`: counts of everything that is stored.

use crate::extract::caller::{Admin, Caller};
use crate::failure::problem::Failure;
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

/// Counts over all owners.
#[derive(Serialize, ToSchema)]
pub(crate) struct StatsResponse {
    documents: DocumentCounts,
    passages: i64,
    rooms: i64,
    messages: i64,
    /// Jobs that are running or waiting.
    pending: i64,
    version: &'static str,
    timestamp: DateTime<Utc>,
}

/// Documents by status.
#[derive(Serialize, ToSchema)]
pub(crate) struct DocumentCounts {
    total: i64,
    queued: i64,
    processing: i64,
    indexed: i64,
    failed: i64,
}

/// Counts what is stored.
#[utoipa::path(
    get, path = "/admin/stats", tag = "admin",
    responses((status = 200, body = StatsResponse))
)]
pub(crate) async fn stats(
    State(state): State<AppState>,
    _caller: Caller<Admin>,
) -> Result<Json<StatsResponse>, Failure> {
    let counts = state.app.store().admin_counts().await?;
    let now = state.app.clock().now();
    let lanes = state.app.store().lane_counts(now).await?;
    let documents = DocumentCounts {
        total: counts.documents_queued
            + counts.documents_processing
            + counts.documents_indexed
            + counts.documents_failed,
        queued: counts.documents_queued,
        processing: counts.documents_processing,
        indexed: counts.documents_indexed,
        failed: counts.documents_failed,
    };
    Ok(Json(StatsResponse {
        documents,
        passages: counts.passages,
        rooms: counts.rooms,
        messages: counts.messages,
        pending: lanes.iter().map(|lane| lane.ready + lane.leased).sum(),
        version: env!("CARGO_PKG_VERSION"),
        timestamp: now,
    }))
}
