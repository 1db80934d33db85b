//! Sessions: how long one lives, how long its room is kept, and how many there may be.

use super::Faults;
use serde::{Deserialize, Serialize};

/// The longest that a session may live unused, in seconds: a year.
const LONGEST_TTL: u64 = 31_536_000;

/// Section `sessions`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SessionsConfig {
    /// How long a session can be taken up again after its last use, in seconds.
    pub ttl_seconds: u64,
    /// How many days after its last use a session's room is deleted; 0: never.
    pub retention_days: u32,
    /// Sessions that a client named, at once; 0: any number.
    pub max: u32,
    /// The same for each address; 0: any number.
    pub max_per_ip: u32,
    /// Questions of one session within an hour; 0: any number.
    pub queries_per_hour: u32,
}

impl SessionsConfig {
    pub(super) fn check(&self, faults: &mut Faults) {
        faults.require(
            (1..=LONGEST_TTL).contains(&self.ttl_seconds),
            "sessions.ttl_seconds (SESSION_TTL_SECONDS)",
            format_args!("must be between 1 and {LONGEST_TTL}"),
        );
        faults.require(
            self.retention_days <= 36_500,
            "sessions.retention_days (SESSION_RETENTION_DAYS)",
            "must be at most 36500; 0 keeps sessions for ever",
        );
    }
}
