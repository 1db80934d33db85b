//! Why a document gave no text. Each outcome has one code that programs can match and a message
//! for people that names the limit or the place.

use serde::{Deserialize, Serialize};

/// The kind of failure; the word is what is stored and shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureCode {
    /// There is no text in it.
    Empty,
    /// It needs a password.
    Encrypted,
    /// It breaks its own format, or ends before its end.
    Corrupt,
    /// It has more bytes, characters or pages than allowed.
    TooLarge,
    /// It took more time than allowed.
    Timeout,
    /// It took more memory than allowed.
    Memory,
    /// It holds pictures of text only.
    NeedsOcr,
    /// Its extension is not one of those allowed.
    UnsupportedType,
    /// Its bytes are of another type than its extension says.
    ContentMismatch,
    /// Its bytes are not text in any encoding that can be told.
    InvalidEncoding,
    /// It is nested deeper than allowed.
    TooDeep,
    /// The parser ended in a way that says nothing about the document.
    Crashed,
    /// The extraction could not run at all; trying again can help.
    Unavailable,
}

impl FailureCode {
    /// The word stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Encrypted => "encrypted",
            Self::Corrupt => "corrupt",
            Self::TooLarge => "too_large",
            Self::Timeout => "timeout",
            Self::Memory => "memory",
            Self::NeedsOcr => "needs_ocr",
            Self::UnsupportedType => "unsupported_type",
            Self::ContentMismatch => "content_mismatch",
            Self::InvalidEncoding => "invalid_encoding",
            Self::TooDeep => "too_deep",
            Self::Crashed => "crashed",
            Self::Unavailable => "unavailable",
        }
    }
}

/// Why a document gave no text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{}: {message}", code.as_str())]
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

    /// Whether the same document may succeed later: the fault is not the document's.
    pub fn is_retryable(&self) -> bool {
        self.code == FailureCode::Unavailable
    }
}
