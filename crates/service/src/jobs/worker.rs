//! The loop that claims: whenever a place is free and a job waits, the scheduler says from which
//! lane. Woken by a bell when a job is enqueued here, by a notification when elsewhere on Postgres,
//! and by a poll otherwise. Takes back what crashed workers left.

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

/// How often the queue is looked at when nobody rang.
const POLL: Duration = Duration::from_secs(1);
/// Between two looks for leases that have ended.
const REAP_EVERY: Duration = Duration::from_secs(10);

/// Claims jobs and starts their tries.
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

    /// Works until it is told to stop.
    pub(super) async fn run(mut self) {
        let (freed, mut free) = mpsc::unbounded_channel::<Lane>();
        let mut told = None;
        let clock = self.app.clock().clone();
        let mut reap = std::pin::pin!(clock.clone().sleep_owned(REAP_EVERY));
        let mut taken_back = false;
        loop {
            let filled = self.fill(&freed, &mut taken_back).await;
            tell(&mut told, filled);
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
            // Nobody else is this installation: what it held when it ended, nobody works on.
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
                // Another process was first.
                self.lanes.free(lane);
                return Ok(());
            };
            failpoint("job.claimed");
            let (app, stop) = (self.app.clone(), self.stop.clone());
            let freed = freed.clone();
            self.tasks.spawn(async move {
                // Boxed: a try holds the whole of an ingest.
                Box::pin(attempt::run(app, leased, stop)).await;
                // Without a receiver the worker is gone, and needs no place.
                let _sent = freed.send(lane);
            });
        }
    }

    async fn reap(&self) {
        let now = self.app.clock().now();
        match self.app.store().reap_jobs(Some(self.holder), now).await {
            Ok(reaped) => self.log(reaped),
            Err(error) => tracing::warn!(error = error.chain(), "ended leases were not looked for"),
        }
    }

    fn log(&self, reaped: Reaped) {
        if reaped != Reaped::default() {
            tracing::warn!(
                returned = reaped.returned,
                dead = reaped.dead,
                cancelled = reaped.cancelled,
                "jobs whose worker had ended were taken back"
            );
        }
    }
}

/// Logs a fault once, and when it is over.
fn tell(told: &mut Option<String>, outcome: Result<()>) {
    match outcome {
        Ok(()) => {
            if told.take().is_some() {
                tracing::info!("jobs are claimed again");
            }
        }
        Err(error) => {
            let error = Some(error.chain());
            if *told != error {
                tracing::error!(error, "no job can be claimed");
                *told = error;
            }
        }
    }
}
