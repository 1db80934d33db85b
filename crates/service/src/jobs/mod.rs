//! The workers: loops that claim durable jobs, renew their leases, run them by their kind and write
//! their outcomes. What a job does is up to its service, how jobs are stored is up to the store. They
//! hold no state that a crash could lose.

mod attempt;
mod dispatch;
mod lanes;
mod retry;
mod schedule;
mod worker;

pub use lanes::{LaneScheduler, LaneSettings};
pub use retry::{retry_delay, wait_for_outage};

use crate::app::App;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use worker::Worker;

/// How long to wait before listening again after the connection failed.
const LISTEN_RETRY: Duration = Duration::from_secs(5);

/// Starts the workers, the reaper and the scheduled work of this process, where its role includes
/// them. All of it ends with `stop`, and running jobs are released then.
pub fn start(app: &App, stop: &CancellationToken) -> TaskTracker {
    let tasks = TaskTracker::new();
    if app.config().jobs.role.works() {
        let worker = Worker::new(app.clone(), tasks.clone(), stop.clone());
        tasks.spawn(worker.run());
        spawn_until_stopped(&tasks, stop, listen(app.clone()));
        spawn_until_stopped(&tasks, stop, schedule::keep(app.clone()));
    }
    tasks.close();
    tasks
}

fn spawn_until_stopped(
    tasks: &TaskTracker,
    stop: &CancellationToken,
    work: impl Future<Output = ()> + Send + 'static,
) {
    let stop = stop.clone();
    tasks.spawn(async move {
        tokio::select! {
            () = stop.cancelled() => {}
            () = work => {}
        }
    });
}

/// Listens for jobs that other processes enqueue. Without it the next poll finds them.
async fn listen(app: App) {
    let mut logged = false;
    loop {
        if let Err(error) = app.store().listen_for_jobs().await
            && !logged
        {
            tracing::warn!(
                error = error.chain(),
                "not notified of other processes' jobs; the next poll finds them"
            );
            logged = true;
        }
        app.clock().sleep(LISTEN_RETRY).await;
    }
}
