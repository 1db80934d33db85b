//! The title of a document.

use ragd_store::Accepted;
use ragd_text::Extracted;

/// The title: as the caller said, else as the document says, else the file name.
pub(super) fn title(accepted: &Accepted, extracted: &Extracted) -> String {
    let given = &accepted.pending.title;
    if given != accepted.document.filename.as_str() {
        return given.clone();
    }
    let found = extracted
        .title
        .as_deref()
        .map(str::trim)
        .filter(|title| !title.is_empty());
    found.map_or_else(|| given.clone(), |title| title.chars().take(500).collect())
}
