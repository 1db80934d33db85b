//! A passage: the only unit of retrieval. A chunk of a document, or (in rooms with memory) a
//! message.

use super::{Collection, DocumentId, MessageId, OwnerId, PassageId, RoomId, Sha256};
use chrono::{DateTime, Utc};
use serde::Serialize;

/// What a passage is a part of.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, strum::IntoStaticStr, strum::EnumString,
)]
#[strum(serialize_all = "lowercase")]
#[serde(rename_all = "lowercase")]
pub enum PassageKind {
    /// A chunk of a document.
    Document,
    /// A message of a room.
    Message,
}

impl PassageKind {
    /// The word stored, filtered by and shown.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// What a passage is a part of, with that part's ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PassageSource {
    /// A chunk of a document.
    Document {
        /// The document.
        document: DocumentId,
        /// Its collection.
        collection: Collection,
    },
    /// A message of a room.
    Message {
        /// The message.
        message: MessageId,
        /// Its room.
        room: RoomId,
    },
}

impl PassageSource {
    /// The kind alone.
    pub const fn kind(&self) -> PassageKind {
        match self {
            Self::Document { .. } => PassageKind::Document,
            Self::Message { .. } => PassageKind::Message,
        }
    }
}

/// A passage with its text and, where a model made one, its vector.
#[derive(Debug, Clone)]
pub struct Passage {
    /// Deterministic: see [`PassageId::of_document`].
    pub id: PassageId,
    /// Who owns the document or message.
    pub owner: OwnerId,
    /// What it is a part of.
    pub source: PassageSource,
    /// The generation of the document (1, 2, …) or of the message.
    pub generation: i64,
    /// Its place among the passages of the same source, from 0.
    pub ordinal: i64,
    /// The text as it is shown and cited.
    pub content: String,
    /// The headings above it, outermost first, joined by ` › `; empty without any. It is indexed
    /// and embedded with the content, and not part of the offsets.
    pub heading: String,
    /// The page (from 1) on which it begins, where the format has pages.
    pub page: Option<i64>,
    /// Where it begins in the extracted text, in Unicode scalar values.
    pub char_start: i64,
    /// Where it ends (exclusive).
    pub char_end: i64,
    /// Unit-length vector, `None` while no model has made one.
    pub embedding: Option<Vec<f32>>,
    /// The model that made the vector, with its revision.
    pub model: Option<String>,
    /// When the document's generation or the message was made.
    pub created_at: DateTime<Utc>,
}

impl Passage {
    /// The text that is indexed and embedded: the headings, then the content.
    pub fn indexed_text(&self) -> String {
        if self.heading.is_empty() {
            self.content.clone()
        } else {
            format!("{}\n{}", self.heading, self.content)
        }
    }

    /// The key under which its vector is found again: a document's is the hash of its text, so that
    /// an equal text is not embedded twice. A message's says nothing of its text: what is private
    /// must not be guessed from a hash, nor two equal messages be known as equal.
    pub fn text_hash(&self) -> Sha256 {
        match &self.source {
            PassageSource::Document { .. } => Sha256::of(self.indexed_text().as_bytes()),
            // The first byte is in no text, so no document can have this hash.
            PassageSource::Message { .. } => {
                Sha256::of(&[&[0xff], self.id.uuid().as_bytes().as_slice()].concat())
            }
        }
    }

    /// Takes the part of its source's `whole` text that it is.
    pub fn cut_from(&mut self, whole: &str) {
        let place = |chars: i64| usize::try_from(chars).unwrap_or(0);
        let (start, end) = (place(self.char_start), place(self.char_end));
        let part = whole.chars().skip(start).take(end.saturating_sub(start));
        self.content = part.collect();
    }
}
