//! The vector index: the embedded engine in a folder, or a Qdrant server.

use super::Faults;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Section `index`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct IndexConfig {
    /// The embedded engine's folder; absent: `vectors` in the data folder.
    #[serde(default)]
    pub path: Option<PathBuf>,
    /// A Qdrant server, `http[s]://HOST[:PORT]`; absent: the embedded engine.
    #[serde(default)]
    pub qdrant_url: Option<String>,
    /// The server's API key.
    #[serde(default, skip_serializing)]
    pub qdrant_api_key: Option<SecretString>,
    /// How long any one request to the server may take.
    pub qdrant_timeout_seconds: u64,
    /// What every name on the server begins with.
    pub qdrant_prefix: String,
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
            "index.qdrant_url (QDRANT_URL)",
            "must begin with http:// or https://",
        );
        // Longer, and the lease on the index could end while a request is under way.
        faults.require(
            (1..=10).contains(&self.qdrant_timeout_seconds),
            "index.qdrant_timeout_seconds (QDRANT_TIMEOUT_SECONDS)",
            "must be between 1 and 10",
        );
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        faults.require(
            (1..=64).contains(&self.qdrant_prefix.len()) && self.qdrant_prefix.chars().all(plain),
            "index.qdrant_prefix (QDRANT_PREFIX)",
            "must be 1 to 64 lower-case letters, digits, hyphens and underscores",
        );
    }
}
