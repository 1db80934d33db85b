//! Time, passed in: nothing else in the crate may ask the system for the date. Tests drive the
//! manual clock; production uses the system's.

use chrono::{DateTime, SubsecRound, Utc};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Where the time comes from; cheap to clone.
#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    System,
    Manual(Arc<watch::Sender<DateTime<Utc>>>),
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still at `start` until it is advanced.
    pub fn manual(start: DateTime<Utc>) -> Self {
        Self(Source::Manual(Arc::new(watch::Sender::new(start))))
    }

    /// The time now, cut to microseconds, which both databases keep exactly.
    pub fn now(&self) -> DateTime<Utc> {
        match &self.0 {
            #[expect(
                clippy::disallowed_methods,
                reason = "the one place that asks the system"
            )]
            Source::System => Utc::now().trunc_subsecs(6),
            Source::Manual(now) => *now.borrow(),
        }
    }

    /// Moves a manual clock on; a system clock is not changed.
    pub fn advance(&self, by: Duration) {
        if let Source::Manual(now) = &self.0 {
            now.send_modify(|now| *now += by);
        }
    }

    /// How many wait for a manual clock to move on; nobody is known to wait for the system's.
    pub fn sleepers(&self) -> usize {
        match &self.0 {
            Source::System => 0,
            Source::Manual(now) => now.receiver_count(),
        }
    }

    /// As [`Clock::sleep`], keeping the clock itself.
    pub async fn sleep_owned(self, time: Duration) {
        self.sleep(time).await;
    }

    /// Returns when `time` has passed on this clock; on a manual one, when it has been advanced so
    /// far.
    pub async fn sleep(&self, time: Duration) {
        match &self.0 {
            Source::System => tokio::time::sleep(time).await,
            Source::Manual(now) => {
                let mut now = now.subscribe();
                let until = *now.borrow() + time;
                // The sender is this clock's own, so it is there for as long as somebody waits.
                let _reached = now.wait_for(|now| *now >= until).await;
            }
        }
    }
}
