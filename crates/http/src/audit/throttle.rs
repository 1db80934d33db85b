//! Refused credentials, counted by address, so that someone who tries keys cannot flood the audit
//! trail: one line a minute for an address, with the count of what it stands for.

use chrono::{DateTime, TimeDelta, Utc};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;

const ONE_LINE_EVERY: TimeDelta = TimeDelta::minutes(1);
/// More addresses than this are not told apart until older ones have left.
const MAX_ADDRESSES: usize = 10_000;

/// The addresses that were refused of late.
#[derive(Default)]
pub(crate) struct Refusals(Mutex<HashMap<Option<IpAddr>, Refused>>);

struct Refused {
    last_line: DateTime<Utc>,
    since: u64,
}

impl Refusals {
    /// Counts a refusal. `Some(count)` when a line is due, which stands for `count` refusals.
    pub(crate) fn count(&self, address: Option<IpAddr>, now: DateTime<Utc>) -> Option<u64> {
        // A count is whole even if a thread died while it held the lock.
        let mut addresses = self
            .0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        let is_recent = |refused: &Refused| now - refused.last_line < ONE_LINE_EVERY;
        if let Some(refused) = addresses.get_mut(&address) {
            refused.since += 1;
            if is_recent(refused) {
                return None;
            }
            refused.last_line = now;
            return Some(std::mem::take(&mut refused.since));
        }
        if addresses.len() >= MAX_ADDRESSES {
            addresses.retain(|_, refused| is_recent(refused));
        }
        if addresses.len() >= MAX_ADDRESSES {
            return None;
        }
        let first = Refused {
            last_line: now,
            since: 0,
        };
        addresses.insert(address, first);
        Some(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_a_minute_stands_for_all() {
        let refusals = Refusals::default();
        let start = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let address: Option<IpAddr> = Some([192, 0, 2, 1].into());
        assert_eq!(refusals.count(address, start), Some(1));
        assert_eq!(refusals.count(address, start), None);
        assert_eq!(refusals.count(None, start), Some(1));
        let later = start + TimeDelta::seconds(59);
        assert_eq!(refusals.count(address, later), None);
        let next_minute = start + TimeDelta::seconds(60);
        assert_eq!(refusals.count(address, next_minute), Some(3));
        assert_eq!(refusals.count(address, next_minute), None);
    }
}
