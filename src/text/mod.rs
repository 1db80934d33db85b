//! Bytes in, text out, passages from text. Documents are hostile: every parser runs in a child
//! process (`ragd extract`) that limits itself first, and whatever happens to it becomes an
//! [`ExtractFailure`] with a code and a message that names the limit. This room knows formats,
//! offsets and page numbers; it stores nothing, embeds nothing and never uses a name as a path.

mod builder;
mod child;
mod chunk;
mod decode;
mod extracted;
mod extractor;
mod failure;
mod format;
mod html;
mod limits;
mod markdown;
mod pdf;

pub use child::run_child;
pub use chunk::{Chunk, ChunkSettings, chunk};
pub use extracted::{Extracted, Page, Section};
pub use extractor::Extractor;
pub use failure::{ExtractFailure, FailureCode};
pub use format::{Format, allowed_extensions};
pub use limits::ExtractLimits;

/// Names what decides the text and its passages besides the settings; a part of the fingerprint of
/// an ingest. It changes whenever the same bytes would give other passages.
pub const EXTRACTOR_VERSION: &str = "text-2";
