//! The chat service and the parts that it works with.

use super::{ChatMetrics, ResponseCache};
use crate::config::{ChatConfig, MemoryConfig, SessionsConfig};
use crate::indexing::Follower;
use crate::memory::MessageTexts;
use crate::retrieval::Retrieval;
use crate::secret::Sealer;
use ragd_core::clock::Clock;
use ragd_core::telemetry::SharedMetrics;
use ragd_embed::CurrentEmbedder;
use ragd_index::TermCounter;
use ragd_llm::{ProviderSeries, Router};
use ragd_store::Store;
use tokio_util::task::TaskTracker;

/// What chat works with.
#[derive(Debug, Clone)]
pub struct ChatParts {
    /// Rooms and messages.
    pub store: Store,
    /// Finds the sources.
    pub retrieval: Retrieval,
    /// Compares meanings, in extractive answers and when citations are checked; without a model
    /// only words are compared.
    pub embedder: CurrentEmbedder,
    /// Counts terms, to rate sources without vectors.
    pub counter: TermCounter,
    /// Calls the providers.
    pub router: Router,
    /// Seals and opens messages.
    pub texts: MessageTexts,
    /// Brings the index up to date when a room is deleted.
    pub follower: Follower,
    /// Answers cached for equal questions.
    pub responses: ResponseCache,
    /// Seals the content of feedback.
    pub sealer: Sealer,
    /// Limits and lifetime of sessions.
    pub sessions: SessionsConfig,
    /// When messages are summarised.
    pub memory: MemoryConfig,
    /// The time.
    pub clock: Clock,
    /// Where outcomes are counted.
    pub metrics: ChatMetrics,
    /// Where errors and refusals are counted.
    pub shared_metrics: SharedMetrics,
    /// The series of answers made without a model.
    pub extractive_series: ProviderSeries,
}

/// The chat service; cheap to clone.
#[derive(Clone)]
pub struct Chat {
    pub(super) parts: ChatParts,
    pub(super) settings: ChatConfig,
    /// What is stored after its caller has gone.
    pub(super) detached: TaskTracker,
}

impl Chat {
    /// The service over its parts.
    pub fn new(parts: ChatParts, settings: ChatConfig) -> Self {
        Self {
            parts,
            settings,
            detached: TaskTracker::new(),
        }
    }

    /// The router that calls the providers.
    pub fn router(&self) -> &Router {
        &self.parts.router
    }
}

impl std::fmt::Debug for Chat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Chat")
    }
}
