//! The settings of OCR, and the choice for one document.

/// How OCR reads pictures, and what it may cost; each limit is named by the failure that it causes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OcrSettings {
    /// Whether pages without text are read by default.
    pub automatic: bool,
    /// The languages of the text, as `tesseract` names them, joined by `+`.
    pub languages: String,
    /// The most pages of one document that are read.
    pub pages: usize,
    /// The limit of processor time, and of elapsed time, for one page, in seconds.
    pub page_seconds: u64,
    /// The most pixels of a picture, and of the image that is drawn of a page.
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

/// Whether the pictures of one document are read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OcrChoice {
    /// As the settings say.
    #[default]
    Automatic,
    /// Even if the settings say not to.
    Wanted,
    /// Not at all.
    Forbidden,
}
