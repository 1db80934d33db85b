//! Retrieval: one index query gives two ranked lists for a question, which are fused into one. SQL
//! then confirms what is current and readable, and messages lose score with age. A reranker, where
//! there is one, reorders the best. Every part of a score can be explained.

mod explain;
mod fusion;
mod hit;
mod hydrate;
mod metrics;
mod pipeline;
mod query;
mod rerank;
mod score;
mod script;

pub use explain::Explanation;
pub use fusion::{Fused, FusionSettings, fuse};
pub use hit::{Hit, RetrievalRequest, RetrievalScope, Retrieved, TimingsMs};
pub use metrics::RetrievalMetrics;
pub use rerank::Reranking;
pub use score::{SideScore, Weights};

use crate::config::RetrievalConfig;
use crate::memory::MessageTexts;
use ragd_core::clock::Clock;
use ragd_core::telemetry::SharedMetrics;
use ragd_embed::CurrentEmbedder;
use ragd_index::{Index, TermCounter};
use ragd_store::Store;

/// The retrieval service; cheap to clone.
#[derive(Clone)]
pub struct Retrieval {
    parts: RetrievalParts,
    settings: RetrievalConfig,
}

/// What retrieval works with.
#[derive(Debug, Clone)]
pub struct RetrievalParts {
    /// Text and metadata.
    pub store: Store,
    /// The texts of messages.
    pub texts: MessageTexts,
    /// Both kinds of vectors.
    pub index: Index,
    /// Counts the terms of a question, as it counted those of the passages.
    pub counter: TermCounter,
    /// Makes the vector of a question; without a model only words are searched.
    pub embedder: CurrentEmbedder,
    /// Reorders the best; `None`: the fused order stays.
    pub reranking: Option<Reranking>,
    /// The time, for decay.
    pub clock: Clock,
    /// Where durations and counts go.
    pub metrics: RetrievalMetrics,
    /// Where errors are counted.
    pub shared_metrics: SharedMetrics,
}

impl Retrieval {
    /// The service over its parts.
    pub fn new(parts: RetrievalParts, settings: RetrievalConfig) -> Self {
        Self { parts, settings }
    }

    /// The same service with other settings, for an evaluation.
    #[must_use]
    pub fn with_settings(&self, settings: RetrievalConfig) -> Self {
        Self::new(self.parts.clone(), settings)
    }

    /// The same service without its reranker.
    #[must_use]
    pub fn without_reranking(&self) -> Self {
        let mut same = self.clone();
        same.parts.reranking = None;
        same
    }

    /// The reranker, if there is one.
    pub fn reranking(&self) -> Option<&Reranking> {
        self.parts.reranking.as_ref()
    }

    /// Whether the index has applied the change log up to `sequence`.
    pub fn has_followed(&self, sequence: i64) -> bool {
        self.parts.index.position().sequence >= sequence
    }

    /// The settings in force.
    pub fn settings(&self) -> &RetrievalConfig {
        &self.settings
    }
}

impl std::fmt::Debug for Retrieval {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Retrieval")
    }
}
