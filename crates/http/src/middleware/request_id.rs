//! The id of a request: the caller's if it is valid, else a new UUIDv7.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use ragd_core::clock::Clock;
use uuid::{NoContext, Timestamp, Uuid};

/// The header of the id, in requests and responses.
pub(super) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const MAX_CHARS: usize = 128;

/// The id of a request: 1–128 of `A–Z a–z 0–9 _ - .`
#[derive(Debug, Clone)]
pub(crate) struct RequestId(String);

impl RequestId {
    /// The caller's id, or a new one.
    pub(super) fn of(headers: &HeaderMap, clock: &Clock) -> Self {
        let given = headers.get(X_REQUEST_ID).and_then(|id| id.to_str().ok());
        match given {
            Some(id) if is_valid(id) => Self(id.to_owned()),
            _ => Self::new(clock),
        }
    }

    fn new(clock: &Clock) -> Self {
        let now = clock.now();
        let seconds = u64::try_from(now.timestamp()).unwrap_or(0);
        let moment = Timestamp::from_unix(NoContext, seconds, now.timestamp_subsec_nanos());
        Self(Uuid::new_v7(moment).to_string())
    }

    /// The id as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The id as a header's value.
    pub(super) fn to_header(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.0).ok()
    }
}

fn is_valid(id: &str) -> bool {
    (1..=MAX_CHARS).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}
