//! OCR: pages and pictures without text are read by the program `tesseract`, where it is installed.
//! The picture of a PDF's page is drawn by the limited child and goes through a pipe into a process
//! that limits itself before it becomes `tesseract`; the parent sees neither file nor picture, only
//! the words that come out. No file name of a user's is ever an argument.

mod confined;
mod find;
mod merge;
mod recognise;
mod words;

pub use confined::run_recogniser;
pub use find::{Ocr, OcrReader};
pub(super) use merge::merge;

/// What a reader of pictures may cost; each limit is named by the failure that it causes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OcrSettings {
    /// Whether pages without text are read without being asked to.
    pub automatic: bool,
    /// The languages of the text, as `tesseract` names them, joined by `+`.
    pub languages: String,
    /// The most pages of one document that are read.
    pub pages: usize,
    /// Processor time, and time by the clock, for one page, in seconds.
    pub page_seconds: u64,
    /// The largest picture, and the largest that is drawn of a page.
    pub pixels: u64,
}

impl Default for OcrSettings {
    fn default() -> Self {
        Self {
            automatic: true,
            languages: "eng".to_owned(),
            pages: 200,
            page_seconds: 60,
            pixels: 50_000_000,
        }
    }
}

/// Whether one document's pictures are read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OcrChoice {
    /// As the settings say.
    #[default]
    Automatic,
    /// Even where the settings say not to.
    Wanted,
    /// Not at all.
    Forbidden,
}
