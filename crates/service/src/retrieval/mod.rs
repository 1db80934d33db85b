//! Retrieval: a question becomes two ranked lists of one index query, fused into one, decayed where
//! memory ages, and hydrated from SQL, which has the last word on what is current and readable. A
//! reranker, where there is one, orders the best of them once more.
//! Every part of a score can be explained.

mod explain;
mod fusion;
mod hit;
mod metrics;
mod pipeline;
mod question;
mod rerank;

pub use explain::Explanation;
pub use fusion::{Fused, FusionSettings, Weights, fuse};
pub use hit::{Hit, RetrievalRequest, RetrievalScope, Retrieved, SideScore, TimingsMs};
pub use metrics::RetrievalMetrics;
pub use rerank::Reranking;

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
    store: Store,
    texts: MessageTexts,
    index: Index,
    counter: TermCounter,
    embedder: CurrentEmbedder,
    settings: RetrievalConfig,
    reranking: Option<Reranking>,
    clock: Clock,
    metrics: RetrievalMetrics,
    shared_metrics: SharedMetrics,
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
    /// Makes the terms of a question, as it made those of the passages.
    pub counter: TermCounter,
    /// Makes the vector of a question; without one words alone answer.
    pub embedder: CurrentEmbedder,
    /// Orders the best once more; `None`: the fused order is the last.
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
        let RetrievalParts {
            store,
            texts,
            index,
            counter,
            embedder,
            reranking,
            clock,
            metrics,
            shared_metrics,
        } = parts;
        Self {
            store,
            texts,
            index,
            counter,
            embedder,
            settings,
            reranking,
            clock,
            metrics,
            shared_metrics,
        }
    }

    /// The same service with other settings, for an evaluation.
    #[must_use]
    pub fn with_settings(&self, settings: RetrievalConfig) -> Self {
        Self {
            settings,
            ..self.clone()
        }
    }

    /// The same service without its reranker, for an evaluation.
    #[must_use]
    pub fn without_reranking(&self) -> Self {
        Self {
            reranking: None,
            ..self.clone()
        }
    }

    /// The reranker, if there is one.
    pub fn reranking(&self) -> Option<&Reranking> {
        self.reranking.as_ref()
    }

    /// Whether everything up to place `sequence` of the change log can be found.
    pub fn has_followed(&self, sequence: i64) -> bool {
        self.index.position().sequence >= sequence
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
