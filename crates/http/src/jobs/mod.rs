//! `/api/jobs/{id}`: the progress of a job, and its cancellation.

pub(crate) mod admin;
mod types;

use crate::audit::event::AuditEvent;
use crate::extract::PathId;
use crate::extract::caller::{Caller, Chat, Ingest};
use crate::failure::problem::Failure;
use crate::jobs::types::{CancelJobResponse, JobResponse};
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use ragd_core::domain::{JobId, Scope};

/// Gets a job of the caller's; an admin sees every job.
#[utoipa::path(
    get, path = "/api/jobs/{id}", tag = "jobs",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = JobResponse))
)]
pub(crate) async fn get(
    State(state): State<AppState>,
    caller: Caller<Chat>,
    PathId(id): PathId<JobId>,
) -> Result<Json<JobResponse>, Failure> {
    let principal = &caller.principal;
    let owner = (!principal.allows(Scope::Admin)).then_some(principal.owner);
    let job = state.app.store().job(id, owner).await?;
    let job = job.ok_or_else(PathId::<JobId>::not_found)?;
    Ok(Json(job.into()))
}

/// Cancels a job of the caller's; an admin may cancel every job. A document whose ingest is cancelled
/// has failed; passages that were indexed before stay searchable.
#[utoipa::path(
    post, path = "/api/jobs/{id}/cancel", tag = "jobs",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = CancelJobResponse))
)]
pub(crate) async fn cancel(
    State(state): State<AppState>,
    caller: Caller<Ingest>,
    PathId(id): PathId<JobId>,
) -> Result<Json<CancelJobResponse>, Failure> {
    let principal = &caller.principal;
    let owner = (!principal.allows(Scope::Admin)).then_some(principal.owner);
    let now = state.app.clock().now();
    let cancelled = state.app.store().cancel_job(id, owner, now).await?;
    let body = CancelJobResponse::new(id, cancelled)?;
    let details = serde_json::json!({ "job_id": id });
    caller
        .audit(&state.app, AuditEvent::success("job.cancel", details))
        .await;
    Ok(Json(body))
}
