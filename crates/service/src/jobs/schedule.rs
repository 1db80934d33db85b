//! Scheduled work: checked at start and once an hour, enqueued once a day among all replicas.

use crate::app::App;
use chrono::TimeDelta;
use ragd_core::domain::{JobPayload, Lane, NewJob, OwnerId};
use std::time::Duration;

const CHECK_EVERY: Duration = Duration::from_secs(3_600);
const A_DAY: TimeDelta = TimeDelta::hours(24);

/// Enqueues what is due, until it is dropped.
pub(super) async fn keep(app: App) {
    loop {
        enqueue_due(&app).await;
        app.clock().sleep(CHECK_EVERY).await;
    }
}

async fn enqueue_due(app: &App) {
    let now = app.clock().now();
    let job = NewJob {
        owner: OwnerId::system(),
        payload: JobPayload::Cleanup,
        lane: Lane::LowPriority,
        run_at: None,
        max_attempts: 3,
        dedupe_key: Some("cleanup".to_owned()),
    };
    let enqueued = app
        .store()
        .enqueue_if_due("cleanup", now - A_DAY, &job, now)
        .await;
    if let Err(error) = enqueued {
        tracing::warn!(error = error.chain(), "the daily clean-up was not enqueued");
    }
}
