//! One attempt of one job: the handler runs while its lease is renewed; it is dropped as soon as the
//! lease is lost, the job cancelled, or the process stops. Then the outcome is written.

use super::dispatch;
use super::retry::{retry_delay, wait_for_outage};
use crate::app::App;
use chrono::TimeDelta;
use futures_util::FutureExt;
use ragd_core::domain::{Job, JobOutcome, LeasedJob};
use ragd_core::error::Result;
use ragd_core::resilience::failpoint;
use ragd_store::Heartbeat;
use std::panic::AssertUnwindSafe;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Between two heartbeats: a quarter of a lease.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long a job may wait for something that is unavailable.
const LONGEST_OUTAGE: TimeDelta = TimeDelta::hours(24);
/// Between two tries to write an outcome. It is tried until the database is available again, because
/// a process does not reap its own leases.
const WRITE_RETRY: Duration = Duration::from_secs(2);

/// How an attempt ended.
enum AttemptEnd {
    /// The handler returned, or lost its lease.
    Outcome(JobOutcome),
    /// The job was cancelled.
    CancelRequested,
    /// The process stops.
    Stopping,
}

/// Runs a claimed job to the end of this attempt.
pub(super) async fn run(app: App, leased: LeasedJob, stop: CancellationToken) {
    let kind = leased.job.payload.kind().as_str();
    let end = tokio::select! {
        // A handler that has finished comes first.
        biased;
        outcome = handle(&app, &leased) => AttemptEnd::Outcome(outcome),
        end = keep_lease(&app, &leased) => end,
        () = stop.cancelled() => AttemptEnd::Stopping,
    };
    failpoint("job.before_finish");
    loop {
        match write(&app, &leased, &end).await {
            Ok(outcome) => {
                if let Some(outcome) = outcome {
                    let jobs = &app.metrics().jobs;
                    jobs.with_label_values(&[kind, outcome]).inc();
                }
                return;
            }
            Err(error) => {
                tracing::error!(
                    error = error.chain(),
                    job_id = %leased.job.id,
                    "the outcome of a job was not written"
                );
                if stop.is_cancelled() {
                    return;
                }
                tokio::time::sleep(WRITE_RETRY).await;
            }
        }
    }
}

async fn handle(app: &App, leased: &LeasedJob) -> JobOutcome {
    let work = AssertUnwindSafe(dispatch::run(app, leased)).catch_unwind();
    match work.await {
        Ok(outcome) => outcome,
        // The panic's message is in the log.
        Err(_) => JobOutcome::Retry("internal: the worker panicked".to_owned()),
    }
}

/// Renews the lease, and returns when there is a reason to stop the handler.
async fn keep_lease(app: &App, leased: &LeasedJob) -> AttemptEnd {
    loop {
        app.clock().sleep(HEARTBEAT).await;
        match app.store().heartbeat(leased.lease, app.clock().now()).await {
            Ok(Heartbeat::Held) => {}
            Ok(Heartbeat::CancelRequested) => return AttemptEnd::CancelRequested,
            Ok(Heartbeat::Lost) => return AttemptEnd::Outcome(JobOutcome::Lost),
            // The next heartbeat may be in time, and without the lease nothing can be written.
            Err(error) => tracing::warn!(error = error.chain(), "a heartbeat failed"),
        }
    }
}

/// Writes the end of an attempt. Returns how the job ended, if it did, for the metrics.
async fn write(app: &App, leased: &LeasedJob, end: &AttemptEnd) -> Result<Option<&'static str>> {
    let store = app.store();
    let now = app.clock().now();
    let lease = leased.lease;
    let outcome = match end {
        AttemptEnd::Stopping => {
            store.release_job(lease, now).await?;
            return Ok(None);
        }
        AttemptEnd::CancelRequested => {
            store.cancel_held_job(lease, now).await?;
            return Ok(Some("cancelled"));
        }
        AttemptEnd::Outcome(outcome) => outcome,
    };
    match outcome {
        JobOutcome::Done => Ok(store.finish_job(lease, &[], now).await?.then_some("done")),
        JobOutcome::Settled => Ok(Some("dead")),
        JobOutcome::Cancelled => Ok(store
            .end_cancelled(lease, now)
            .await?
            .then_some("cancelled")),
        JobOutcome::Fail(error) => Ok(store
            .dead_letter_job(lease, error, now)
            .await?
            .then_some("dead")),
        JobOutcome::Lost => {
            tracing::warn!(job_id = %leased.job.id, "a lease was lost: another worker has the job");
            Ok(None)
        }
        JobOutcome::Retry(error) => {
            let delay = retry_delay(leased.job.attempt, random());
            retry(app, leased, delay, error).await
        }
        JobOutcome::RetryAfter(delay, error) => retry(app, leased, *delay, error).await,
        JobOutcome::Outage(error) => postpone(app, leased, error).await,
    }
}

async fn retry(
    app: &App,
    leased: &LeasedJob,
    delay: Duration,
    error: &str,
) -> Result<Option<&'static str>> {
    let now = app.clock().now();
    let dead = leased.job.attempt >= leased.job.max_attempts;
    let held = app
        .store()
        .retry_job_at(leased.lease, now + delay, error, now)
        .await?;
    Ok((held && dead).then_some("dead"))
}

async fn postpone(app: &App, leased: &LeasedJob, error: &str) -> Result<Option<&'static str>> {
    let now = app.clock().now();
    let lasted = leased
        .job
        .waiting_since
        .map_or(TimeDelta::zero(), |since| now - since);
    if lasted >= LONGEST_OUTAGE {
        let error = format!("gave up after 24 hours: {error}");
        let held = app
            .store()
            .dead_letter_job(leased.lease, &error, now)
            .await?;
        return Ok(held.then_some("dead"));
    }
    let wait = wait_for_outage(lasted.to_std().unwrap_or_default());
    app.store()
        .postpone_job(leased.lease, now + wait, error, now)
        .await?;
    log_outage(&leased.job, error);
    Ok(None)
}

/// Logs each outage once: a job may try hundreds of times.
fn log_outage(job: &Job, error: &str) {
    if job.waiting_since.is_none() {
        tracing::warn!(job_id = %job.id, error, "a job waits for something that is unavailable");
    }
}

/// A number from 0 up to 1.
fn random() -> f64 {
    f64::from(uuid::Uuid::new_v4().as_u128() as u32) / f64::from(u32::MAX)
}
