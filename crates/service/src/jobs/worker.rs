//! The loop that claims jobs: whenever a place is free and a job waits, the scheduler chooses the
//! lane. It is notified of jobs that are enqueued in this process, and on Postgres also of those of
//! other processes; a poll finds the rest. It reaps the jobs of crashed workers.

use super::attempt;
use super::lanes::{LaneScheduler, LaneSettings};
use crate::app::App;
use ragd_core::domain::Lane;
use ragd_core::error::Result;
use ragd_core::resilience::failpoint;
use ragd_store::{Claim, Reaped};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

/// How often the queue is checked without a notification.
const POLL: Duration = Duration::from_secs(1);
/// Between two searches for expired leases.
const REAP_EVERY: Duration = Duration::from_secs(10);

/// Claims jobs and starts their attempts.
pub(super) struct Worker {
    app: App,
    tasks: TaskTracker,
    stop: CancellationToken,
    lanes: LaneScheduler,
    holder: Uuid,
}

impl Worker {
    pub(super) fn new(app: App, tasks: TaskTracker, stop: CancellationToken) -> Self {
        let lanes = LaneScheduler::new(LaneSettings::of(&app.config().jobs));
        let holder = app.installation();
        Self {
            app,
            tasks,
            stop,
            lanes,
            holder,
        }
    }

    /// Works until `stop`.
    pub(super) async fn run(mut self) {
        let (freed, mut free) = mpsc::unbounded_channel::<Lane>();
        let mut logged = None;
        let clock = self.app.clock().clone();
        let mut reap = std::pin::pin!(clock.clone().sleep_owned(REAP_EVERY));
        let mut taken_back = false;
        loop {
            let filled = self.fill(&freed, &mut taken_back).await;
            log_change(&mut logged, filled);
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = self.app.store().job_may_be_ready() => {}
                Some(lane) = free.recv() => self.lanes.free(lane),
                () = tokio::time::sleep(POLL) => {}
                () = &mut reap => {
                    self.reap().await;
                    reap.set(clock.clone().sleep_owned(REAP_EVERY));
                }
            }
            while let Ok(lane) = free.try_recv() {
                self.lanes.free(lane);
            }
        }
    }

    /// Starts jobs until no place is free or none waits.
    async fn fill(
        &mut self,
        freed: &mpsc::UnboundedSender<Lane>,
        taken_back: &mut bool,
    ) -> Result<()> {
        let store = self.app.store().clone();
        if !*taken_back {
            // Only this installation has this holder's id: nobody works on what it held before.
            let reaped = store
                .take_back_jobs(self.holder, self.app.clock().now())
                .await?;
            self.log(reaped);
            *taken_back = true;
        }
        loop {
            let now = self.app.clock().now();
            let waited = store
                .oldest_ready(now)
                .await?
                .map(|since| since.map(|since| (now - since).to_std().unwrap_or_default()));
            let Some(lane) = self.lanes.take(waited) else {
                return Ok(());
            };
            let claim = Claim {
                holder: self.holder,
                lane,
                limit: 1,
            };
            let claimed = match store.claim_jobs(claim, now).await {
                Ok(claimed) => claimed,
                Err(error) => {
                    self.lanes.free(lane);
                    return Err(error);
                }
            };
            let Some(leased) = claimed.into_iter().next() else {
                // Another process claimed it.
                self.lanes.free(lane);
                return Ok(());
            };
            failpoint("job.claimed");
            let (app, stop) = (self.app.clone(), self.stop.clone());
            let freed = freed.clone();
            self.tasks.spawn(async move {
                // Boxed: the future of an attempt contains that of a whole ingest.
                Box::pin(attempt::run(app, leased, stop)).await;
                // Without a receiver the worker has ended.
                let _sent = freed.send(lane);
            });
        }
    }

    async fn reap(&self) {
        let now = self.app.clock().now();
        match self.app.store().reap_jobs(Some(self.holder), now).await {
            Ok(reaped) => self.log(reaped),
            Err(error) => tracing::warn!(error = error.chain(), "expired leases were not reaped"),
        }
    }

    fn log(&self, reaped: Reaped) {
        if reaped != Reaped::default() {
            tracing::warn!(
                returned = reaped.returned,
                dead = reaped.dead,
                cancelled = reaped.cancelled,
                "jobs of crashed workers were reaped"
            );
        }
    }
}

/// Logs a failure once, and its end.
fn log_change(logged: &mut Option<String>, outcome: Result<()>) {
    match outcome {
        Ok(()) => {
            if logged.take().is_some() {
                tracing::info!("jobs are claimed again");
            }
        }
        Err(error) => {
            let error = Some(error.chain());
            if *logged != error {
                tracing::error!(error, "no job can be claimed");
                *logged = error;
            }
        }
    }
}
