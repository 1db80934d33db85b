//! The reranker: the provider that reorders the best passages, and its time limit.

use super::{
    Faults,
    table::{setting_kind, settings},
};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// The provider that reranks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RerankProvider {
    /// No reranking.
    Off,
    /// Cohere, or a server with its API.
    Cohere,
    /// Jina, or a server with its API.
    Jina,
    /// Hugging Face's text-embeddings-inference.
    Tei,
}

setting_kind!(Text: RerankProvider);

settings! {
    /// Section `rerank`.
    RerankConfig in "rerank";

    /// The provider that reranks.
    provider: RerankProvider [RERANK_PROVIDER];
    /// Its address; absent: the provider's own.
    url: Option<String> [RERANK_URL] is http_url;
    /// Its key.
    #[serde(skip_serializing)]
    api_key: Option<SecretString> [RERANK_API_KEY] is header_secret;
    /// Its model; absent: the provider's default.
    model: Option<String> [RERANK_MODEL];
    /// How many of the best passages are reranked.
    top: usize [RERANK_TOP] in 1..=200;
    /// How long an answer may take.
    timeout_ms: u64 [RERANK_TIMEOUT_MS] in 1..=60_000;
}

impl RerankConfig {
    pub(super) fn check(&self, faults: &mut Faults) {
        faults.require(
            self.provider != RerankProvider::Tei || self.url.is_some(),
            "rerank.url",
            "must be set when rerank.provider is tei",
        );
    }
}
