//! Jobs as JSON, and the query of their list.

use crate::extract::{PathId, parsed};
use chrono::{DateTime, Utc};
use ragd_core::domain::{Job, JobId, JobKind, JobState, Lane};
use ragd_core::error::{Error, ErrorKind, Result};
use ragd_store::{CancelOutcome, JobFilter, LaneCounts};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// A job.
#[derive(Serialize, ToSchema)]
pub(crate) struct JobResponse {
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
    progress: JobProgress,
    attempt: i64,
    max_attempts: i64,
    crashes: i64,
    /// Why the last attempt failed.
    error: Option<String>,
    /// The document that the job ingests.
    document_id: Option<Uuid>,
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
}

/// A job that was cancelled.
#[derive(Serialize, ToSchema)]
pub(crate) struct CancelJobResponse {
    id: Uuid,
    /// `cancelled`, or `leased` until its worker stops, within 15 seconds.
    #[schema(value_type = String, example = "cancelled")]
    state: JobState,
    cancel_requested: bool,
}

/// The progress of a job.
#[derive(Serialize, ToSchema)]
pub(crate) struct JobProgress {
    #[schema(example = "embed")]
    stage: String,
    done: i64,
    total: i64,
}

/// Which jobs to list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct JobListQuery {
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
pub(crate) struct JobListResponse {
    /// Always `list`.
    #[schema(example = "list")]
    object: &'static str,
    data: Vec<JobResponse>,
    first_id: Option<Uuid>,
    last_id: Option<Uuid>,
    has_more: bool,
}

/// The jobs in each lane.
#[derive(Serialize, ToSchema)]
pub(crate) struct JobLanesResponse {
    pub(super) lanes: Vec<JobLane>,
}

/// The jobs in a lane.
#[derive(Serialize, ToSchema)]
pub(crate) struct JobLane {
    #[schema(value_type = String, example = "default")]
    lane: Lane,
    /// The number of waiting jobs.
    ready: i64,
    /// The number of running jobs.
    leased: i64,
    /// The number of dead letters.
    dead: i64,
    /// Since when the oldest job that could start has waited.
    oldest_ready_at: Option<DateTime<Utc>>,
    /// The same as an age.
    oldest_age_seconds: f64,
}

impl JobListQuery {
    /// The filter.
    ///
    /// # Errors
    /// `Invalid` with the field.
    pub(super) fn filter(&self) -> Result<JobFilter> {
        Ok(JobFilter {
            state: parsed(
                "state",
                self.state.as_deref(),
                |word| word.parse().ok(),
                "'ready', 'leased', 'done', 'dead' or 'cancelled'",
            )?,
            lane: parsed(
                "lane",
                self.lane.as_deref(),
                |word| word.parse().ok(),
                "'high_priority', 'default' or 'low_priority'",
            )?,
            kind: parsed(
                "kind",
                self.kind.as_deref(),
                |word| word.parse().ok(),
                "'ingest', 'message', 'summary' or 'cleanup'",
            )?,
        })
    }
}

impl JobListResponse {
    pub(super) fn new(jobs: Vec<Job>, has_more: bool) -> Self {
        let data: Vec<JobResponse> = jobs.into_iter().map(JobResponse::from).collect();
        Self {
            object: "list",
            first_id: data.first().map(|job| job.id),
            last_id: data.last().map(|job| job.id),
            has_more,
            data,
        }
    }
}

impl JobLane {
    pub(super) fn new(counts: LaneCounts, now: DateTime<Utc>) -> Self {
        let age = counts.oldest.map(|since| (now - since).as_seconds_f64());
        Self {
            lane: counts.lane,
            ready: counts.ready,
            leased: counts.leased,
            dead: counts.dead,
            oldest_ready_at: counts.oldest,
            oldest_age_seconds: age.unwrap_or(0.0).max(0.0),
        }
    }
}

impl CancelJobResponse {
    /// The response to a request that cancels a job.
    ///
    /// # Errors
    /// `NotFound` for an unknown job, `Conflict` for one that has ended.
    pub(super) fn new(id: JobId, outcome: Option<CancelOutcome>) -> Result<Self> {
        let state = match outcome.ok_or_else(PathId::<JobId>::not_found)? {
            CancelOutcome::Cancelled => JobState::Cancelled,
            CancelOutcome::Requested => JobState::Leased,
            CancelOutcome::Ended(state) => {
                let message = format!("the job has ended already: it is {}", state.as_str());
                return Err(Error::new(ErrorKind::Conflict, message).with_code("job_ended"));
            }
        };
        Ok(Self {
            id: id.uuid(),
            state,
            cancel_requested: true,
        })
    }
}

impl From<Job> for JobResponse {
    fn from(job: Job) -> Self {
        Self {
            id: job.id.uuid(),
            kind: job.payload.kind(),
            lane: job.lane,
            state: job.state,
            progress: JobProgress {
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
