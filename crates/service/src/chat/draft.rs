//! A checked answer that belongs to no conversation yet: it has no session and no message id. The
//! response cache stores drafts, and callers who ask the same question at the same time share one.

use super::source::Source;
use ragd_language::citation::Reason;
use ragd_llm::{FinishReason, Usage};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Whether a source supports what an answer says with its marker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CitationStatus {
    /// It does.
    Supported,
    /// It does not: a number, a name or a negation differs, or the words are elsewhere.
    Unsupported,
}

/// One marker of an answer, checked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Citation {
    /// The `n` of the marker.
    pub citation_index: usize,
    /// What the answer says there.
    pub claim: String,
    /// Whether the source supports it.
    pub status: CitationStatus,
    /// How much of the claim the source supports, 0–1.
    pub score: f64,
    /// Why it is unsupported: `number`, `negation`, `entity` or `words`.
    pub reason: Option<Reason>,
}

/// A checked answer, without its place in a conversation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Draft {
    /// The answer with its markers.
    #[serde(rename = "answer")]
    pub text: String,
    /// The sources that it was made from, in the order of their numbers.
    pub sources: Vec<Source>,
    /// Every marker, checked.
    pub citations: Vec<Citation>,
    /// Whether at least one citation is supported.
    pub grounded: bool,
    /// The confidence, 0–1: see `docs/API.md`.
    pub confidence: f64,
    /// What was searched: the question, or how it stands without the conversation before it.
    #[serde(default)]
    pub searched: String,
    /// The provider that answered.
    pub provider: String,
    /// The model that answered, as its provider names it.
    pub model: String,
    /// The model that was requested.
    pub asked_model: String,
    /// The tokens that it took.
    pub usage: Usage,
    /// What was missing; empty in a cached draft.
    #[serde(skip)]
    pub degraded: Vec<&'static str>,
    /// Why the answer ended; `stop` in a cached draft.
    #[serde(skip)]
    pub finish_reason: FinishReason,
    /// Whether the model, or a filter, gave no answer.
    #[serde(skip)]
    pub is_withheld: bool,
    /// How many upstream calls it took; 0 for a cached draft.
    #[serde(skip)]
    pub attempts: u32,
    /// How long ragd waited for upstreams.
    #[serde(skip)]
    pub upstream: Duration,
}

impl Draft {
    /// The entry of `degraded` for an answer of another provider than the requested one.
    pub(super) const PROVIDER_FALLBACK: &'static str = "provider_fallback";

    /// Whether another provider answered than the requested one.
    pub fn is_fallback(&self) -> bool {
        self.degraded.contains(&Self::PROVIDER_FALLBACK)
    }

    /// Whether it may be cached for equal questions.
    pub(super) fn is_cacheable(&self) -> bool {
        self.finish_reason == FinishReason::Stop && !self.is_withheld && self.degraded.is_empty()
    }
}
