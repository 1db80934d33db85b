//! Extracts the text of documents and divides it into passages. Documents are untrusted: every
//! parser runs in a child process (`ragd extract`) that first limits its own resources, and
//! whatever happens to it becomes an [`ExtractFailure`] with a code and a message that names the
//! limit. This crate knows formats, offsets and page numbers; it stores nothing, embeds nothing and
//! never uses the name of a document as a path.

mod archive;
mod builder;
mod child;
mod chunk;
mod decode;
mod delimited;
mod email;
mod epub;
mod extracted;
mod extractor;
mod failure;
mod fence;
mod format;
mod front_matter;
mod html;
mod hyphen;
mod json;
mod limits;
mod markdown;
mod ocr;
mod odf;
mod office;
mod pdf;
mod picture;
mod pipe_tables;
mod process;
mod rlimits;
mod rtf;
mod table;
mod writer;
mod xml;

pub use child::run_child;
pub use chunk::{Chunk, ChunkSettings, chunk};
pub use extracted::{Extracted, Page, Section};
pub use extractor::{ExtractOrder, Extractor};
pub use failure::{ExtractFailure, FailureCode};
pub use format::allowed_extensions;
pub use limits::ExtractLimits;
pub use ocr::{Ocr, OcrChoice, OcrReader, OcrSettings, run_recogniser};

use format::Format;

/// The version of extraction and chunking, a part of the fingerprint of an ingest. It changes
/// whenever the same bytes with the same settings would give other passages.
pub const EXTRACTOR_VERSION: &str = "text-3";
