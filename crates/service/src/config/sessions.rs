//! Chat sessions: their lifetime, how long they are stored, and how many there may be.

use super::table::settings;

/// The longest that a session may live unused, in seconds: a year.
const LONGEST_TTL: u64 = 31_536_000;

settings! {
    /// Section `sessions`.
    SessionsConfig in "sessions";

    /// How long a session can be continued after its last use, in seconds.
    ttl_seconds: u64 [SESSION_TTL_SECONDS] in 1..=LONGEST_TTL;
    /// How many days after its last use a session is deleted with its messages; 0: never.
    retention_days: u32 [SESSION_RETENTION_DAYS] in 0..=36_500, "must be at most 36500; 0 keeps sessions for ever";
    /// The most sessions with a client-given id at once; 0: any number.
    max: u32 [SESSION_MAX];
    /// The same for each client address; 0: any number.
    max_per_ip: u32 [SESSION_MAX_PER_IP];
    /// The most questions of one session within an hour; 0: any number.
    queries_per_hour: u32 [SESSION_QUERIES_PER_HOUR];
}
