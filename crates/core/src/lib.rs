//! What every layer of ragd stands on: domain types, the one error, the clock, the state machines
//! of resilience, the outbound HTTP client, log lines and metrics. Knows no database, no model and no
//! route, and reads no settings.

pub mod clock;
pub mod domain;
pub mod error;
pub mod outbound;
pub mod resilience;
pub mod telemetry;
