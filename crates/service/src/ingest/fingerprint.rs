//! What decides the passages of a document, as one text: equal means that an ingest would change
//! nothing. The model is no part of it: vectors follow the model by themselves, the missing ones
//! are made and those of another model are replaced, without the document being read again.

use crate::config::IngestConfig;
use ragd_core::domain::Sha256;
use ragd_text::EXTRACTOR_VERSION;

/// The fingerprint of bytes with `hash` under these settings.
pub(super) fn fingerprint(hash: Sha256, settings: &IngestConfig) -> String {
    let content = format!(
        "{}:{}:{}:{EXTRACTOR_VERSION}",
        hash.to_hex(),
        settings.chunk_size,
        settings.chunk_overlap
    );
    Sha256::of(content.as_bytes()).to_hex()
}

/// Whether what was made under `stored` is what would be made under `wanted`. An older ragd wrote
/// the model behind a colon.
pub(super) fn is_same(stored: &str, wanted: &str) -> bool {
    stored.split(':').next() == Some(wanted)
}

#[cfg(test)]
mod tests {
    use super::is_same;

    #[test]
    fn the_model_makes_no_difference() {
        assert!(is_same("ab12", "ab12"));
        assert!(is_same("ab12:all-MiniLM-L6-v2:int8:2", "ab12"));
        assert!(is_same("ab12:-", "ab12"));
        assert!(!is_same("ab13:-", "ab12"));
    }
}
