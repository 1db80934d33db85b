//! Limits failed logins by address and by user name, so that passwords cannot be guessed by trying.
//! Successful logins are not counted.

use chrono::{DateTime, TimeDelta, Utc};
use ragd_core::error::{Error, ErrorKind, Result};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Failures of one address that a window allows.
const FAILURES_OF_ADDRESS: u32 = 10;
/// Failures for one user name, from any address, that a window allows. It is higher than the limit of
/// an address, so that one address cannot lock a user out.
const FAILURES_FOR_USER: u32 = 30;
const WINDOW: TimeDelta = TimeDelta::minutes(1);
/// New keys beyond this number are not counted until older ones have expired.
const MAX_KEPT: usize = 10_000;

/// What failures are counted by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Address(Option<IpAddr>),
    User(String),
}

/// The failures of the last minute.
#[derive(Default)]
pub(crate) struct LoginRateLimiter(Mutex<HashMap<Key, Window>>);

struct Window {
    started_at: DateTime<Utc>,
    failures: u32,
}

impl LoginRateLimiter {
    /// Checks whether a login may be tried.
    ///
    /// # Errors
    /// `RateLimited` with the time until the window ends.
    pub(crate) fn check(
        &self,
        address: Option<IpAddr>,
        user: &str,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let windows = self.lock();
        for (key, limit) in keys(address, user) {
            let Some(window) = windows.get(&key) else {
                continue;
            };
            let remaining = window.started_at + WINDOW - now;
            if window.failures >= limit && remaining > TimeDelta::zero() {
                let retry_after = remaining.to_std().unwrap_or_default();
                return Err(Error::new(
                    ErrorKind::RateLimited { retry_after },
                    "Rate limit exceeded: too many failed logins",
                ));
            }
        }
        Ok(())
    }

    /// Counts a failed login.
    pub(crate) fn count(&self, address: Option<IpAddr>, user: &str, now: DateTime<Utc>) {
        let mut windows = self.lock();
        let is_open = |window: &Window| now < window.started_at + WINDOW;
        if windows.len() + 2 > MAX_KEPT {
            windows.retain(|_, window| is_open(window));
        }
        let is_full = windows.len() + 2 > MAX_KEPT;
        for (key, _) in keys(address, user) {
            match windows.get_mut(&key) {
                Some(window) if is_open(window) => window.failures += 1,
                Some(window) => {
                    *window = Window {
                        started_at: now,
                        failures: 1,
                    }
                }
                None if !is_full => {
                    windows.insert(
                        key,
                        Window {
                            started_at: now,
                            failures: 1,
                        },
                    );
                }
                None => {}
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Window>> {
        // A count is whole even if a thread died while it held the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn keys(address: Option<IpAddr>, user: &str) -> [(Key, u32); 2] {
    let user = user.chars().take(64).collect();
    [
        (Key::Address(address), FAILURES_OF_ADDRESS),
        (Key::User(user), FAILURES_FOR_USER),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> Option<IpAddr> {
        Some([192, 0, 2, last].into())
    }

    #[test]
    fn an_address_and_a_user_have_a_limit_that_ends_with_the_window() {
        let limiter = LoginRateLimiter::default();
        let start = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        for _ in 0..FAILURES_OF_ADDRESS {
            assert!(limiter.check(address(1), "admin", start).is_ok());
            limiter.count(address(1), "admin", start);
        }
        assert!(limiter.check(address(1), "somebody else", start).is_err());
        assert!(limiter.check(address(2), "admin", start).is_ok());
        for last in 2..4 {
            for _ in 0..FAILURES_OF_ADDRESS {
                limiter.count(address(last), "admin", start);
            }
        }
        let error = limiter.check(address(9), "admin", start).unwrap_err();
        let waits_a_minute = matches!(
            error.kind(),
            ErrorKind::RateLimited { retry_after } if retry_after.as_secs() == 60
        );
        assert!(waits_a_minute, "{error}");
        assert!(limiter.check(address(1), "admin", start + WINDOW).is_ok());
    }
}
