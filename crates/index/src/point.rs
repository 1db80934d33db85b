//! The entries of an index: one point a passage, with the fields it is filtered by, and how points
//! are selected for deletion. No text: it is already tokenised into terms, and SQL has the rest.

use super::term_counts::TermCounts;
use super::terms::TermCounter;
use chrono::{DateTime, Utc};
use ragd_core::domain::{
    DocumentId, MessageId, OwnerId, Passage, PassageId, PassageSource, RoomId,
};

/// A passage as an index holds it.
#[derive(Debug, Clone)]
pub struct Point {
    /// The passage.
    pub id: PassageId,
    /// Who owns it.
    pub owner: OwnerId,
    /// The document or message that it is a part of.
    pub source: PassageSource,
    /// The generation of the document, or of the message.
    pub generation: i64,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// The terms of its text.
    pub terms: TermCounts,
    /// Its vector; `None` while it is not embedded, then only keywords find it.
    pub dense: Option<Vec<f32>>,
}

impl Point {
    /// The point of `passage`.
    pub fn of_passage(passage: &Passage, counter: &TermCounter) -> Self {
        Self {
            id: passage.id,
            owner: passage.owner,
            source: passage.source.clone(),
            generation: passage.generation,
            created_at: passage.created_at,
            terms: counter.count_passage(&passage.indexed_text()),
            dense: passage.embedding.clone(),
        }
    }
}

/// Which points to delete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// These passages.
    Passages(Vec<PassageId>),
    /// Every passage of every generation of a document.
    Document(DocumentId),
    /// The passages of one generation of a document.
    Generation {
        /// The document.
        document: DocumentId,
        /// The generation.
        generation: i64,
    },
    /// The passages of a message.
    Message(MessageId),
    /// The passages of all messages of a room.
    Room(RoomId),
}
