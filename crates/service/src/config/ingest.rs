//! The ingest of documents, and its limits.

use super::{
    Faults,
    table::{setting_kind, settings},
};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

setting_kind!(Text: OcrMode);

settings! {
    /// Section `ingest`.
    IngestConfig in "ingest";

    /// The folder that `POST /ingest` reads; absent: `documents` in the data folder.
    documents_path: Option<PathBuf> [DOCUMENTS_PATH];
    /// The allowed file name extensions.
    allowed_extensions: Vec<String> [INGEST_ALLOWED_EXTENSIONS];
    /// The largest file.
    max_upload_megabytes: u64 [MAX_UPLOAD_MEGABYTES] in 1..=1_024;
    /// The size of a passage, in characters.
    chunk_size: usize [CHUNK_SIZE] in 100..=20_000, "must be between 100 and 20000 characters";
    /// How much two neighbouring passages share, in characters.
    chunk_overlap: usize [CHUNK_OVERLAP];
    /// The extracting process's memory.
    extract_memory_megabytes: u64 [] in 64..=16_384;
    /// The extracting process's CPU time.
    extract_cpu_seconds: u64 [] in 1..=100_000;
    /// The extracting process's elapsed time.
    extract_wall_seconds: u64 [] in 1..=100_000;
    /// The most pages of a document.
    max_pages: usize [] in 1..=100_000;
    /// The most text of a document.
    max_text_megabytes: u64 [] in 1..=100_000;
    /// Whether pictures are read by OCR where the program for it is installed.
    ocr: OcrMode [INGEST_OCR];
    /// The languages of the text in pictures, as tesseract names them, joined by `+`.
    ocr_languages: String [INGEST_OCR_LANGUAGES];
    /// The most pages of a document that OCR reads.
    ocr_pages: usize [] in 1..=100_000;
    /// The OCR program's time for a page, CPU time and elapsed time each.
    ocr_page_seconds: u64 [] in 1..=100_000;
    /// The largest picture that OCR is given.
    ocr_megapixels: u64 [] in 1..=500;
    /// The most entries of a ZIP container: an office document or a book.
    max_archive_entries: usize [] in 1..=100_000;
    /// What all entries of a container together may inflate to.
    max_archive_megabytes: u64 [] in 1..=100_000;
    /// How many times its compressed size a large entry may inflate to.
    max_archive_ratio: u64 [] in 1..=100_000;
}

/// Whether OCR is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OcrMode {
    /// Where the program for it is installed.
    Auto,
    /// Only where a request asks for it.
    Off,
}

impl IngestConfig {
    /// The largest file, in bytes.
    pub const fn max_upload_bytes(&self) -> u64 {
        self.max_upload_megabytes * 1_024 * 1_024
    }

    pub(super) fn check(&self, faults: &mut Faults) {
        faults.require(
            self.chunk_overlap.saturating_mul(2) <= self.chunk_size,
            "ingest.chunk_overlap",
            "must be at most half of chunk_size",
        );
        faults.require(
            are_languages(&self.ocr_languages),
            "ingest.ocr_languages",
            "must be names of languages such as eng or chi_sim, joined by +",
        );
    }
}

/// They become an argument of a program: letters and `_` only.
fn are_languages(names: &str) -> bool {
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.chars().all(|c| c.is_ascii_lowercase() || c == '_')
    };
    names.len() <= 100 && names.split('+').all(is_name)
}

#[cfg(test)]
mod tests {
    use super::are_languages;

    #[test]
    fn languages_are_names_and_nothing_else() {
        for names in ["eng", "eng+deu", "chi_sim+eng"] {
            assert!(are_languages(names), "{names}");
        }
        for names in [
            "", "eng+", "+eng", "ENG", "--psm", "eng deu", "../eng", "_x",
        ] {
            assert!(!are_languages(names), "{names}");
        }
    }
}
