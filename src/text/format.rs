//! Which format a document is in. The extension of its name chooses the parser; the first bytes
//! must not contradict it, so that a picture named `.txt` is refused instead of indexed as noise.

use super::picture::{self, PictureKind};
use super::{ExtractFailure, FailureCode};
use crate::domain::FileName;
use serde::{Deserialize, Serialize};

/// A format with a parser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Plain text.
    Text,
    /// Markdown, kept as it is written.
    Markdown,
    /// HTML.
    Html,
    /// PDF.
    Pdf,
    /// A picture, which OCR reads.
    Picture(PictureKind),
}

const EXTENSIONS: [(&str, Format); 10] = [
    ("txt", Format::Text),
    ("text", Format::Text),
    ("log", Format::Text),
    ("md", Format::Markdown),
    ("markdown", Format::Markdown),
    ("mdown", Format::Markdown),
    ("html", Format::Html),
    ("htm", Format::Html),
    ("xhtml", Format::Html),
    ("pdf", Format::Pdf),
];

/// The extensions that have a parser, in lower case and without a dot.
pub fn allowed_extensions() -> impl Iterator<Item = &'static str> {
    let documents = EXTENSIONS.iter().map(|(extension, _)| *extension);
    documents.chain(picture::extensions())
}

impl Format {
    /// The format that the name's extension says.
    ///
    /// # Errors
    /// `unsupported_type` with the list of those allowed.
    pub fn of(name: &FileName) -> Result<Self, ExtractFailure> {
        let extension = name.extension().unwrap_or_default();
        if let Some(kind) = PictureKind::of_extension(&extension) {
            return Ok(Self::Picture(kind));
        }
        EXTENSIONS
            .iter()
            .find(|(known, _)| *known == extension)
            .map(|(_, format)| *format)
            .ok_or_else(|| {
                let allowed: Vec<_> = allowed_extensions().collect();
                ExtractFailure::new(
                    FailureCode::UnsupportedType,
                    format!(
                        "files of type '{extension}' are not read; allowed: {}",
                        allowed.join(", ")
                    ),
                )
            })
    }

    /// The media type.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain",
            Self::Markdown => "text/markdown",
            Self::Html => "text/html",
            Self::Pdf => "application/pdf",
            Self::Picture(kind) => kind.content_type(),
        }
    }

    /// Checks that `bytes` can be of this format.
    ///
    /// # Errors
    /// `empty` without any byte, `content_mismatch` where the first bytes are another format's.
    pub(super) fn check(self, bytes: &[u8]) -> Result<(), ExtractFailure> {
        if bytes.is_empty() {
            return Err(ExtractFailure::new(
                FailureCode::Empty,
                "the file has no bytes",
            ));
        }
        let found = signature(bytes);
        let fits = match self {
            Self::Pdf => found == Some(PDF) || (found.is_none() && has_pdf_header(bytes)),
            Self::Text | Self::Markdown | Self::Html => found.is_none(),
            Self::Picture(kind) => kind.has_signature(bytes),
        };
        if fits {
            return Ok(());
        }
        Err(ExtractFailure::new(
            FailureCode::ContentMismatch,
            format!(
                "its name says {}, its bytes say {}",
                self.content_type(),
                found.unwrap_or("something else")
            ),
        ))
    }
}

const PDF: &str = "a PDF document";

/// Signatures long enough not to begin a text by chance (`BM` or `MZ` would).
const SIGNATURES: [(&[u8], &str); 14] = [
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF87a", "a GIF picture"),
    (b"GIF89a", "a GIF picture"),
    (b"\x7fELF", "a program"),
    (b"\x1f\x8b\x08", "a gzip archive"),
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "an old office document",
    ),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"{\\rtf", "an RTF document"),
    (b"SQLite format 3\x00", "a database"),
];

/// How far into the file a PDF's header may stand (ISO 32000-1, annex H, note 13).
const PDF_HEADER_WITHIN_BYTES: usize = 1024;

fn signature(bytes: &[u8]) -> Option<&'static str> {
    if let Some((_, name)) = SIGNATURES
        .iter()
        .find(|(start, _)| bytes.starts_with(start))
    {
        return Some(name);
    }
    bytes
        .trim_ascii_start()
        .starts_with(b"%PDF-")
        .then_some(PDF)
}

fn has_pdf_header(bytes: &[u8]) -> bool {
    bytes
        .windows(5)
        .take(PDF_HEADER_WITHIN_BYTES)
        .any(|window| window == b"%PDF-")
}
