//! `/api/admin/cache`: forgetting what is kept for a while. History, jobs and documents are in the
//! database and stay.

use crate::extract::caller::{Admin, Caller};
use crate::failure::problem::Failure;
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

/// What was forgotten.
#[derive(Serialize, ToSchema)]
pub(crate) struct ClearedBody {
    /// Always true.
    cleared: bool,
    /// How many values that were.
    entries: u64,
}

/// Drops every kept answer, those under an `Idempotency-Key` as well.
#[utoipa::path(
    post, path = "/api/admin/cache/clear", tag = "admin",
    responses((status = 200, body = ClearedBody))
)]
pub(crate) async fn clear(
    State(state): State<AppState>,
    caller: Caller<Admin>,
) -> Result<Json<ClearedBody>, Failure> {
    let entries = state.app.cache().clear().await?;
    let details = serde_json::json!({ "entries": entries });
    caller.audit(&state.app, "cache.clear", details).await;
    Ok(Json(ClearedBody {
        cleared: true,
        entries,
    }))
}
