//! Retrieval: a question becomes two ranked lists of one index query, fused into one, decayed where
//! memory ages, and hydrated from SQL, which has the last word on what is current and readable.
//! Every part of a score can be explained.

mod explain;
mod fusion;
mod hit;
mod pipeline;
mod question;

pub use explain::Explanation;
pub use fusion::{Fused, FusionSettings, Weights, fuse};
pub use hit::{Hit, RetrievalRequest, RetrievalScope, Retrieved, SideScore, TimingsMs};

use crate::clock::Clock;
use crate::config::RetrievalConfig;
use crate::embed::CurrentEmbedder;
use crate::index::{Index, TermCounter};
use crate::store::Store;
use crate::telemetry::Metrics;
use std::sync::Arc;

/// The retrieval service; cheap to clone.
#[derive(Clone)]
pub struct Retrieval {
    store: Store,
    index: Index,
    counter: TermCounter,
    embedder: CurrentEmbedder,
    settings: RetrievalConfig,
    clock: Clock,
    metrics: Arc<Metrics>,
}

/// What retrieval works with.
#[derive(Debug, Clone)]
pub struct RetrievalParts {
    /// Text and metadata.
    pub store: Store,
    /// Both kinds of vectors.
    pub index: Index,
    /// Makes the terms of a question, as it made those of the passages.
    pub counter: TermCounter,
    /// Makes the vector of a question; without one words alone answer.
    pub embedder: CurrentEmbedder,
    /// The time, for decay.
    pub clock: Clock,
    /// Where durations and counts go.
    pub metrics: Arc<Metrics>,
}

impl Retrieval {
    /// The service over its parts.
    pub fn new(parts: RetrievalParts, settings: RetrievalConfig) -> Self {
        let RetrievalParts {
            store,
            index,
            counter,
            embedder,
            clock,
            metrics,
        } = parts;
        Self {
            store,
            index,
            counter,
            embedder,
            settings,
            clock,
            metrics,
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
