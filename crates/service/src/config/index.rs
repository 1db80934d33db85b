//! The vector index: the embedded engine in a folder, or a Qdrant server.

use super::{Faults, table::settings};
use secrecy::SecretString;
use std::path::PathBuf;

settings! {
    /// Section `index`.
    IndexConfig in "index";

    /// The embedded engine's folder; absent: `vectors` in the data folder.
    path: Option<PathBuf> [VECTOR_STORE_PATH];
    /// A Qdrant server, `http[s]://HOST[:PORT]`; absent: the embedded engine.
    qdrant_url: Option<String> [QDRANT_URL];
    /// The server's API key.
    #[serde(skip_serializing)]
    qdrant_api_key: Option<SecretString> [QDRANT_API_KEY] is header_secret;
    /// How long any one request to the server may take. Beyond ten seconds the lease on the index
    /// could end while a request is under way.
    qdrant_timeout_seconds: u64 [QDRANT_TIMEOUT_SECONDS] in 1..=10;
    /// What every name on the server begins with.
    qdrant_prefix: String [QDRANT_PREFIX];
}

impl IndexConfig {
    pub(super) fn check(&self, faults: &mut Faults) {
        let well_formed = self
            .qdrant_url
            .as_ref()
            .map(|url| url.trim().to_ascii_lowercase())
            .is_none_or(|url| url.starts_with("http://") || url.starts_with("https://"));
        faults.require(
            well_formed,
            "index.qdrant_url",
            "must begin with http:// or https://",
        );
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        faults.require(
            (1..=64).contains(&self.qdrant_prefix.len()) && self.qdrant_prefix.chars().all(plain),
            "index.qdrant_prefix",
            "must be 1 to 64 lower-case letters, digits, hyphens and underscores",
        );
    }
}
