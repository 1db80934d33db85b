//! How long a job waits before its next attempt: exponential backoff with full jitter (M. Brooker,
//! "Exponential Backoff And Jitter", 2015) after a failure, and longer the longer something that it
//! needs is unavailable.

use std::time::Duration;

/// The longest first wait.
const BASE: Duration = Duration::from_secs(2);
/// The longest wait.
const CAP: Duration = Duration::from_secs(600);
/// Between two attempts during an outage: at first, and at most.
const OUTAGE_FIRST: Duration = Duration::from_secs(2);
const OUTAGE_CAP: Duration = Duration::from_secs(60);

/// The wait after attempt number `attempt` (from 1), for a `random` number from 0 up to 1: between
/// 0 and `2 s · 2^(attempt − 1)`, at most ten minutes.
pub fn retry_delay(attempt: i64, random: f64) -> Duration {
    let doublings = u32::try_from(attempt.saturating_sub(1).clamp(0, 20)).unwrap_or(0);
    let longest = BASE.saturating_mul(1 << doublings).min(CAP);
    longest.mul_f64(random.clamp(0.0, 1.0))
}

/// The wait during an outage that has lasted for `since`: a quarter of that, at least two seconds and
/// at most a minute.
pub fn wait_for_outage(since: Duration) -> Duration {
    (since / 4).clamp(OUTAGE_FIRST, OUTAGE_CAP)
}

#[cfg(test)]
mod tests {
    use super::{retry_delay, wait_for_outage};
    use std::time::Duration;

    #[test]
    fn waits_double_up_to_the_cap() {
        let longest: Vec<u64> = (1..=12).map(|n| retry_delay(n, 1.0).as_secs()).collect();
        assert_eq!(longest, [2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600, 600]);
        assert_eq!(retry_delay(5, 0.0), Duration::ZERO);
        assert_eq!(retry_delay(5, 0.5), Duration::from_secs(16));
        assert_eq!(retry_delay(i64::MAX, 1.0), Duration::from_secs(600));
    }

    #[test]
    fn waits_grow_with_an_outage() {
        let waits = [0, 8, 60, 240, 86_400].map(|s| wait_for_outage(Duration::from_secs(s)));
        assert_eq!(waits.map(|wait| wait.as_secs()), [2, 2, 15, 60, 60]);
    }
}
