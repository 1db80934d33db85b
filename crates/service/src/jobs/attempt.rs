//! One try of one job: the handler runs while its lease is kept; it is dropped as soon as the lease
//! is lost, the job called off, or the process told to stop. Then what came of it is written.

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
/// How long a job may wait for something that is down.
const LONGEST_OUTAGE: TimeDelta = TimeDelta::hours(24);
/// Between two tries to write what came of a job. It is tried until the database is there again: this
/// process's leases are taken back by nobody in it.
const WRITE_AGAIN: Duration = Duration::from_secs(2);

/// Why a handler was stopped, or what it said.
enum Ending {
    Said(JobOutcome),
    CalledOff,
    Stopping,
}

/// Runs a claimed job to the end of this try.
pub(super) async fn run(app: App, leased: LeasedJob, stop: CancellationToken) {
    let kind = leased.job.kind.as_str();
    let ending = tokio::select! {
        // A handler that is ready is heard first.
        biased;
        outcome = handle(&app, &leased) => Ending::Said(outcome),
        ending = keep_lease(&app, &leased) => ending,
        () = stop.cancelled() => Ending::Stopping,
    };
    failpoint("job.before_finish");
    loop {
        match write(&app, &leased, &ending).await {
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
                    "what came of a job was not written"
                );
                if stop.is_cancelled() {
                    return;
                }
                tokio::time::sleep(WRITE_AGAIN).await;
            }
        }
    }
}

async fn handle(app: &App, leased: &LeasedJob) -> JobOutcome {
    let work = AssertUnwindSafe(dispatch::run(app, leased)).catch_unwind();
    match work.await {
        Ok(outcome) => outcome,
        // The panic's own words are in the log.
        Err(_) => JobOutcome::Retry("internal: the worker panicked".to_owned()),
    }
}

/// Keeps the lease, and returns when there is a reason to stop the handler.
async fn keep_lease(app: &App, leased: &LeasedJob) -> Ending {
    loop {
        app.clock().sleep(HEARTBEAT).await;
        match app.store().heartbeat(leased.lease, app.clock().now()).await {
            Ok(Heartbeat::Held) => {}
            Ok(Heartbeat::CancelRequested) => return Ending::CalledOff,
            Ok(Heartbeat::Lost) => return Ending::Said(JobOutcome::Lost),
            // The next beat may come in time; and without the lease nothing can be written.
            Err(error) => tracing::warn!(error = error.chain(), "a heartbeat failed"),
        }
    }
}

/// Writes the end of a try. Returns how the job ended, if it did, for the metrics.
async fn write(app: &App, leased: &LeasedJob, ending: &Ending) -> Result<Option<&'static str>> {
    let store = app.store();
    let now = app.clock().now();
    let lease = leased.lease;
    let outcome = match ending {
        Ending::Stopping => {
            store.release_job(lease, now).await?;
            return Ok(None);
        }
        Ending::CalledOff => {
            store.call_off_held(lease, now).await?;
            return Ok(Some("cancelled"));
        }
        Ending::Said(outcome) => outcome,
    };
    match outcome {
        JobOutcome::Done => Ok(store.finish_job(lease, &[], now).await?.then_some("done")),
        JobOutcome::Settled => Ok(Some("dead")),
        JobOutcome::Cancelled => Ok(store
            .end_cancelled(lease, now)
            .await?
            .then_some("cancelled")),
        JobOutcome::Fail(error) => Ok(store.bury_job(lease, error, now).await?.then_some("dead")),
        JobOutcome::Lost => {
            tracing::warn!(job_id = %leased.job.id, "a lease was lost: somebody else has the job");
            Ok(None)
        }
        JobOutcome::Retry(error) => {
            let delay = retry_delay(leased.job.attempt, random());
            retry(app, leased, (delay, error)).await
        }
        JobOutcome::RetryAfter(delay, error) => retry(app, leased, (*delay, error)).await,
        JobOutcome::Outage(error) => postpone(app, leased, error).await,
    }
}

async fn retry(
    app: &App,
    leased: &LeasedJob,
    (delay, error): (Duration, &str),
) -> Result<Option<&'static str>> {
    let now = app.clock().now();
    let dead = leased.job.attempt >= leased.job.max_attempts;
    let held = app
        .store()
        .retry_job_at(leased.lease, (now + delay, error), now)
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
        let held = app.store().bury_job(leased.lease, &error, now).await?;
        return Ok(held.then_some("dead"));
    }
    let wait = wait_for_outage(lasted.to_std().unwrap_or_default());
    app.store()
        .postpone_job(leased.lease, (now + wait, error), now)
        .await?;
    tell(&leased.job, error);
    Ok(None)
}

/// Once for each outage: a job may look hundreds of times.
fn tell(job: &Job, error: &str) {
    if job.waiting_since.is_none() {
        tracing::warn!(job_id = %job.id, error, "a job waits for something that is down");
    }
}

/// A number from 0 up to 1.
fn random() -> f64 {
    f64::from(uuid::Uuid::new_v4().as_u128() as u32) / f64::from(u32::MAX)
}
