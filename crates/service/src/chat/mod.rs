//! Chat: the one path that every answer takes, whatever the door. Session → response cache →
//! retrieve → prompt → provider chain → verify citations → store both messages. A provider's failure is an error, never an
//! answer; an answer that the sources do not carry says so.

mod citations;
mod conversation;
mod draft;
mod extract;
mod feedback;
mod flight;
mod making;
mod metrics;
mod people;
mod prompt;
mod recall;
mod request;
mod response_cache;
mod retention;
mod rooms;
mod sanitize;
mod session;
mod sources;
mod summary;
mod turn;

pub use feedback::{Feedback, FeedbackSubject, NewFeedback, ShownSource};
pub use metrics::ChatMetrics;
pub use people::Conversation;
pub use request::{Answer, ChatEvent, ChatRequest, Citation, CitationStatus, Origin, Source};
pub use response_cache::ResponseCache;
pub use retention::{SessionCopy, SessionCounts};
pub use rooms::{CODE_PARENT, NewRoom};
pub use session::CODE_SESSION_NOT_FOUND;

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

/// What chat works with.
#[derive(Debug, Clone)]
pub struct ChatParts {
    /// Rooms and messages.
    pub store: Store,
    /// Finds the sources.
    pub retrieval: Retrieval,
    /// Judges which sentences answer; without one their words alone do.
    pub embedder: CurrentEmbedder,
    /// Compares an answer's words with its sources'.
    pub counter: TermCounter,
    /// Who answers.
    pub router: Router,
    /// Seals and opens messages.
    pub texts: MessageTexts,
    /// Brings the index up when a room is deleted.
    pub follower: Follower,
    /// Answers kept for equal questions.
    pub responses: ResponseCache,
    /// Seals what is kept of feedback.
    pub sealer: Sealer,
    /// How long sessions live.
    pub sessions: SessionsConfig,
    /// What is summed up.
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
    parts: ChatParts,
    settings: ChatConfig,
}

impl Chat {
    /// The service over its parts.
    pub fn new(parts: ChatParts, settings: ChatConfig) -> Self {
        Self { parts, settings }
    }

    /// Who answers.
    pub fn router(&self) -> &Router {
        &self.parts.router
    }
}

impl std::fmt::Debug for Chat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Chat")
    }
}
