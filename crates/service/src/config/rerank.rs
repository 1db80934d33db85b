//! The reranker: who orders the best passages once more, and how long that may take.

use super::Faults;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// Who reranks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RerankProvider {
    /// Nobody.
    Off,
    /// Cohere, or what speaks its shape.
    Cohere,
    /// Jina, or what speaks its shape.
    Jina,
    /// Hugging Face's text-embeddings-inference.
    Tei,
}

/// Section `rerank`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RerankConfig {
    /// Who reranks.
    pub provider: RerankProvider,
    /// Its address; absent: the provider's own.
    #[serde(default)]
    pub url: Option<String>,
    /// Its key.
    #[serde(default, skip_serializing)]
    pub api_key: Option<SecretString>,
    /// Its model; absent: the provider's default.
    #[serde(default)]
    pub model: Option<String>,
    /// How many of the best passages are reranked.
    pub top: usize,
    /// How long an answer may take.
    pub timeout_ms: u64,
}

impl RerankConfig {
    pub(super) fn check(&self, faults: &mut Faults) {
        faults.require(
            self.provider != RerankProvider::Tei || self.url.is_some(),
            "rerank.url (RERANK_URL)",
            "must be set when rerank.provider is tei",
        );
        let well_formed = self
            .url
            .as_ref()
            .is_none_or(|url| url.starts_with("http://") || url.starts_with("https://"));
        faults.require(
            well_formed,
            "rerank.url (RERANK_URL)",
            "must begin with http:// or https://",
        );
        faults.require(
            (1..=200).contains(&self.top),
            "rerank.top (RERANK_TOP)",
            "must be between 1 and 200",
        );
        faults.require(
            (1..=60_000).contains(&self.timeout_ms),
            "rerank.timeout_ms (RERANK_TIMEOUT_MS)",
            "must be between 1 and 60000",
        );
    }
}
