//! The format of a document. The extension of its name selects the parser; the first bytes must not
//! contradict it, so that a picture named `.txt` is refused instead of indexed as noise. The
//! parsers of office documents check the kind of a ZIP container themselves.

use super::picture::{self, PictureKind};
use super::{ExtractFailure, FailureCode};
use ragd_core::domain::FileName;
use serde::{Deserialize, Serialize};

/// A format with a parser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Format {
    /// Plain text.
    Text,
    /// Source code and configuration, kept as it is.
    Source,
    /// Markdown, kept as it is.
    Markdown,
    /// HTML.
    Html,
    /// PDF.
    Pdf,
    /// A picture, which OCR reads.
    Picture(PictureKind),
    /// Word.
    Docx,
    /// PowerPoint.
    Pptx,
    /// Excel.
    Xlsx,
    /// OpenDocument text.
    Odt,
    /// OpenDocument presentation.
    Odp,
    /// OpenDocument spreadsheet.
    Ods,
    /// Rich Text Format.
    Rtf,
    /// EPUB.
    Epub,
    /// Comma-separated values, with this or another delimiter.
    Csv,
    /// Tab-separated values.
    Tsv,
    /// JSON.
    Json,
    /// One JSON text per line.
    JsonLines,
    /// An email.
    Email,
}

/// Documents by their extensions.
const DOCUMENTS: [(&str, Format); 32] = [
    ("txt", Format::Text),
    ("text", Format::Text),
    ("log", Format::Text),
    ("rst", Format::Text),
    ("org", Format::Text),
    ("tex", Format::Text),
    ("adoc", Format::Text),
    ("asciidoc", Format::Text),
    ("md", Format::Markdown),
    ("markdown", Format::Markdown),
    ("mdown", Format::Markdown),
    ("html", Format::Html),
    ("htm", Format::Html),
    ("xhtml", Format::Html),
    ("pdf", Format::Pdf),
    ("docx", Format::Docx),
    ("docm", Format::Docx),
    ("pptx", Format::Pptx),
    ("pptm", Format::Pptx),
    ("xlsx", Format::Xlsx),
    ("xlsm", Format::Xlsx),
    ("odt", Format::Odt),
    ("odp", Format::Odp),
    ("ods", Format::Ods),
    ("rtf", Format::Rtf),
    ("epub", Format::Epub),
    ("csv", Format::Csv),
    ("tsv", Format::Tsv),
    ("json", Format::Json),
    ("jsonl", Format::JsonLines),
    ("ndjson", Format::JsonLines),
    ("eml", Format::Email),
];

/// Extensions of source code and configuration.
const SOURCES: [&str; 60] = [
    "rs",
    "py",
    "pyi",
    "js",
    "mjs",
    "cjs",
    "ts",
    "tsx",
    "jsx",
    "vue",
    "svelte",
    "go",
    "java",
    "kt",
    "kts",
    "scala",
    "groovy",
    "gradle",
    "c",
    "h",
    "cc",
    "cpp",
    "cxx",
    "hh",
    "hpp",
    "cs",
    "fs",
    "rb",
    "php",
    "swift",
    "m",
    "sh",
    "bash",
    "zsh",
    "fish",
    "ps1",
    "bat",
    "sql",
    "yaml",
    "yml",
    "toml",
    "ini",
    "cfg",
    "conf",
    "properties",
    "xml",
    "css",
    "scss",
    "lua",
    "r",
    "pl",
    "pm",
    "ex",
    "exs",
    "erl",
    "hs",
    "clj",
    "dart",
    "proto",
    "tf",
];

/// The extensions that have a parser, in lower case and without a dot.
pub fn allowed_extensions() -> impl Iterator<Item = &'static str> {
    let documents = DOCUMENTS.iter().map(|(extension, _)| *extension);
    documents.chain(picture::extensions()).chain(SOURCES)
}

impl Format {
    /// The format for the extension of `name`.
    ///
    /// # Errors
    /// `unsupported_type` with the list of supported extensions.
    pub(super) fn of(name: &FileName) -> Result<Self, ExtractFailure> {
        let extension = name.extension().unwrap_or_default();
        if let Some(kind) = PictureKind::of_extension(&extension) {
            return Ok(Self::Picture(kind));
        }
        if SOURCES.contains(&extension.as_str()) {
            return Ok(Self::Source);
        }
        DOCUMENTS
            .iter()
            .find(|(known, _)| *known == extension)
            .map(|(_, format)| *format)
            .ok_or_else(|| {
                let allowed: Vec<_> = allowed_extensions().collect();
                ExtractFailure::new(
                    FailureCode::UnsupportedType,
                    format!(
                        "files of type '{extension}' are not supported; supported are: {}",
                        allowed.join(", ")
                    ),
                )
            })
    }

    /// The media type.
    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::Text | Self::Source => "text/plain",
            Self::Markdown => "text/markdown",
            Self::Html => "text/html",
            Self::Pdf => "application/pdf",
            Self::Picture(kind) => kind.content_type(),
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Pptx => {
                "application/vnd.openxmlformats-officedocument.presentationml.presentation"
            }
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Odt => "application/vnd.oasis.opendocument.text",
            Self::Odp => "application/vnd.oasis.opendocument.presentation",
            Self::Ods => "application/vnd.oasis.opendocument.spreadsheet",
            Self::Rtf => "application/rtf",
            Self::Epub => "application/epub+zip",
            Self::Csv => "text/csv",
            Self::Tsv => "text/tab-separated-values",
            Self::Json => "application/json",
            Self::JsonLines => "application/jsonl",
            Self::Email => "message/rfc822",
        }
    }

    /// Whether it is a ZIP container.
    const fn is_container(self) -> bool {
        matches!(
            self,
            Self::Docx | Self::Pptx | Self::Xlsx | Self::Odt | Self::Odp | Self::Ods | Self::Epub
        )
    }

    /// Checks that `bytes` can be of this format.
    ///
    /// # Errors
    /// `empty` for an empty file, `encrypted` for an office document with a password,
    /// `content_mismatch` if the first bytes are those of another format.
    pub(super) fn check(self, bytes: &[u8]) -> Result<(), ExtractFailure> {
        if bytes.is_empty() {
            return Err(ExtractFailure::new(FailureCode::Empty, "the file is empty"));
        }
        let found = signature(bytes);
        if self.is_container() && found == Some(OLD_OFFICE) && holds_encrypted_package(bytes) {
            return Err(ExtractFailure::encrypted("it needs a password"));
        }
        let fits = if self == Self::Pdf {
            found == Some(PDF) || (found.is_none() && has_pdf_header(bytes))
        } else if self == Self::Rtf {
            found == Some(RTF)
        } else if self.is_container() {
            matches!(found, Some(ZIP | EMPTY_ZIP))
        } else if let Self::Picture(kind) = self {
            kind.has_signature(bytes)
        } else {
            found.is_none()
        };
        if fits {
            return Ok(());
        }
        Err(ExtractFailure::content_mismatch(format!(
            "its name says {}, but its content is {}",
            self.content_type(),
            found.unwrap_or("something else")
        )))
    }
}

const PDF: &str = "a PDF document";
const ZIP: &str = "a ZIP archive or an office document";
const EMPTY_ZIP: &str = "an empty ZIP archive";
const OLD_OFFICE: &str = "an old office document";
const RTF: &str = "an RTF document";

/// Signatures long enough that no text begins with them by chance, as with `BM` or `MZ`.
const SIGNATURES: [(&[u8], &str); 14] = [
    (b"PK\x03\x04", ZIP),
    (b"PK\x05\x06", EMPTY_ZIP),
    (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF87a", "a GIF picture"),
    (b"GIF89a", "a GIF picture"),
    (b"\x7fELF", "a program"),
    (b"\x1f\x8b\x08", "a gzip archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OLD_OFFICE),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"{\\rtf", RTF),
    (b"SQLite format 3\x00", "a database"),
];

/// How far from the start the header of a PDF may be (ISO 32000-1, annex H, note 13).
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

/// An encrypted office document is a compound file with a stream of that name (MS-OFFCRYPTO 1.3).
fn holds_encrypted_package(bytes: &[u8]) -> bool {
    let name: Vec<u8> = "EncryptedPackage"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    bytes.windows(name.len()).any(|window| window == name)
}
