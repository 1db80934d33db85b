//! `/api/admin/cache`: forgetting what is kept for a while. History, jobs and documents are in the
//! database and stay.

use super::caller::{Admin, Caller};
use super::problem::Failure;
use super::state::Door;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

/// What was forgotten.
#[derive(Serialize, ToSchema)]
pub(super) struct ClearedBody {
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
pub(super) async fn clear(
    State(door): State<Door>,
    caller: Caller<Admin>,
) -> Result<Json<ClearedBody>, Failure> {
    let entries = door.app.cache().clear().await?;
    let details = serde_json::json!({ "entries": entries });
    caller.audit(&door.app, "cache.clear", details).await;
    Ok(Json(ClearedBody {
        cleared: true,
        entries,
    }))
}
