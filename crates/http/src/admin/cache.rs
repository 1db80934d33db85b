//! `POST /api/admin/cache/clear`: empties the cache. Messages, jobs and documents are in the database and
//! stay.

use crate::audit::event::AuditEvent;
use crate::extract::caller::{Admin, Caller};
use crate::failure::problem::Failure;
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

/// The outcome of clearing the cache.
#[derive(Serialize, ToSchema)]
pub(crate) struct ClearCacheResponse {
    /// Always true.
    cleared: bool,
    /// The number of removed entries.
    entries: u64,
}

/// Clears the cache, including the responses kept for an `Idempotency-Key`.
#[utoipa::path(
    post, path = "/api/admin/cache/clear", tag = "admin",
    responses((status = 200, body = ClearCacheResponse))
)]
pub(crate) async fn clear(
    State(state): State<AppState>,
    caller: Caller<Admin>,
) -> Result<Json<ClearCacheResponse>, Failure> {
    let entries = state.app.cache().clear().await?;
    let details = serde_json::json!({ "entries": entries });
    caller
        .audit(&state.app, AuditEvent::success("cache.clear", details))
        .await;
    Ok(Json(ClearCacheResponse {
        cleared: true,
        entries,
    }))
}
