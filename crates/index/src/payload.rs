//! What a point carries to be filtered by, the same in every engine: its fields, which of them have
//! an index, and the names of its two vectors. No passage text.

use super::point::Point;
use ragd_core::domain::PassageSource;
use serde_json::{Value, json};

/// The name of the dense vectors.
pub(super) const DENSE: &str = "dense";
/// The name of the sparse vectors.
pub(super) const LEXICAL: &str = "bm25";

/// The owner, if the passage is of a document. Two fields for the two kinds, because a condition on
/// one field is answered from its index alone, while "owner and kind" is tested point by point: at
/// 10,000 passages that are not yet optimised, 1 ms against 5.
pub(super) const DOCUMENT_OWNER: &str = "document_owner";
/// The owner, if the passage is of a message.
pub(super) const MESSAGE_OWNER: &str = "message_owner";
/// The document's collection.
pub(super) const COLLECTION: &str = "collection";
/// The message's room.
pub(super) const ROOM: &str = "room";
/// The document.
pub(super) const DOCUMENT: &str = "document";
/// The message.
pub(super) const MESSAGE: &str = "message";
/// `document` or `message`.
pub(super) const KIND: &str = "kind";
/// The generation.
pub(super) const GENERATION: &str = "generation";
const CREATED_AT: &str = "created_at";

/// What an indexed field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FieldKind {
    /// Ids.
    Uuid,
    /// Words.
    Keyword,
}

/// A field with an index of its own.
pub(super) struct Indexed {
    pub name: &'static str,
    pub kind: FieldKind,
    /// Whether each value of the field with many passages gets links of its own in the graph of the
    /// vectors, so that a search that is confined to it does not lose its way. It pays for parts
    /// that are large and apart; small ones are searched exactly, without the graph.
    pub linked: bool,
}

const fn indexed(name: &'static str, kind: FieldKind, linked: bool) -> Indexed {
    Indexed { name, kind, linked }
}

/// The indexed fields. `generation` is none of them: it is only asked for together with a document,
/// whose few hundred points are then looked at one by one.
pub(super) const INDEXED: [Indexed; 7] = [
    indexed(DOCUMENT_OWNER, FieldKind::Uuid, true),
    indexed(MESSAGE_OWNER, FieldKind::Uuid, true),
    indexed(COLLECTION, FieldKind::Keyword, true),
    indexed(DOCUMENT, FieldKind::Uuid, false),
    indexed(MESSAGE, FieldKind::Uuid, false),
    indexed(ROOM, FieldKind::Uuid, false),
    indexed(KIND, FieldKind::Keyword, false),
];

/// What `point` carries, a JSON object.
pub(super) fn payload(point: &Point) -> Value {
    let (kind, owner) = (point.source.kind(), point.owner);
    match &point.source {
        PassageSource::Document {
            document,
            collection,
        } => json!({
            KIND: kind,
            DOCUMENT_OWNER: owner,
            DOCUMENT: document,
            COLLECTION: collection,
            GENERATION: point.generation,
            CREATED_AT: point.created_at,
        }),
        PassageSource::Message { message, room } => json!({
            KIND: kind,
            MESSAGE_OWNER: owner,
            MESSAGE: message,
            ROOM: room,
            GENERATION: point.generation,
            CREATED_AT: point.created_at,
        }),
    }
}
