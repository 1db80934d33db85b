//! Opens a PDF; refuses one that is broken, incomplete or locked.

use super::super::ExtractFailure;
use hayro_interpret::hayro_syntax::{LoadPdfError, Pdf};

/// How far before the end of the file its end marker may stand, because some writers append junk.
const END_WITHIN_BYTES: usize = 4096;

/// Refuses a file without an end marker: the parser repairs files, and would accept one that was
/// uploaded only in part.
pub(super) fn check_end(bytes: &[u8]) -> Result<(), ExtractFailure> {
    let tail = bytes
        .get(bytes.len().saturating_sub(END_WITHIN_BYTES)..)
        .unwrap_or(bytes);
    let has = |marker: &[u8]| tail.windows(marker.len()).any(|window| window == marker);
    if has(b"%%EOF") && has(b"startxref") {
        return Ok(());
    }
    Err(ExtractFailure::corrupt(
        "the file ends before its end marker",
    ))
}

/// Parses the structure of a PDF.
///
/// # Errors
/// `encrypted` and `corrupt`.
pub(super) fn open(bytes: Vec<u8>) -> Result<Pdf, ExtractFailure> {
    Pdf::new(bytes).map_err(|error| match error {
        LoadPdfError::Decryption(_) => {
            ExtractFailure::encrypted("it needs a password to be opened")
        }
        LoadPdfError::Invalid => ExtractFailure::corrupt("its structure cannot be read"),
    })
}
