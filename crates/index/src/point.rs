//! What goes into an index: one point a passage, with what it is filtered by, and how points are
//! selected for deletion. No text: the words are already terms, and SQL keeps the rest.

use super::{TermCounter, TermCounts};
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
    /// What it is a part of.
    pub source: PassageSource,
    /// The generation of the document, or of the message.
    pub generation: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// The terms of its text.
    pub terms: TermCounts,
    /// Its vector, `None` while no model has made one; then only words find it.
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
