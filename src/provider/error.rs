//! What can go wrong with an upstream, whose fault it is, and what a caller is told of it. It holds
//! the words; which answer means which word is decided where the answer is read.

use crate::error::{Error, ErrorKind};
use std::time::Duration;

/// How long a provider that said "too many requests" is left alone when it did not say for how long.
pub const DEFAULT_COOL_DOWN: Duration = Duration::from_secs(10);

/// The longest that a provider may ask to be left alone.
pub const MAX_COOL_DOWN: Duration = Duration::from_secs(60);

/// The most characters of an upstream's own words that are passed on.
const MAX_UPSTREAM_WORDS: usize = 300;

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProviderErrorKind {
    /// Nothing, or nothing more, came in time.
    Timeout,
    /// The name, the connection or TLS failed: no request was answered.
    Connect,
    /// The upstream is there and asks to be left alone for a while.
    RateLimited,
    /// The upstream does not accept our key.
    Unauthorized,
    /// Our quota or budget at the upstream is spent.
    Quota,
    /// The upstream does not accept what was asked.
    BadRequest,
    /// The upstream says that it failed.
    Server,
    /// What came is not what the wire allows.
    Malformed,
    /// The answer broke off before its end.
    Interrupted,
    /// The answer is complete and has no text.
    Empty,
    /// The request could not be made from our settings.
    Misconfigured,
}

/// Who has to change something for it to work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// Whoever asked.
    Caller,
    /// The upstream, or the way to it.
    Upstream,
    /// Whoever runs ragd: a key, a quota, a setting.
    Ours,
}

impl ProviderErrorKind {
    /// The word for logs and metric labels.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Connect => "connect",
            Self::RateLimited => "rate_limited",
            Self::Unauthorized => "unauthorized",
            Self::Quota => "quota",
            Self::BadRequest => "bad_request",
            Self::Server => "server",
            Self::Malformed => "malformed",
            Self::Interrupted => "interrupted",
            Self::Empty => "empty",
            Self::Misconfigured => "misconfigured",
        }
    }

    /// Whose fault such a failure is.
    pub const fn fault(self) -> Fault {
        match self {
            Self::BadRequest => Fault::Caller,
            Self::Unauthorized | Self::Quota | Self::Misconfigured => Fault::Ours,
            _ => Fault::Upstream,
        }
    }
}

/// A failed call of one provider.
#[derive(Debug, thiserror::Error)]
#[error("{provider}: {message}")]
pub struct ProviderError {
    /// The provider that failed.
    pub provider: String,
    /// What went wrong.
    pub kind: ProviderErrorKind,
    /// What may be shown to a caller: no address, no key.
    pub message: String,
    /// How long to leave the provider alone, where it said so (always set for `RateLimited`).
    pub retry_after: Option<Duration>,
    /// The HTTP status, where one came.
    pub status: Option<u16>,
    /// The cause, for logs.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl ProviderError {
    /// A failure of `kind`; `message` may be shown to a caller.
    pub fn new(provider: &str, kind: ProviderErrorKind, message: impl Into<String>) -> Self {
        Self {
            provider: provider.to_owned(),
            kind,
            message: message.into(),
            retry_after: None,
            status: None,
            source: None,
        }
    }

    /// Keeps the HTTP status.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// Keeps the cause, for logs.
    #[must_use]
    pub fn with_source(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Whose fault it is.
    pub fn fault(&self) -> Fault {
        self.kind.fault()
    }
}

impl From<ProviderError> for Error {
    /// The caller's fault becomes `Invalid`; all else is an outage to the caller, whoever caused it.
    fn from(error: ProviderError) -> Self {
        let (kind, code) = match error.fault() {
            Fault::Caller => (ErrorKind::Invalid, "llm_rejected_request"),
            Fault::Upstream | Fault::Ours => (ErrorKind::Unavailable, "llm_unavailable"),
        };
        let shown = Self::new(kind, error.to_string()).with_code(code);
        match error.source {
            Some(cause) => shown.with_source(cause),
            None => shown,
        }
    }
}

/// An upstream's own words made fit to pass on: one line, cut, and without `secret`, which some
/// upstreams quote back.
pub(super) fn presentable(words: &str, secret: Option<&str>) -> String {
    let words = match secret {
        Some(secret) if !secret.is_empty() => words.replace(secret, "***"),
        _ => words.to_owned(),
    };
    let mut line = String::new();
    for word in words.split(|c: char| c.is_whitespace() || c.is_control()) {
        if !word.is_empty() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    match line.char_indices().nth(MAX_UPSTREAM_WORDS) {
        Some((cut, _)) => format!("{}…", &line[..cut]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_but_the_callers_is_an_outage_to_the_caller() {
        let of = |kind| Error::from(ProviderError::new("openai", kind, "no"));
        assert_eq!(of(ProviderErrorKind::BadRequest).kind(), ErrorKind::Invalid);
        for kind in [
            ProviderErrorKind::Timeout,
            ProviderErrorKind::RateLimited,
            ProviderErrorKind::Unauthorized,
            ProviderErrorKind::Quota,
            ProviderErrorKind::Empty,
        ] {
            assert_eq!(of(kind).kind(), ErrorKind::Unavailable);
            assert_eq!(of(kind).code(), "llm_unavailable");
        }
    }

    #[test]
    fn upstream_words_are_one_short_line_without_the_key() {
        let words = format!("bad key\n\tsk-1234 {}", "x".repeat(1_000));
        let shown = presentable(&words, Some("sk-1234"));
        assert!(shown.starts_with("bad key *** xxx"), "{shown}");
        assert_eq!(shown.chars().count(), MAX_UPSTREAM_WORDS + 1);
    }
}
