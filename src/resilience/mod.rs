//! What keeps an upstream's outage from becoming a caller's: pure state machines, driven by the time
//! that is passed in, which every wall and every purpose may use. They send nothing, wait for
//! nothing and log nothing.

mod breaker;

pub use breaker::{Breaker, BreakerSettings, BreakerState, Permit, Refused, Transition};
