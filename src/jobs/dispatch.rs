//! Which service does which kind of job.

use crate::app::App;
use crate::domain::{JobKind, JobOutcome, LeasedJob};
use chrono::TimeDelta;

/// Does the work of a job.
pub(super) async fn run(app: &App, leased: &LeasedJob) -> JobOutcome {
    match leased.job.kind {
        JobKind::Ingest => app.ingest().run(leased).await,
        JobKind::Message => app.ingest().remember(leased).await,
        JobKind::Cleanup => clean_up(app).await,
        JobKind::Summary => JobOutcome::Fail("this version has no worker for such jobs".to_owned()),
    }
}

async fn clean_up(app: &App) -> JobOutcome {
    let keep = TimeDelta::days(i64::from(app.config().jobs.keep_days));
    match app.store().forget_jobs(app.clock().now() - keep).await {
        Ok(forgotten) => {
            tracing::info!(forgotten, "jobs that ended long ago are forgotten");
            JobOutcome::Done
        }
        Err(error) => JobOutcome::Outage(error.to_string()),
    }
}
