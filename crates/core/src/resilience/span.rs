//! Sums and differences of moments that cannot overflow. Nothing here knows what time it is.

use chrono::{DateTime, TimeDelta, Utc};
use std::time::Duration;

/// `wait` after `then`; a wait that is too long for the calendar ends with it.
pub(super) fn later(then: DateTime<Utc>, wait: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(wait)
        .ok()
        .and_then(|wait| then.checked_add_signed(wait))
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// How long it is from `now` until `then`; nothing, if that is past.
pub(super) fn between(now: DateTime<Utc>, then: DateTime<Utc>) -> Duration {
    (then - now).to_std().unwrap_or_default()
}
