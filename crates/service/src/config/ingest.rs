//! How documents are taken in, and the limits on them.

use super::Faults;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Section `ingest`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct IngestConfig {
    /// The folder that `POST /ingest` reads; absent: `documents` in the data folder.
    #[serde(default)]
    pub documents_path: Option<PathBuf>,
    /// The file name extensions that are taken in.
    pub allowed_extensions: Vec<String>,
    /// The largest file.
    pub max_upload_megabytes: u64,
    /// The size of a passage, in characters.
    pub chunk_size: usize,
    /// How much two neighbours share, in characters.
    pub chunk_overlap: usize,
    /// The extracting process's memory.
    pub extract_memory_megabytes: u64,
    /// The extracting process's CPU time.
    pub extract_cpu_seconds: u64,
    /// The extracting process's time by the wall clock.
    pub extract_wall_seconds: u64,
    /// The most pages of a document.
    pub max_pages: usize,
    /// The most text of a document.
    pub max_text_megabytes: u64,
    /// Whether pictures are read by OCR where the program for it is installed.
    pub ocr: OcrMode,
    /// The languages of the text in pictures, as tesseract names them, joined by `+`.
    pub ocr_languages: String,
    /// The most pages of a document that OCR reads.
    pub ocr_pages: usize,
    /// The OCR program's time for a page, of the processor and by the wall clock.
    pub ocr_page_seconds: u64,
    /// The largest picture that OCR is given.
    pub ocr_megapixels: u64,
    /// The most entries of a ZIP container: an office document or a book.
    pub max_archive_entries: usize,
    /// What all entries of a container together may inflate to.
    pub max_archive_megabytes: u64,
    /// How many times its compressed size a large entry may inflate to.
    pub max_archive_ratio: u64,
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
            (100..=20_000).contains(&self.chunk_size),
            "ingest.chunk_size (CHUNK_SIZE)",
            "must be between 100 and 20000 characters",
        );
        faults.require(
            self.chunk_overlap.saturating_mul(2) <= self.chunk_size,
            "ingest.chunk_overlap (CHUNK_OVERLAP)",
            "must be at most half of chunk_size",
        );
        faults.require(
            (1..=1_024).contains(&self.max_upload_megabytes),
            "ingest.max_upload_megabytes (MAX_UPLOAD_MEGABYTES)",
            "must be between 1 and 1024",
        );
        faults.require(
            (64..=16_384).contains(&self.extract_memory_megabytes),
            "ingest.extract_memory_megabytes",
            "must be between 64 and 16384",
        );
        faults.require(
            are_languages(&self.ocr_languages),
            "ingest.ocr_languages (INGEST_OCR_LANGUAGES)",
            "must be names of languages such as eng or chi_sim, joined by +",
        );
        faults.require(
            (1..=500).contains(&self.ocr_megapixels),
            "ingest.ocr_megapixels",
            "must be between 1 and 500",
        );
        let positive = [
            ("ingest.extract_cpu_seconds", self.extract_cpu_seconds),
            ("ingest.extract_wall_seconds", self.extract_wall_seconds),
            ("ingest.max_pages", self.max_pages as u64),
            ("ingest.max_text_megabytes", self.max_text_megabytes),
            ("ingest.ocr_pages", self.ocr_pages as u64),
            ("ingest.ocr_page_seconds", self.ocr_page_seconds),
            (
                "ingest.max_archive_entries",
                self.max_archive_entries as u64,
            ),
            ("ingest.max_archive_megabytes", self.max_archive_megabytes),
            ("ingest.max_archive_ratio", self.max_archive_ratio),
        ];
        for (setting, value) in positive {
            faults.require(
                (1..=100_000).contains(&value),
                setting,
                "must be between 1 and 100000",
            );
        }
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
