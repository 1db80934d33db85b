//! `GET /api/jobs/{id}`: how far work has come.

use super::caller::{Caller, Chat};
use super::extract::PathId;
use super::problem::Failure;
use super::state::Door;
use crate::domain::{JobId, Scope};
use crate::ingest::{JobState, JobView};
use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A job.
#[derive(Serialize, ToSchema)]
pub(super) struct JobBody {
    id: Uuid,
    #[schema(example = "ingest")]
    kind: &'static str,
    /// `high_priority`, `default` or `low_priority`.
    #[schema(example = "default")]
    lane: &'static str,
    /// `ready`, `leased`, `done`, `dead` or `cancelled`.
    #[schema(value_type = String, example = "done")]
    state: JobState,
    progress: ProgressBody,
    attempt: u32,
    max_attempts: u32,
    crashes: u32,
    error: Option<String>,
    /// The document that it is about.
    document_id: Uuid,
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
}

/// How far a job has come.
#[derive(Serialize, ToSchema)]
pub(super) struct ProgressBody {
    #[schema(example = "embed")]
    stage: &'static str,
    done: u64,
    total: u64,
}

/// A job of the caller's; an admin sees every one.
#[utoipa::path(
    get, path = "/api/jobs/{id}", tag = "jobs",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = JobBody))
)]
pub(super) async fn get(
    State(door): State<Door>,
    caller: Caller<Chat>,
    PathId(id): PathId<JobId>,
) -> Result<Json<JobBody>, Failure> {
    let principal = &caller.principal;
    let owner = (!principal.allows(Scope::Admin)).then_some(principal.owner);
    let job = door.app.ingest().job(id, owner);
    let job = job.ok_or_else(PathId::<JobId>::not_found)?;
    Ok(Json(job.into()))
}

impl From<JobView> for JobBody {
    fn from(job: JobView) -> Self {
        Self {
            id: job.id.uuid(),
            kind: job.kind,
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
            document_id: job.document_id.uuid(),
            created_at: job.created_at,
            started_at: job.started_at,
            finished_at: job.finished_at,
        }
    }
}
