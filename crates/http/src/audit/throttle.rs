//! Limits how often the same event is written to the audit trail: one line a minute for each address,
//! with the number of events since the last line. Someone who tries keys cannot flood the trail.

use chrono::{DateTime, TimeDelta, Utc};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;

const LINE_INTERVAL: TimeDelta = TimeDelta::minutes(1);
/// New addresses beyond this number are not counted until older ones have expired.
const MAX_ADDRESSES: usize = 10_000;

/// Events of the last minute by address.
#[derive(Default)]
pub(crate) struct AuditThrottle(Mutex<HashMap<Option<IpAddr>, Repeats>>);

struct Repeats {
    last_line: DateTime<Utc>,
    since_last_line: u64,
}

impl AuditThrottle {
    /// Counts an event. Returns the number of events to report when a line is due.
    pub(crate) fn count(&self, address: Option<IpAddr>, now: DateTime<Utc>) -> Option<u64> {
        // A count is whole even if a thread died while it held the lock.
        let mut addresses = self
            .0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        let is_recent = |repeats: &Repeats| now - repeats.last_line < LINE_INTERVAL;
        if let Some(repeats) = addresses.get_mut(&address) {
            repeats.since_last_line += 1;
            if is_recent(repeats) {
                return None;
            }
            repeats.last_line = now;
            return Some(std::mem::take(&mut repeats.since_last_line));
        }
        if addresses.len() >= MAX_ADDRESSES {
            addresses.retain(|_, repeats| is_recent(repeats));
        }
        if addresses.len() >= MAX_ADDRESSES {
            return None;
        }
        let first = Repeats {
            last_line: now,
            since_last_line: 0,
        };
        addresses.insert(address, first);
        Some(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_a_minute_counts_every_event() {
        let throttle = AuditThrottle::default();
        let start = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let address: Option<IpAddr> = Some([192, 0, 2, 1].into());
        assert_eq!(throttle.count(address, start), Some(1));
        assert_eq!(throttle.count(address, start), None);
        assert_eq!(throttle.count(None, start), Some(1));
        let later = start + TimeDelta::seconds(59);
        assert_eq!(throttle.count(address, later), None);
        let next_minute = start + TimeDelta::seconds(60);
        assert_eq!(throttle.count(address, next_minute), Some(3));
        assert_eq!(throttle.count(address, next_minute), None);
    }
}
