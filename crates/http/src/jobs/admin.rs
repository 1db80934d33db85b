//! `/api/admin/jobs`: every owner's jobs: list, lane counts, retry and cancel. `state=dead` lists the dead
//! letters.

use crate::audit::event::AuditEvent;
use crate::extract::caller::{Admin, Caller};
use crate::extract::{Page, PathId, Query};
use crate::failure::problem::Failure;
use crate::jobs::types::{
    CancelJobResponse, JobLane, JobLanesResponse, JobListQuery, JobListResponse, JobResponse,
};
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use ragd_core::domain::JobId;

/// Lists all jobs, newest first by default.
#[utoipa::path(
    get, path = "/api/admin/jobs", tag = "jobs",
    params(Page, JobListQuery),
    responses((status = 200, body = JobListResponse))
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    _caller: Caller<Admin>,
    Query(page): Query<Page>,
    Query(filter): Query<JobListQuery>,
) -> Result<Json<JobListResponse>, Failure> {
    let filter = filter.filter()?;
    let page = state
        .app
        .store()
        .list_jobs(&filter, page.request()?)
        .await?;
    Ok(Json(JobListResponse::new(page.data, page.has_more)))
}

/// Counts the jobs in each lane.
#[utoipa::path(
    get, path = "/api/admin/jobs/lanes", tag = "jobs",
    responses((status = 200, body = JobLanesResponse))
)]
pub(crate) async fn lanes(
    State(state): State<AppState>,
    _caller: Caller<Admin>,
) -> Result<Json<JobLanesResponse>, Failure> {
    let now = state.app.clock().now();
    let counts = state.app.store().lane_counts(now).await?;
    let lanes = counts.into_iter();
    let lanes = lanes.map(|counts| JobLane::new(counts, now)).collect();
    Ok(Json(JobLanesResponse { lanes }))
}

/// Queues a dead or cancelled job again, with all its attempts.
#[utoipa::path(
    post, path = "/api/admin/jobs/{id}/retry", tag = "jobs",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = JobResponse))
)]
pub(crate) async fn retry(
    State(state): State<AppState>,
    caller: Caller<Admin>,
    PathId(id): PathId<JobId>,
) -> Result<Json<JobResponse>, Failure> {
    let now = state.app.clock().now();
    let revived = state.app.store().revive_job(id, now).await?;
    let job = revived.ok_or_else(PathId::<JobId>::not_found)?;
    let details = serde_json::json!({ "job_id": id });
    caller
        .audit(&state.app, AuditEvent::success("job.retry", details))
        .await;
    Ok(Json(job.into()))
}

/// Cancels a job of any owner.
#[utoipa::path(
    post, path = "/api/admin/jobs/{id}/cancel", tag = "jobs",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = CancelJobResponse))
)]
pub(crate) async fn cancel(
    State(state): State<AppState>,
    caller: Caller<Admin>,
    PathId(id): PathId<JobId>,
) -> Result<Json<CancelJobResponse>, Failure> {
    let now = state.app.clock().now();
    let cancelled = state.app.store().cancel_job(id, None, now).await?;
    let body = CancelJobResponse::new(id, cancelled)?;
    let details = serde_json::json!({ "job_id": id });
    caller
        .audit(&state.app, AuditEvent::success("job.cancel", details))
        .await;
    Ok(Json(body))
}
