//! `/api/jobs/{id}`: how far work has come, and calling it off.

pub(crate) mod admin;

use crate::extract::PathId;
use crate::extract::caller::{Caller, Chat, Ingest};
use crate::failure::problem::Failure;
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use ragd_core::domain::{Job, JobId, JobKind, JobState, Lane, Scope};
use ragd_core::error::{Error, ErrorKind};
use ragd_store::CancelOutcome;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A job.
#[derive(Serialize, ToSchema)]
pub(crate) struct JobBody {
    id: Uuid,
    /// `ingest`, `message`, `summary` or `cleanup`.
    #[schema(value_type = String, example = "ingest")]
    kind: JobKind,
    /// `high_priority`, `default` or `low_priority`.
    #[schema(value_type = String, example = "default")]
    lane: Lane,
    /// `ready`, `leased`, `done`, `dead` or `cancelled`.
    #[schema(value_type = String, example = "done")]
    state: JobState,
    progress: ProgressBody,
    attempt: i64,
    max_attempts: i64,
    crashes: i64,
    /// Why the last try failed.
    error: Option<String>,
    /// The document that it is about, if it is about one.
    document_id: Option<Uuid>,
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
}

/// A job that was called off.
#[derive(Serialize, ToSchema)]
pub(crate) struct CancelBody {
    id: Uuid,
    /// `cancelled`, or `leased` while its worker has yet to hear of it: within 15 seconds.
    #[schema(value_type = String, example = "cancelled")]
    state: JobState,
    cancel_requested: bool,
}

/// How far a job has come.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProgressBody {
    #[schema(example = "embed")]
    stage: String,
    done: i64,
    total: i64,
}

/// A job of the caller's; an admin sees every one.
#[utoipa::path(
    get, path = "/api/jobs/{id}", tag = "jobs",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = JobBody))
)]
pub(crate) async fn get(
    State(state): State<AppState>,
    caller: Caller<Chat>,
    PathId(id): PathId<JobId>,
) -> Result<Json<JobBody>, Failure> {
    let principal = &caller.principal;
    let owner = (!principal.allows(Scope::Admin)).then_some(principal.owner);
    let job = state.app.store().job(id, owner).await?;
    let job = job.ok_or_else(PathId::<JobId>::not_found)?;
    Ok(Json(job.into()))
}

/// Calls off a job of the caller's, or, for an admin, anybody's. A document whose ingest is called off
/// has failed; what is served of it already is served on.
#[utoipa::path(
    post, path = "/api/jobs/{id}/cancel", tag = "jobs",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = CancelBody))
)]
pub(crate) async fn cancel(
    State(state): State<AppState>,
    caller: Caller<Ingest>,
    PathId(id): PathId<JobId>,
) -> Result<Json<CancelBody>, Failure> {
    let principal = &caller.principal;
    let owner = (!principal.allows(Scope::Admin)).then_some(principal.owner);
    let now = state.app.clock().now();
    let cancelled = state.app.store().cancel_job(id, owner, now).await?;
    let body = outcome(id, cancelled)?;
    let details = serde_json::json!({ "job_id": id });
    caller.audit(&state.app, "job.cancel", details).await;
    Ok(body)
}

/// The answer to a job's being called off.
pub(crate) fn outcome(
    id: JobId,
    cancelled: Option<CancelOutcome>,
) -> Result<Json<CancelBody>, Failure> {
    let state = match cancelled.ok_or_else(PathId::<JobId>::not_found)? {
        CancelOutcome::Cancelled => JobState::Cancelled,
        CancelOutcome::Requested => JobState::Leased,
        CancelOutcome::Ended(state) => {
            let message = format!("the job has ended already: it is {}", state.as_str());
            return Err(Error::new(ErrorKind::Conflict, message)
                .with_code("job_ended")
                .into());
        }
    };
    Ok(Json(CancelBody {
        id: id.uuid(),
        state,
        cancel_requested: true,
    }))
}

impl From<Job> for JobBody {
    fn from(job: Job) -> Self {
        Self {
            id: job.id.uuid(),
            kind: job.payload.kind(),
            lane: job.lane,
            state: job.state,
            progress: ProgressBody {
                stage: job.progress.stage,
                done: job.progress.done,
                total: job.progress.total,
            },
            attempt: job.attempt,
            max_attempts: job.max_attempts,
            crashes: job.crashes,
            error: job.error,
            document_id: job
                .payload
                .subject()
                .filter(|_| job.payload.kind() == JobKind::Ingest),
            created_at: job.created_at,
            started_at: job.started_at,
            finished_at: job.finished_at,
        }
    }
}
