//! What keeps an upstream's outage from becoming a caller's: pure state machines, driven by the time
//! that is passed in, which every wall and every purpose may use. They send nothing, wait for
//! nothing and log nothing. Beside them the places at which a rehearsal may end the process.

mod breaker;
mod failpoint;

pub use breaker::{Breaker, BreakerSettings, BreakerState, Permit, Refused, Transition};
pub use failpoint::{FAILPOINTS, arm as arm_failpoint, failpoint};
