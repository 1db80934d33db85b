//! The numbered sources of an answer: how a retrieved passage is shown, cited and quoted, and what
//! else retrieval found out about a question.

use crate::retrieval::Hit;
use ragd_core::domain::{DocumentId, MessageId, PassageId, PassageKind, PassageSource};
use ragd_index::QueryVector;
use ragd_language::citation::strip_unknown_markers;
use serde::{Deserialize, Serialize};

/// The title of a source that is a message.
const MESSAGE_TITLE: &str = "Conversation";

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
    /// The passage's text.
    pub text: String,
    /// How well it matches the question: the fused score of retrieval.
    pub score: f64,
    /// Whether the answer cites it.
    pub cited: bool,
}

impl Source {
    /// The source with number `index` that shows `hit`.
    pub(super) fn of_hit(index: usize, hit: &Hit) -> Self {
        let passage = &hit.stored.passage;
        let label = hit.stored.document.as_ref();
        let (document_id, message_id, title) = match &passage.source {
            PassageSource::Document { document, .. } => {
                let title = label.map(|label| label.title.clone());
                (Some(*document), None, title.unwrap_or_default())
            }
            PassageSource::Message { message, .. } => {
                (None, Some(*message), MESSAGE_TITLE.to_owned())
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
            text: without_markers(hit),
            score: hit.score,
            cited: false,
        }
    }
}

/// A passage's text as a source. A message may have citation markers of its own; they number other
/// sources, so they are removed.
fn without_markers(hit: &Hit) -> String {
    let passage = &hit.stored.passage;
    match passage.source.kind() {
        PassageKind::Document => passage.content.clone(),
        PassageKind::Message => strip_unknown_markers(&passage.content, 0),
    }
}

/// What was retrieved for a question.
#[derive(Debug, Default)]
pub(super) struct RetrievedSources {
    /// In the order of their numbers.
    pub(super) sources: Vec<Source>,
    /// How relevant each source is to the question, 0–1.
    pub(super) relevance: Vec<f64>,
    /// The question's vector; `None` without a model.
    pub(super) question_vector: Option<QueryVector>,
    /// What was missing.
    pub(super) degraded: Vec<&'static str>,
    /// What was searched: the question, or how it stands without the conversation.
    pub(super) searched: String,
}
