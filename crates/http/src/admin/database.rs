//! `POST /api/admin/database/vacuum`: returns the space of deleted rows to the disk.

use crate::audit::event::AuditEvent;
use crate::extract::caller::{Admin, Caller};
use crate::failure::problem::Failure;
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use ragd_core::error::Error;
use serde::Serialize;
use utoipa::ToSchema;

/// The outcome of a vacuum.
#[derive(Serialize, ToSchema)]
pub(crate) struct VacuumResponse {
    /// `sqlite` or `postgresql`.
    #[schema(example = "sqlite")]
    database: &'static str,
    /// The size of the database before.
    bytes_before: i64,
    /// The size of the database after.
    bytes_after: i64,
}

/// Returns the space of deleted rows to the disk.
#[utoipa::path(
    post, path = "/api/admin/database/vacuum", tag = "admin",
    responses((status = 200, body = VacuumResponse))
)]
pub(crate) async fn vacuum(
    State(state): State<AppState>,
    caller: Caller<Admin>,
) -> Result<Json<VacuumResponse>, Failure> {
    let store = state.app.store().clone();
    // A task of its own: it continues when the client disconnects.
    let vacuumed = tokio::spawn(async move { store.vacuum().await })
        .await
        .map_err(|error| Error::internal("the vacuum was interrupted").with_source(error))??;
    let body = VacuumResponse {
        database: state.app.store().backend_name(),
        bytes_before: vacuumed.bytes_before,
        bytes_after: vacuumed.bytes_after,
    };
    let details = serde_json::json!({ "bytes_after": body.bytes_after });
    caller
        .audit(&state.app, AuditEvent::success("database.vacuum", details))
        .await;
    Ok(Json(body))
}
