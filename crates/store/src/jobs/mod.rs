//! The table of jobs: durable work with at-least-once execution. Every change of a leased job
//! checks its token, so that a worker that lost its lease changes nothing. Time is passed in, and what
//! a job's work changes elsewhere is changed in the same transaction by whoever owns that table.

mod admin;
mod claim;
mod enqueue;
mod orphans;
mod reap;
mod schedule;
mod settle;
mod waiting;

pub use admin::{CancelOutcome, JobFilter, LaneCounts};
pub use claim::Claim;
pub use reap::{MAX_CRASHES, Reaped};
pub use settle::Heartbeat;

use chrono::{DateTime, Utc};
use ragd_core::domain::{Job, JobId, JobPayload, JobProgress, Lease, LeasedJob, OwnerId};
use ragd_core::error::{Error, Result};
use sqlx::types::Json;
use std::time::Duration;
use uuid::Uuid;

/// How long a claim holds without a heartbeat.
pub const LEASE_TIME: Duration = Duration::from_secs(60);

/// The error of a document whose ingest was cancelled.
const CANCELLED: &str = "cancelled: the ingest job was cancelled";

/// The columns of a [`JobRow`].
pub(super) const JOB_COLUMNS: &str = "id, owner_id, kind, subject_id, payload, lane, run_at, state, attempt, \
     max_attempts, crashes, lease_token, cancel_requested, stage, stage_done, \
     stage_total, last_error, waiting_since, created_at, started_at, finished_at";

/// That this binary knows what the job does: a newer one's jobs are left to it.
pub(super) const KNOWN_KIND: &str = "kind IN ('ingest', 'message', 'summary', 'cleanup')";

#[derive(sqlx::FromRow)]
pub(super) struct JobRow {
    id: Uuid,
    owner_id: Uuid,
    kind: String,
    subject_id: Option<Uuid>,
    payload: Json<serde_json::Value>,
    lane: String,
    run_at: DateTime<Utc>,
    state: String,
    attempt: i64,
    max_attempts: i64,
    crashes: i64,
    lease_token: Option<Uuid>,
    cancel_requested: bool,
    stage: String,
    stage_done: i64,
    stage_total: i64,
    last_error: Option<String>,
    waiting_since: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
}

impl JobRow {
    fn into_job(self) -> Result<Job> {
        let unreadable = |what| Error::internal(format!("a stored job has an unreadable {what}"));
        let kind = self.kind.parse().map_err(|_| unreadable("kind"))?;
        Ok(Job {
            id: JobId::from_uuid(self.id),
            owner: OwnerId::from_uuid(self.owner_id),
            payload: JobPayload::from_stored(kind, self.subject_id, self.payload.0),
            lane: self.lane.parse().map_err(|_| unreadable("lane"))?,
            run_at: self.run_at,
            state: self.state.parse().map_err(|_| unreadable("state"))?,
            attempt: self.attempt,
            max_attempts: self.max_attempts,
            crashes: self.crashes,
            cancel_requested: self.cancel_requested,
            progress: JobProgress {
                stage: self.stage,
                done: self.stage_done,
                total: self.stage_total,
            },
            error: self.last_error,
            waiting_since: self.waiting_since,
            created_at: self.created_at,
            started_at: self.started_at,
            finished_at: self.finished_at,
        })
    }

    fn into_leased(self) -> Result<LeasedJob> {
        let token = self
            .lease_token
            .ok_or_else(|| Error::internal("a claimed job has no lease"))?;
        let job = self.into_job()?;
        let lease = Lease { job: job.id, token };
        Ok(LeasedJob { job, lease })
    }
}

#[cfg(test)]
mod tests {
    use super::KNOWN_KIND;
    use ragd_core::domain::JobKind;
    use strum::VariantArray;

    #[test]
    fn every_kind_is_claimed() {
        let quoted: Vec<String> = JobKind::VARIANTS
            .iter()
            .map(|kind| format!("'{}'", kind.as_str()))
            .collect();
        assert_eq!(KNOWN_KIND, format!("kind IN ({})", quoted.join(", ")));
    }
}
