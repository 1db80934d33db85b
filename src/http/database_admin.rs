//! `POST /api/admin/database/vacuum`: gives the space of what was deleted back to the disk.

use super::caller::{Admin, Caller};
use super::problem::Failure;
use super::state::Door;
use crate::error::Error;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

/// What giving space back came to.
#[derive(Serialize, ToSchema)]
pub(super) struct VacuumBody {
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
pub(super) async fn vacuum(
    State(door): State<Door>,
    caller: Caller<Admin>,
) -> Result<Json<VacuumBody>, Failure> {
    let store = door.app.store().clone();
    // A task of its own: it goes on when whoever asked does not wait for it.
    let vacuumed = tokio::spawn(async move { store.vacuum().await })
        .await
        .map_err(|error| Error::internal("the work was interrupted").with_source(error))??;
    let body = VacuumBody {
        database: door.app.store().backend_name(),
        bytes_before: vacuumed.bytes_before,
        bytes_after: vacuumed.bytes_after,
    };
    let details = serde_json::json!({ "bytes_after": body.bytes_after });
    caller.audit(&door.app, "database.vacuum", details).await;
    Ok(Json(body))
}
