//! Scheduled work: checked at start and once an hour, enqueued once a day among all replicas.

use crate::app::App;
use chrono::TimeDelta;
use ragd_core::domain::{JobKind, Lane, NewJob, OwnerId};
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
        kind: JobKind::Cleanup,
        subject: None,
        payload: serde_json::Value::Null,
        lane: Lane::LowPriority,
        run_at: None,
        max_attempts: 3,
        dedupe_key: Some("cleanup".to_owned()),
    };
    let due = ("cleanup", now - A_DAY);
    if let Err(error) = app.store().enqueue_if_due(due, &job, now).await {
        tracing::warn!(error = error.chain(), "the daily clean-up was not enqueued");
    }
}
