//! How much one document may cost. The numbers are given to the child process, which binds itself
//! to them before it reads the first byte.

use super::{ExtractFailure, FailureCode};
use serde::{Deserialize, Serialize};

/// The limits of one extraction; each is named by the failure that it causes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtractLimits {
    /// The largest file, in bytes.
    pub file_bytes: u64,
    /// Memory that the parser may use, in bytes, beyond what the idle process takes.
    pub memory_bytes: u64,
    /// Processor time, in seconds; at least 1.
    pub cpu_seconds: u64,
    /// Time by the clock on the wall, in milliseconds, while the child runs.
    pub wall_ms: u64,
    /// The longest text, in Unicode scalar values.
    pub text_chars: usize,
    /// The most pages.
    pub pages: usize,
    /// The most HTML elements open within each other.
    pub html_depth: usize,
}

impl Default for ExtractLimits {
    fn default() -> Self {
        Self {
            file_bytes: 100_000_000,
            memory_bytes: 512_000_000,
            cpu_seconds: 50,
            wall_ms: 60_000,
            text_chars: 20_000_000,
            pages: 10_000,
            html_depth: 2_000,
        }
    }
}

impl ExtractLimits {
    /// The failure of a text that grew past `text_chars`.
    pub(super) fn text_too_long(&self) -> ExtractFailure {
        ExtractFailure::new(
            FailureCode::TooLarge,
            format!("its text is longer than {} characters", self.text_chars),
        )
    }
}
