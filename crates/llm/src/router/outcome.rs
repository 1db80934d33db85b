//! How a request through the chain ended: with an answer and who gave it, or with the reason why no
//! provider did.

use crate::{ChatReply, ChatStream, ProviderError};
use ragd_core::error::{Error, ErrorKind};
use std::time::Duration;

/// Who answered, and what it took to get there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Served {
    /// The provider.
    pub provider: String,
    /// The model that was asked.
    pub model: String,
    /// How many calls of upstreams were made.
    pub attempts: u32,
    /// Whether another provider should have answered.
    pub is_fallback: bool,
    /// How long upstreams took: all other time is ragd's own.
    pub upstream: Duration,
}

/// A whole answer.
#[derive(Debug)]
pub struct Completion {
    /// The answer.
    pub reply: ChatReply,
    /// Who gave it.
    pub served: Served,
}

/// An answer whose first content has come.
pub struct CompletionStream {
    /// The answer, from its first piece on.
    pub events: ChatStream,
    /// Who gives it.
    pub served: Served,
}

/// Why no provider answered.
#[derive(Debug)]
pub enum RouteErrorKind {
    /// The request is one that its provider does not take: the caller's own fault.
    Refused(Box<ProviderError>),
    /// Every provider that could be called has reached its rate limit. The number is our own limit;
    /// `None`: a provider said so.
    RateLimited {
        /// How many requests the limit allows.
        limit: Option<u32>,
    },
    /// No provider answered.
    Unavailable,
    /// There is no provider to call.
    NotConfigured,
}

/// A request that no provider answered.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct RouteError {
    /// Why.
    pub kind: RouteErrorKind,
    /// The same as a message, which may be shown to a caller.
    pub message: String,
    /// When asking again may help.
    pub retry_after: Duration,
    /// How many calls of upstreams were made.
    pub attempts: u32,
}

impl RouteError {
    /// There is no provider to call.
    pub(super) fn not_configured() -> Self {
        Self {
            kind: RouteErrorKind::NotConfigured,
            message: "every provider that could answer is switched off".to_owned(),
            retry_after: Duration::from_secs(60),
            attempts: 0,
        }
    }
}

impl From<RouteError> for Error {
    fn from(error: RouteError) -> Self {
        let retry_after = error.retry_after;
        match error.kind {
            RouteErrorKind::Refused(_) => {
                Self::invalid(error.message).with_code("llm_rejected_request")
            }
            RouteErrorKind::RateLimited { limit: Some(limit) } => {
                Self::new(ErrorKind::RateLimited { retry_after }, error.message).with_limit(limit)
            }
            RouteErrorKind::RateLimited { limit: None }
            | RouteErrorKind::Unavailable
            | RouteErrorKind::NotConfigured => Self::unavailable(error.message)
                .with_code("llm_unavailable")
                .with_retry_after(retry_after),
        }
    }
}
