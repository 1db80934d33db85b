//! `POST /api/admin/database/vacuum`: gives the space of what was deleted back to the disk.

use crate::extract::caller::{Admin, Caller};
use crate::failure::problem::Failure;
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use ragd_core::error::Error;
use serde::Serialize;
use utoipa::ToSchema;

/// What giving space back came to.
#[derive(Serialize, ToSchema)]
pub(crate) struct VacuumBody {
    /// `sqlite` or `postgresql`.
    #[schema(example = "sqlite")]
    database: &'static str,
    /// The database's size before.
    bytes_before: i64,
    /// Its size after.
    bytes_after: i64,
}

/// Gives the space of what was deleted back.
#[utoipa::path(
    post, path = "/api/admin/database/vacuum", tag = "admin",
    responses((status = 200, body = VacuumBody))
)]
pub(crate) async fn vacuum(
    State(state): State<AppState>,
    caller: Caller<Admin>,
) -> Result<Json<VacuumBody>, Failure> {
    let store = state.app.store().clone();
    // A task of its own: it goes on when whoever asked does not wait for it.
    let vacuumed = tokio::spawn(async move { store.vacuum().await })
        .await
        .map_err(|error| Error::internal("the work was interrupted").with_source(error))??;
    let body = VacuumBody {
        database: state.app.store().backend_name(),
        bytes_before: vacuumed.bytes_before,
        bytes_after: vacuumed.bytes_after,
    };
    let details = serde_json::json!({ "bytes_after": body.bytes_after });
    caller.audit(&state.app, "database.vacuum", details).await;
    Ok(Json(body))
}
