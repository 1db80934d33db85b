//! Why no text could be extracted from a document. Each failure has a code that programs can match,
//! and a message for people that names the limit or the place.

use serde::{Deserialize, Serialize};

/// The kind of failure; stored and shown in snake case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum FailureCode {
    /// The document has no text.
    Empty,
    /// The document needs a password.
    Encrypted,
    /// The document violates its format, or is incomplete.
    Corrupt,
    /// The document has more bytes, characters or pages than allowed.
    TooLarge,
    /// The extraction took more time than allowed.
    Timeout,
    /// The extraction took more memory than allowed.
    Memory,
    /// The document consists of pictures of text.
    NeedsOcr,
    /// The file extension is not supported.
    UnsupportedType,
    /// The content is of another type than the file extension says.
    ContentMismatch,
    /// The content is not text in any encoding that can be recognised.
    InvalidEncoding,
    /// The document is nested deeper than allowed.
    TooDeep,
    /// The child process ended in a way that says nothing about the document.
    Crashed,
    /// The extraction could not run; a retry can succeed.
    Unavailable,
}

/// Why no text could be extracted from a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ExtractFailure {
    /// The kind.
    pub code: FailureCode,
    /// One sentence for people.
    pub message: String,
}

impl ExtractFailure {
    /// A failure of the kind `code`.
    pub fn new(code: FailureCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// A document that violates its format.
    pub(super) fn corrupt(message: impl Into<String>) -> Self {
        Self::new(FailureCode::Corrupt, message)
    }

    /// A document that exceeds a limit of size.
    pub(super) fn too_large(message: impl Into<String>) -> Self {
        Self::new(FailureCode::TooLarge, message)
    }

    /// A document that exceeds a limit of nesting.
    pub(super) fn too_deep(message: impl Into<String>) -> Self {
        Self::new(FailureCode::TooDeep, message)
    }

    /// A document that needs a password.
    pub(super) fn encrypted(message: impl Into<String>) -> Self {
        Self::new(FailureCode::Encrypted, message)
    }

    /// A document of another type than its name says.
    pub(super) fn content_mismatch(message: impl Into<String>) -> Self {
        Self::new(FailureCode::ContentMismatch, message)
    }

    /// Whether a retry with the same document may succeed.
    pub fn is_retryable(&self) -> bool {
        self.code == FailureCode::Unavailable
    }
}
