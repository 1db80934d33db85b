//! The one error of the crate: what went wrong, whose fault it is, and what caused it. It knows
//! nothing of HTTP, SQL or vendors: adapters turn the errors of their crates into a kind, entry points
//! turn a kind into a status or an exit code.

use std::num::NonZeroU32;
use std::time::Duration;

/// The crate's result type.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of failure this is; entry points map it to a status, callers decide by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The request is not acceptable; the message names the field and the limit.
    Invalid,
    /// No valid credential was given.
    Unauthorized,
    /// The credential is valid and does not allow this.
    Forbidden,
    /// No such object, or not one that this caller may see.
    NotFound,
    /// The request contradicts the present state.
    Conflict,
    /// The request is larger than a limit, which the message names.
    TooLarge,
    /// Too many requests; try again after the given time.
    RateLimited {
        /// How long the caller should wait.
        retry_after: Duration,
    },
    /// Something that ragd depends on is not there now; trying later can help.
    Unavailable,
    /// An upstream answered, and its answer is a failure.
    Upstream,
    /// A fault of ragd itself.
    Internal,
}

/// A failure with its kind, a message for the caller, and its cause.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    kind: ErrorKind,
    code: Option<&'static str>,
    limit: Option<NonZeroU32>,
    retry_after_seconds: Option<NonZeroU32>,
    message: String,
    #[source]
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of `kind` whose `message` may be shown to the caller.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            code: None,
            limit: None,
            retry_after_seconds: None,
            message: message.into(),
            source: None,
        }
    }

    /// [`ErrorKind::Invalid`] with a message that names the field and the limit.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, message)
    }

    /// [`ErrorKind::NotFound`].
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::NotFound, message)
    }

    /// [`ErrorKind::Unavailable`].
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unavailable, message)
    }

    /// [`ErrorKind::Internal`].
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }

    /// Gives the error a machine-readable code of its own, where the kind's name says too little.
    #[must_use]
    pub fn with_code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    /// Says how many a limit allows, for a caller that broke it.
    #[must_use]
    pub fn with_limit(mut self, limit: u32) -> Self {
        self.limit = NonZeroU32::new(limit);
        self
    }

    /// How many the limit allows that was broken, where that is known.
    pub fn limit(&self) -> Option<u32> {
        self.limit.map(NonZeroU32::get)
    }

    /// Says when asking again may help, rounded up to whole seconds.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        self.retry_after_seconds = NonZeroU32::new(u32::try_from(seconds).unwrap_or(u32::MAX));
        self
    }

    /// When asking again may help, in seconds, where that is known.
    pub fn retry_after_seconds(&self) -> Option<u32> {
        self.retry_after_seconds.map(NonZeroU32::get)
    }

    /// Keeps the cause, for logs; it is never shown to a caller.
    #[must_use]
    pub fn with_source(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The same failure for another caller who waited for the same thing; the causes are kept as
    /// text.
    #[must_use]
    pub fn repeated(&self) -> Self {
        let cause = std::error::Error::source(self);
        Self {
            kind: self.kind,
            code: self.code,
            message: self.message.clone(),
            limit: self.limit,
            retry_after_seconds: self.retry_after_seconds,
            source: cause.map(|cause| with_causes(cause).into()),
        }
    }

    /// What kind of failure this is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The machine-readable code: its own, else the kind's.
    pub fn code(&self) -> &'static str {
        self.code.unwrap_or(match self.kind {
            ErrorKind::Invalid => "invalid_request",
            ErrorKind::Unauthorized => "unauthorized",
            ErrorKind::Forbidden => "forbidden",
            ErrorKind::NotFound => "not_found",
            ErrorKind::Conflict => "conflict",
            ErrorKind::TooLarge => "too_large",
            ErrorKind::RateLimited { .. } => "rate_limited",
            ErrorKind::Unavailable => "unavailable",
            ErrorKind::Upstream => "upstream_error",
            ErrorKind::Internal => "internal_error",
        })
    }

    /// The message followed by every cause, for a log line or a console.
    pub fn chain(&self) -> String {
        with_causes(self)
    }
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
