//! Time, passed in: nothing else in the crate may ask the system for the date. Tests drive the
//! manual clock; production uses the system's.

use chrono::{DateTime, SubsecRound, Utc};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Where the time comes from; cheap to clone.
#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    System,
    Manual(Arc<Mutex<DateTime<Utc>>>),
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still at `start` until it is advanced.
    pub fn manual(start: DateTime<Utc>) -> Self {
        Self(Source::Manual(Arc::new(Mutex::new(start))))
    }

    /// The time now, cut to microseconds, which both databases keep exactly.
    pub fn now(&self) -> DateTime<Utc> {
        match &self.0 {
            #[expect(
                clippy::disallowed_methods,
                reason = "the one place that asks the system"
            )]
            Source::System => Utc::now().trunc_subsecs(6),
            Source::Manual(now) => *lock(now),
        }
    }

    /// Moves a manual clock on; a system clock is not changed.
    pub fn advance(&self, by: Duration) {
        if let Source::Manual(now) = &self.0 {
            let mut now = lock(now);
            *now += by;
        }
    }
}

fn lock(now: &Mutex<DateTime<Utc>>) -> std::sync::MutexGuard<'_, DateTime<Utc>> {
    // A date is whole even if a thread died while it held the lock.
    now.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
