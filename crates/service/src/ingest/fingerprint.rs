//! The fingerprint of a document: everything that determines its passages, so that an ingest with an
//! equal one would change nothing. It does not include the model: vectors of a new model are made
//! without reading the document again.

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

/// Whether two fingerprints are equal. Older versions of ragd wrote the model behind a colon.
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
