//! Durable work, done: the loops that claim jobs, keep their leases, run them by their kind and
//! write what came of it. What a job does is its service's; how jobs are kept is the store's. Holds
//! no state that a crash could lose.

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

/// How long the connection that hears of jobs is left alone after it failed.
const LISTEN_AGAIN: Duration = Duration::from_secs(5);

/// Starts the workers, the reaper and the regular work of this process, where its role says so; all
/// of it ends with `stop`, and jobs under way are given back then.
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

/// Hears of the jobs that other processes enqueue. Without it they are seen at the next poll.
async fn listen(app: App) {
    let mut told = false;
    loop {
        if let Err(error) = app.store().hear_of_jobs().await
            && !told
        {
            tracing::warn!(
                error = error.chain(),
                "jobs of other processes are seen at the next poll only"
            );
            told = true;
        }
        app.clock().sleep(LISTEN_AGAIN).await;
    }
}
