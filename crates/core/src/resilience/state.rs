//! The types of a circuit breaker: its settings, its states, what it answers to a call that it
//! rejects, and what an operator sees of it. Nothing here decides.

use std::time::Duration;

/// When a breaker opens, for how long, and what closes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerSettings {
    /// Failures in a row that open it.
    pub failure_threshold: u32,
    /// How long it rejects everything once it is open.
    pub open_for: Duration,
    /// How many probes may be under way at once while it is half-open; 0 counts as 1.
    pub half_open_max_probes: usize,
    /// Successes of probes that close it.
    pub success_threshold: u32,
    /// A probe without content for longer counts as a failure, so that a lost one cannot wedge the
    /// breaker.
    pub probe_timeout: Duration,
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self {
            failure_threshold: 5,
            open_for: Duration::from_secs(30),
            half_open_max_probes: 1,
            success_threshold: 3,
            probe_timeout: Duration::from_secs(30),
        }
    }
}

/// Where a breaker stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum BreakerState {
    /// Calls go through.
    Closed,
    /// Calls are rejected.
    Open,
    /// A few calls go through, to see.
    HalfOpen,
}

impl BreakerState {
    /// The word for logs and metric labels.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The number for the gauge.
    pub const fn gauge(self) -> i64 {
        match self {
            Self::Closed => 0,
            Self::Open => 1,
            Self::HalfOpen => 2,
        }
    }
}

/// A change of state: from, to.
pub type Transition = (BreakerState, BreakerState);

/// A call that was not let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// When asking again may help. Nobody knows that of a breaker that an operator holds open, nor
    /// of probes whose answers are coming: then it is `open_for` and `probe_timeout`.
    pub retry_after: Duration,
}

/// A breaker at one moment, for operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerSnapshot {
    /// Where it stands.
    pub state: BreakerState,
    /// An operator holds it open.
    pub forced: bool,
    /// While it is closed: the failures since the last success; else 0.
    pub failures_in_a_row: u32,
    /// While it is half-open: the probes that succeeded; else 0.
    pub successes: u32,
    /// While it is half-open: the probes under way; else 0.
    pub probes_in_flight: usize,
    /// While it is open: when time alone makes it half-open. `None` if an operator holds it open.
    pub reopens_in: Option<Duration>,
}
