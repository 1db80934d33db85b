//! `/api/admin/jobs`: every job, whoever's it is; how full the lanes are; calling off and trying
//! again. The dead letters are the list with `state=dead`.

use crate::extract::caller::{Admin, Caller};
use crate::extract::{Page, PathId, Query, parsed};
use crate::failure::problem::Failure;
use crate::jobs::{CancelBody, JobBody, outcome};
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use ragd_core::domain::{Job, JobId, Lane};
use ragd_store::{JobFilter, LaneCounts};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Which jobs are asked for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    /// `ready`, `leased`, `done`, `dead` or `cancelled`.
    #[param(required = false)]
    state: Option<String>,
    /// `high_priority`, `default` or `low_priority`.
    #[param(required = false)]
    lane: Option<String>,
    /// `ingest`, `message`, `summary` or `cleanup`.
    #[param(required = false)]
    kind: Option<String>,
}

/// A page of jobs.
#[derive(Serialize, ToSchema)]
pub(crate) struct JobListBody {
    /// Always `list`.
    #[schema(example = "list")]
    object: &'static str,
    data: Vec<JobBody>,
    first_id: Option<Uuid>,
    last_id: Option<Uuid>,
    has_more: bool,
}

/// How full the lanes are.
#[derive(Serialize, ToSchema)]
pub(crate) struct LanesBody {
    lanes: Vec<LaneBody>,
}

/// How full a lane is.
#[derive(Serialize, ToSchema)]
pub(crate) struct LaneBody {
    #[schema(value_type = String, example = "default")]
    lane: Lane,
    /// Jobs that wait.
    ready: i64,
    /// Jobs that are worked on.
    leased: i64,
    /// Dead letters.
    dead: i64,
    /// Since when the oldest job that could begin waits.
    oldest_ready_at: Option<DateTime<Utc>>,
    /// The same as an age.
    oldest_age_seconds: f64,
}

/// Every job, newest first unless asked otherwise.
#[utoipa::path(
    get, path = "/api/admin/jobs", tag = "jobs",
    params(Page, Filter),
    responses((status = 200, body = JobListBody))
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    _caller: Caller<Admin>,
    Query(page): Query<Page>,
    Query(filter): Query<Filter>,
) -> Result<Json<JobListBody>, Failure> {
    let filter = JobFilter {
        state: parsed(
            ("state", filter.state.as_deref()),
            |word| word.parse().ok(),
            "'ready', 'leased', 'done', 'dead' or 'cancelled'",
        )?,
        lane: parsed(
            ("lane", filter.lane.as_deref()),
            |word| word.parse().ok(),
            "'high_priority', 'default' or 'low_priority'",
        )?,
        kind: parsed(
            ("kind", filter.kind.as_deref()),
            |word| word.parse().ok(),
            "'ingest', 'message', 'summary' or 'cleanup'",
        )?,
    };
    let page = state
        .app
        .store()
        .list_jobs(&filter, page.request()?)
        .await?;
    let id = |job: Option<&Job>| job.map(|job| job.id.uuid());
    Ok(Json(JobListBody {
        object: "list",
        first_id: id(page.data.first()),
        last_id: id(page.data.last()),
        has_more: page.has_more,
        data: page.data.into_iter().map(JobBody::from).collect(),
    }))
}

/// How full each lane is.
#[utoipa::path(
    get, path = "/api/admin/jobs/lanes", tag = "jobs",
    responses((status = 200, body = LanesBody))
)]
pub(crate) async fn lanes(
    State(state): State<AppState>,
    _caller: Caller<Admin>,
) -> Result<Json<LanesBody>, Failure> {
    let now = state.app.clock().now();
    let counts = state.app.store().lane_counts(now).await?;
    let lane = |counts: LaneCounts| {
        let age = counts.oldest.map(|since| (now - since).as_seconds_f64());
        LaneBody {
            lane: counts.lane,
            ready: counts.ready,
            leased: counts.leased,
            dead: counts.dead,
            oldest_ready_at: counts.oldest,
            oldest_age_seconds: age.unwrap_or(0.0).max(0.0),
        }
    };
    let lanes = counts.into_iter().map(lane).collect();
    Ok(Json(LanesBody { lanes }))
}

/// Tries a dead or cancelled job again, with all its tries.
#[utoipa::path(
    post, path = "/api/admin/jobs/{id}/retry", tag = "jobs",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = JobBody))
)]
pub(crate) async fn retry(
    State(state): State<AppState>,
    caller: Caller<Admin>,
    PathId(id): PathId<JobId>,
) -> Result<Json<JobBody>, Failure> {
    let now = state.app.clock().now();
    let revived = state.app.store().revive_job(id, now).await?;
    let job = revived.ok_or_else(PathId::<JobId>::not_found)?;
    let details = serde_json::json!({ "job_id": id });
    caller.audit(&state.app, "job.retry", details).await;
    Ok(Json(job.into()))
}

/// Calls a job off, whoever's it is.
#[utoipa::path(
    post, path = "/api/admin/jobs/{id}/cancel", tag = "jobs",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = CancelBody))
)]
pub(crate) async fn cancel(
    State(state): State<AppState>,
    caller: Caller<Admin>,
    PathId(id): PathId<JobId>,
) -> Result<Json<CancelBody>, Failure> {
    let now = state.app.clock().now();
    let cancelled = state.app.store().cancel_job(id, None, now).await?;
    let body = outcome(id, cancelled)?;
    let details = serde_json::json!({ "job_id": id });
    caller.audit(&state.app, "job.cancel", details).await;
    Ok(body)
}
