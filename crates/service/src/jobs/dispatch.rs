//! Runs a job by its kind.

use crate::app::App;
use chrono::TimeDelta;
use ragd_core::domain::{JobOutcome, JobPayload, LeasedJob};
use ragd_core::error::Error;

/// Does the work of a job.
pub(super) async fn run(app: &App, leased: &LeasedJob) -> JobOutcome {
    match leased.job.payload {
        JobPayload::Ingest(payload) => app.ingest().run(payload, leased.lease).await,
        JobPayload::Message(message) => app.ingest().remember(message, leased).await,
        JobPayload::Summary(room) => app.chat().summarise(room, leased).await,
        JobPayload::Cleanup => clean_up(app).await,
        JobPayload::Malformed { .. } => {
            JobOutcome::Fail("the job does not say what it is about".to_owned())
        }
    }
}

async fn clean_up(app: &App) -> JobOutcome {
    let keep = TimeDelta::days(i64::from(app.config().jobs.keep_days));
    let cleaned = async {
        let forgotten = app.store().forget_jobs(app.clock().now() - keep).await?;
        tracing::info!(forgotten, "old jobs were deleted");
        app.chat().clean_up_sessions().await?;
        let rooms = app.chat().enqueue_summaries().await?;
        tracing::debug!(rooms, "summaries were enqueued");
        Ok::<(), Error>(())
    };
    match cleaned.await {
        Ok(()) => JobOutcome::Done,
        Err(error) => JobOutcome::Outage(error.to_string()),
    }
}
