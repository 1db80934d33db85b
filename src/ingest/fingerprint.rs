//! What decides the passages of a document, as one text: equal means that an ingest would change
//! nothing.

use crate::config::IngestConfig;
use crate::domain::Sha256;
use crate::text::EXTRACTOR_VERSION;

/// Stands for the model where there was none; such passages get their vectors afterwards.
const NO_MODEL: &str = "-";

/// The fingerprint of bytes with `hash` under these settings and this model.
pub(super) fn fingerprint(hash: Sha256, settings: &IngestConfig, model: Option<&str>) -> String {
    let content = format!(
        "{}:{}:{}:{EXTRACTOR_VERSION}",
        hash.to_hex(),
        settings.chunk_size,
        settings.chunk_overlap
    );
    format!(
        "{}:{}",
        Sha256::of(content.as_bytes()).to_hex(),
        model.unwrap_or(NO_MODEL)
    )
}

/// Whether what was made under `stored` is what would be made under `wanted`. A model that is
/// missing on one side makes no difference: vectors are kept, and missing ones are filled in.
pub(super) fn is_same(stored: &str, wanted: &str) -> bool {
    match (stored.split_once(':'), wanted.split_once(':')) {
        (Some((content, model)), Some((wanted_content, wanted_model))) => {
            content == wanted_content
                && (model == wanted_model || model == NO_MODEL || wanted_model == NO_MODEL)
        }
        _ => false,
    }
}
