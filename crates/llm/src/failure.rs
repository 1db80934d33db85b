//! Which answer, or missing answer, means which failure: the one table from HTTP statuses and
//! connection errors to kinds.

use super::delay;
use super::error::{DEFAULT_COOL_DOWN, ErrorDetail, MAX_COOL_DOWN, presentable};
use super::refused_field::RefusedField;
use super::wire::{Refusal, Wire};
use super::{ProviderError, ProviderErrorKind as Kind};
use chrono::DateTime;
use ragd_core::outbound::{CallError, CallFault};
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use secrecy::SecretString;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// The provider whose failures are reported, and the secrets that messages must not show.
#[derive(Debug, Clone)]
pub(super) struct Blame {
    pub provider: Arc<str>,
    pub wire: Wire,
    pub secrets: Arc<[SecretString]>,
}

impl Blame {
    /// A failure with a message of our own.
    pub fn error(&self, kind: Kind, message: impl Into<String>) -> ProviderError {
        ProviderError::new(&self.provider, kind, message)
    }

    /// A body or event of a 200 that holds no answer. An upstream that reports there that it is busy, or
    /// that our quota is spent, has failed all the same.
    pub fn refused(&self, refusal: &Refusal) -> ProviderError {
        let kind = match refusal.kind {
            Kind::RateLimited | Kind::Unauthorized | Kind::Quota => Kind::Server,
            kind => kind,
        };
        self.error(kind, self.presentable(&refusal.reason))
    }

    /// A request that got no answer, or lost it half way.
    pub fn broken(&self, error: CallError) -> ProviderError {
        let (kind, message) = match error.fault {
            CallFault::Connect => (Kind::Connect, "no connection to the upstream"),
            CallFault::Timeout => (Kind::Timeout, "the connection timed out"),
            CallFault::Unsendable => (Kind::Misconfigured, "the request could not be made"),
            CallFault::Broken => (Kind::Interrupted, "the connection broke off"),
        };
        self.error(kind, message).with_source(error.source)
    }

    /// An answer whose status is no success.
    pub fn status(&self, status: u16, headers: &HeaderMap, body: &[u8]) -> ProviderError {
        let body = serde_json::from_slice::<Value>(body).unwrap_or_default();
        let quota = self.wire.is_quota(&body);
        let kind = match status {
            300..=399 => Kind::Misconfigured,
            // A moderation that refuses the prompt (OpenRouter) says nothing about our key.
            403 if self.wire.is_filtered(&body) => Kind::Filtered,
            // A key may be without the right to one model.
            403 if self.wire.lacks_model(status, &body) => Kind::ModelNotFound,
            401 | 403 => Kind::Unauthorized,
            402 => Kind::Quota,
            400 | 429 if quota => Kind::Quota,
            429 => Kind::RateLimited,
            408 => Kind::Server,
            400 | 404 | 410 | 422 if self.wire.lacks_model(status, &body) => Kind::ModelNotFound,
            400 | 422 if self.wire.is_filtered(&body) => Kind::Filtered,
            // Some vendors report a wrong key as a bad request.
            400 => self.wire.error_kind(&body).unwrap_or(Kind::BadRequest),
            401..=499 => Kind::BadRequest,
            _ => Kind::Server,
        };
        let mut error = self
            .error(kind, self.words(kind, status, &body))
            .with_status(status);
        let asked = retry_after(headers)
            .or_else(|| self.wire.retry_delay(&body))
            .or_else(|| delay::in_words(&self.wire.error_words(&body)?));
        let asked = asked.map(|wait| wait.min(MAX_COOL_DOWN));
        error.detail = ErrorDetail::of(&body);
        error.refused_field = match kind {
            Kind::BadRequest => RefusedField::of(&body, self.wire.error_words(&body).as_deref()),
            _ => None,
        }
        .map(Box::new);
        error.retry_after = match kind {
            Kind::RateLimited => Some(asked.unwrap_or(DEFAULT_COOL_DOWN)),
            _ => asked,
        };
        error
    }

    fn words(&self, kind: Kind, status: u16, body: &Value) -> String {
        let says = self.wire.error_words(body);
        match (kind, says) {
            (Kind::Misconfigured, _) => {
                format!("answered with a redirect ({status}), which is not followed")
            }
            // What an upstream reports about a key or an account is for the operator of ragd.
            (Kind::Unauthorized, _) => format!("does not accept the configured key ({status})"),
            (Kind::Quota, _) => format!("says that the quota is spent ({status})"),
            (_, None) => format!("answered {status}"),
            (_, Some(words)) => self.presentable(&format!("answered {status}: {words}")),
        }
    }

    fn presentable(&self, words: &str) -> String {
        presentable(words, &self.secrets)
    }
}

/// `Retry-After` in seconds or, measured from the answer's own `Date`, as a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = |text: &str| DateTime::parse_from_rfc2822(text).ok();
    let sent = date(headers.get(DATE)?.to_str().ok()?)?;
    (date(text)? - sent).to_std().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Fault;
    use reqwest::header::HeaderValue;

    fn blame() -> Blame {
        Blame {
            provider: "openai".into(),
            wire: Wire::OpenAi,
            secrets: Arc::new(["sk-secret".into()]),
        }
    }

    fn headers(retry_after: &'static str) -> HeaderMap {
        HeaderMap::from_iter([
            (RETRY_AFTER, HeaderValue::from_static(retry_after)),
            (
                DATE,
                HeaderValue::from_static("Mon, 05 Jan 2026 10:00:00 GMT"),
            ),
        ])
    }

    #[test]
    fn each_status_has_its_kind_and_its_fault() {
        for (status, kind, fault) in [
            (302, Kind::Misconfigured, Fault::Ours),
            (400, Kind::BadRequest, Fault::Caller),
            (404, Kind::BadRequest, Fault::Caller),
            (413, Kind::BadRequest, Fault::Caller),
            (422, Kind::BadRequest, Fault::Caller),
            (401, Kind::Unauthorized, Fault::Ours),
            (403, Kind::Unauthorized, Fault::Ours),
            (402, Kind::Quota, Fault::Ours),
            (429, Kind::RateLimited, Fault::Upstream),
            (408, Kind::Server, Fault::Upstream),
            (500, Kind::Server, Fault::Upstream),
            (502, Kind::Server, Fault::Upstream),
            (503, Kind::Server, Fault::Upstream),
            (504, Kind::Server, Fault::Upstream),
            (529, Kind::Server, Fault::Upstream),
        ] {
            let error = blame().status(status, &HeaderMap::new(), b"<html>");
            assert_eq!((error.kind, error.fault()), (kind, fault), "{status}");
            assert_eq!(error.status, Some(status));
        }
    }

    #[test]
    fn a_spent_quota_is_not_a_rate_limit() {
        let body = br#"{"error": {"message": "sk-secret is broke", "code": "insufficient_quota"}}"#;
        let error = blame().status(429, &headers("7"), body);
        assert_eq!(error.kind, Kind::Quota);
        assert!(!error.to_string().contains("sk-secret"), "{error}");
    }

    #[test]
    fn the_wait_is_the_upstreams_within_bounds() {
        let wait = |text| blame().status(429, &headers(text), b"").retry_after;
        assert_eq!(wait("7"), Some(Duration::from_secs(7)));
        assert_eq!(wait("3600"), Some(MAX_COOL_DOWN));
        assert_eq!(
            wait("Mon, 05 Jan 2026 10:00:21 GMT"),
            Some(Duration::from_secs(21))
        );
        assert_eq!(
            wait("Mon, 05 Jan 2026 09:00:00 GMT"),
            Some(DEFAULT_COOL_DOWN)
        );
        assert_eq!(wait("soon"), Some(DEFAULT_COOL_DOWN));
        let busy = blame().status(503, &headers("9"), b"");
        assert_eq!(busy.retry_after, Some(Duration::from_secs(9)));
        let failed = blame().status(500, &HeaderMap::new(), b"");
        assert_eq!(failed.retry_after, None);
    }

    #[test]
    fn a_callers_fault_comes_with_the_upstreams_words_but_without_our_key() {
        let body = br#"{"error": {"message": "max_tokens is too large for sk-secret"}}"#;
        let error = blame().status(400, &HeaderMap::new(), body);
        assert_eq!(
            error.to_string(),
            "openai: answered 400: max_tokens is too large for ***"
        );
    }
}
