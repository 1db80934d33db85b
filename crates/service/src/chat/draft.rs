//! An answer before it is anybody's: checked, without a session and without an id. What is kept for
//! equal questions, and what callers who ask the same at once share, is a draft; each of them makes
//! an answer of their own out of it.

use super::{Answer, Citation, Source};
use ragd_core::domain::MessageId;
use ragd_llm::Usage;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A checked answer that belongs to no conversation yet.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Draft {
    pub(super) answer: String,
    pub(super) sources: Vec<Source>,
    pub(super) citations: Vec<Citation>,
    pub(super) grounded: bool,
    pub(super) confidence: f64,
    pub(super) provider: String,
    pub(super) model: String,
    pub(super) asked_model: String,
    pub(super) usage: Usage,
    /// What was missing; a draft that is kept missed nothing.
    #[serde(skip)]
    pub(super) degraded: Vec<&'static str>,
    /// Whether the model came to its end by itself.
    #[serde(skip)]
    pub(super) is_whole: bool,
    /// How many calls of upstreams it took; none for one that was kept.
    #[serde(skip)]
    pub(super) attempts: u32,
    /// How long upstreams were waited for.
    #[serde(skip)]
    pub(super) upstream: Duration,
}

impl Draft {
    /// Whether equal questions may get it as well.
    pub(super) fn may_be_kept(&self) -> bool {
        self.is_whole && self.degraded.is_empty()
    }

    /// The answer in its conversation.
    pub(super) fn into_answer(self, session_id: String, message_id: MessageId) -> Answer {
        Answer {
            answer: self.answer,
            sources: self.sources,
            citations: self.citations,
            grounded: self.grounded,
            confidence: self.confidence,
            session_id,
            message_id,
            provider: self.provider,
            model: self.model,
            asked_model: self.asked_model,
            usage: self.usage,
            degraded: self.degraded,
            attempts: self.attempts,
            upstream: self.upstream,
        }
    }
}
