//! What is asked of chat, and what it answers.

use super::recall;
use crate::retrieval::Hit;
use ragd_core::domain::{
    Collection, DocumentId, MessageId, Nickname, PassageId, PassageSource, Question, Role, RoomId,
    SessionKey, TopK,
};
use ragd_core::error::Error;
use ragd_language::citation::Reason;
use ragd_llm::{Served, Usage};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::time::Duration;

/// Where a question comes from.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// The caller's address.
    pub address: Option<IpAddr>,
    /// Which of the people that the caller serves asks: the conversation must be this one's.
    pub nickname: Option<Nickname>,
}

/// A question in a conversation.
#[derive(Debug, Clone)]
pub struct ChatRequest {
    /// The question.
    pub question: Question,
    /// The turns before, oldest first, where the caller sends them along; `None`: as they are stored.
    pub history: Option<Vec<(Role, String)>>,
    /// The conversation it belongs to; `None` begins one.
    pub session: Option<SessionKey>,
    /// The room it belongs to, in place of a session.
    pub room: Option<RoomId>,
    /// Only this collection's documents.
    pub collection: Option<Collection>,
    /// The model; `None`: the provider's.
    pub model: Option<String>,
    /// The provider; `None`: the default.
    pub provider: Option<String>,
    /// How many sources the answer may use; `None`: as configured.
    pub top_k: Option<TopK>,
    /// The sampling temperature.
    pub temperature: Option<f32>,
    /// The longest answer, in the model's tokens.
    pub max_tokens: Option<u32>,
    /// Where it comes from.
    pub origin: Origin,
}

/// A numbered source of an answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Source {
    /// The `n` of its marker `[n]`, from 1.
    pub citation_index: usize,
    /// The passage.
    pub passage_id: PassageId,
    /// Its document; `None` for a message.
    pub document_id: Option<DocumentId>,
    /// Its message; `None` for a document.
    pub message_id: Option<MessageId>,
    /// The document's title.
    pub title: String,
    /// Where the document came from.
    pub uri: String,
    /// The page on which the passage begins, from 1.
    pub page: Option<i64>,
    /// The headings above it, outermost first.
    pub heading: String,
    /// Where the passage begins in the document's text, in characters.
    pub char_start: i64,
    /// Where it ends (exclusive).
    pub char_end: i64,
    /// The passage.
    pub text: String,
    /// How well it fits the question: the fused score of retrieval.
    pub score: f64,
    /// Whether the answer cites it.
    pub cited: bool,
}

impl Source {
    pub(super) fn of_hit(index: usize, hit: &Hit) -> Self {
        let passage = &hit.stored.passage;
        let label = hit.stored.document.as_ref();
        let (document_id, message_id, title) = match &passage.source {
            PassageSource::Document { document, .. } => {
                let title = label.map(|label| label.title.clone());
                (Some(*document), None, title.unwrap_or_default())
            }
            PassageSource::Message { message, .. } => {
                (None, Some(*message), recall::TITLE.to_owned())
            }
        };
        Self {
            citation_index: index,
            passage_id: passage.id,
            document_id,
            message_id,
            title,
            uri: label.map(|label| label.uri.clone()).unwrap_or_default(),
            page: passage.page,
            heading: passage.heading.clone(),
            char_start: passage.char_start,
            char_end: passage.char_end,
            text: recall::without_markers(hit),
            score: hit.score,
            cited: false,
        }
    }
}

/// Whether a source carries what an answer says with its marker.
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
    /// Whether the source carries it.
    pub status: CitationStatus,
    /// How much of the claim the source carries, 0–1.
    pub score: f64,
    /// Why it is unsupported: `number`, `negation`, `entity` or `words`.
    pub reason: Option<Reason>,
}

/// An answer.
#[derive(Debug, Clone, Serialize)]
pub struct Answer {
    /// The answer with its markers.
    pub answer: String,
    /// The sources that it was made from, in the order of their numbers.
    pub sources: Vec<Source>,
    /// Every marker, checked.
    pub citations: Vec<Citation>,
    /// Whether at least one supported citation carries it.
    pub grounded: bool,
    /// How sure: see `docs/API.md`.
    pub confidence: f64,
    /// The conversation.
    pub session_id: String,
    /// The answer as a message of its room.
    pub message_id: MessageId,
    /// Who answered.
    pub provider: String,
    /// With which model, as its provider names it.
    pub model: String,
    /// The model that was asked.
    pub asked_model: String,
    /// What it took.
    pub usage: Usage,
    /// What was missing.
    pub degraded: Vec<&'static str>,
    /// How many calls of upstreams it took; none for an answer that was kept.
    pub attempts: u32,
    /// How long upstreams were waited for.
    pub upstream: Duration,
}

impl Answer {
    /// What missed when another provider answered than the one that should have.
    pub const FALLBACK: &'static str = "provider_fallback";

    /// Whether another provider should have answered.
    pub fn is_fallback(&self) -> bool {
        self.degraded.contains(&Self::FALLBACK)
    }
}

/// A streamed answer's events, in their order: `Metadata`, `Answering`, `Token`s, then `Done` or
/// `Error`.
#[derive(Debug)]
pub enum ChatEvent {
    /// The conversation and the sources, before the first word.
    Metadata {
        /// The conversation.
        session_id: String,
        /// The numbered sources.
        sources: Vec<Source>,
    },
    /// Who answers, before the first word; an answer that was kept has none.
    Answering(Served),
    /// More of the answer.
    Token(String),
    /// The whole answer, checked and stored.
    Done(Box<Answer>),
    /// The answer broke off, or did not begin.
    Error {
        /// What happened.
        error: Error,
        /// Whether a part of the answer had been sent.
        partial: bool,
    },
}
