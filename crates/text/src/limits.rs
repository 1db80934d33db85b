//! The limits of one extraction. They are passed to the child process, which applies them to itself
//! before it reads the document.

use super::ExtractFailure;
use serde::{Deserialize, Serialize};

/// The limits of one extraction; each is named by the failure that it causes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtractLimits {
    /// The largest file, in bytes.
    pub file_bytes: u64,
    /// Memory that the parser may use, in bytes, in addition to that of the idle process.
    pub memory_bytes: u64,
    /// Processor time, in seconds; at least 1.
    pub cpu_seconds: u64,
    /// Elapsed time while the child runs, in milliseconds.
    pub wall_ms: u64,
    /// The longest text, in Unicode scalar values.
    pub text_chars: usize,
    /// The most pages.
    pub pages: usize,
    /// The most HTML elements, or groups of RTF, nested in each other.
    pub html_depth: usize,
    /// The most entries of a ZIP container.
    pub archive_entries: usize,
    /// The most bytes that one entry of a container may inflate to.
    pub entry_bytes: u64,
    /// The most bytes that all entries of a container together may inflate to.
    pub archive_bytes: u64,
    /// How many times its compressed size an entry may inflate to, once it is larger than
    /// [`ExtractLimits::RATIO_FREE_BYTES`].
    pub archive_ratio: u64,
    /// The most XML elements nested in each other.
    pub xml_depth: usize,
    /// The most attributes of one XML element.
    pub xml_attributes: usize,
    /// The most tags and texts of one XML part.
    pub xml_events: u64,
    /// The deepest nesting of objects and arrays in a JSON text; at most 120.
    pub json_depth: usize,
    /// The most rows of one table of a spreadsheet or a CSV file.
    pub table_rows: usize,
    /// The most columns of a row.
    pub table_columns: usize,
    /// The longest cell, in Unicode scalar values.
    pub cell_chars: usize,
    /// The deepest nesting of emails that are read.
    pub mail_depth: usize,
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
            archive_entries: 10_000,
            entry_bytes: 100_000_000,
            archive_bytes: 300_000_000,
            archive_ratio: 200,
            xml_depth: 512,
            xml_attributes: 256,
            xml_events: 30_000_000,
            json_depth: 100,
            table_rows: 1_048_576,
            table_columns: 16_384,
            cell_chars: 1_000_000,
            mail_depth: 5,
        }
    }
}

impl ExtractLimits {
    /// The size up to which an entry may inflate at any ratio, because small parts of ordinary
    /// documents are often mostly white space.
    pub const RATIO_FREE_BYTES: u64 = 10_000_000;

    /// The failure of a text that is longer than `text_chars`.
    pub(super) fn text_too_long(&self) -> ExtractFailure {
        ExtractFailure::too_large(format!(
            "its text is longer than {} characters",
            self.text_chars
        ))
    }
}
