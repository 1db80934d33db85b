//! What can go wrong with an upstream, whose fault it is, and what a caller is told. It names the
//! kinds; which answer means which kind is decided where the answer is read.

use super::refused_field::RefusedField;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::time::Duration;

/// How long a provider that said "too many requests" is not called when it did not say for how long.
pub const DEFAULT_COOL_DOWN: Duration = Duration::from_secs(10);

/// The longest that a provider may ask not to be called.
pub const MAX_COOL_DOWN: Duration = Duration::from_secs(60);

/// The most characters of an upstream's message that are passed on.
const MAX_UPSTREAM_WORDS: usize = 300;

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum ProviderErrorKind {
    /// Nothing, or nothing more, came in time.
    Timeout,
    /// The name, the connection or TLS failed: no request was answered.
    Connect,
    /// The upstream asks not to be called for a while.
    RateLimited,
    /// The upstream does not accept our key.
    Unauthorized,
    /// Our quota or budget at the upstream is spent.
    Quota,
    /// The upstream does not accept the request.
    BadRequest,
    /// A filter of the upstream refuses the request, or the answer to it.
    Filtered,
    /// The upstream no longer has the model, or never had it.
    ModelNotFound,
    /// The upstream reports a failure.
    Server,
    /// The answer is not what the wire format allows.
    Malformed,
    /// The answer broke off before its end.
    Interrupted,
    /// The answer is complete and has no text.
    Empty,
    /// The request could not be made from our settings.
    Misconfigured,
}

/// Who has to change something before it works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The caller.
    Caller,
    /// The upstream, or the way to it.
    Upstream,
    /// The operator of ragd: a key, a quota, a setting.
    Ours,
}

impl ProviderErrorKind {
    /// The name for logs and metric labels.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Whose fault such a failure is.
    pub const fn fault(self) -> Fault {
        match self {
            Self::BadRequest | Self::Filtered => Fault::Caller,
            Self::Unauthorized | Self::Quota | Self::ModelNotFound | Self::Misconfigured => {
                Fault::Ours
            }
            _ => Fault::Upstream,
        }
    }
}

/// What an upstream's error body holds beside its message, in OpenAI's fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorDetail {
    /// What is wrong, for programs: `context_length_exceeded`, …
    pub code: Option<String>,
    /// The field that is wrong.
    pub param: Option<String>,
}

impl ErrorDetail {
    /// The longest word that is passed on, in bytes.
    const MAX_BYTES: usize = 64;

    /// Reads them from an error body.
    pub(super) fn of(body: &Value) -> Option<Box<Self>> {
        let word = |field: &str| {
            let word = body.get("error")?.get(field)?.as_str()?;
            let is_sane =
                word.len() <= Self::MAX_BYTES && word.bytes().all(|byte| byte.is_ascii_graphic());
            is_sane.then(|| word.to_owned())
        };
        let (code, param) = (word("code"), word("param"));
        (code.is_some() || param.is_some()).then(|| Box::new(Self { code, param }))
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
    /// How long not to call the provider, where it said so (always set for `RateLimited`).
    pub retry_after: Option<Duration>,
    /// The HTTP status, where one came.
    pub status: Option<u16>,
    /// What the upstream's error body holds in OpenAI's fields.
    pub detail: Option<Box<ErrorDetail>>,
    /// The field of the request that the upstream does not take, where it names one.
    pub(super) refused_field: Option<Box<RefusedField>>,
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
            detail: None,
            refused_field: None,
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

/// An upstream's message, fit to pass on: one line, cut, and without our secrets, which some
/// upstreams quote.
pub(super) fn presentable(words: &str, secrets: &[SecretString]) -> String {
    let mut words = words.to_owned();
    for secret in secrets.iter().map(ExposeSecret::expose_secret) {
        if !secret.is_empty() && words.contains(secret) {
            words = words.replace(secret, "***");
        }
    }
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
    fn upstream_words_are_one_short_line_without_the_key() {
        let words = format!("bad key\n\tsk-1234 {}", "x".repeat(1_000));
        let shown = presentable(&words, &["sk-1234".into()]);
        assert!(shown.starts_with("bad key *** xxx"), "{shown}");
        assert_eq!(shown.chars().count(), MAX_UPSTREAM_WORDS + 1);
    }
}
