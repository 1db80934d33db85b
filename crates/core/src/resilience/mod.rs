//! What keeps an upstream's outage from becoming a caller's: pure state machines, driven by the time
//! that is passed in, which every adapter may use. They send nothing, wait for
//! nothing and log nothing. Beside them the places at which a rehearsal may end the process.

mod breaker;
mod failpoint;
mod limiter;
mod retry_budget;
mod span;
mod state;

pub use breaker::{Breaker, Permit};
pub use failpoint::{FAILPOINTS, arm as arm_failpoint, failpoint};
pub use limiter::{Held, HeldReason, Limiter, LimiterSettings, LimiterSnapshot, WindowSnapshot};
pub use retry_budget::{RetryBudget, RetryBudgetSettings};
pub use state::{BreakerSettings, BreakerSnapshot, BreakerState, Refused, Transition};

/// What the breaker and the retry budget share between threads; the concurrency model of the tests
/// puts its own in this place.
mod sync {
    pub(super) use std::sync::atomic::{AtomicI64, Ordering};
    pub(super) use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
}

#[cfg(test)]
mod breaker_model_tests;
#[cfg(test)]
mod breaker_tests;
#[cfg(test)]
mod retry_budget_tests;
#[cfg(test)]
mod threads_tests;
