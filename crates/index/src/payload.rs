//! The payload of a point, by which points are filtered, the same in every engine: its fields,
//! which of them have an index, and the names of the two vectors. It has no passage text.

use super::point::Point;
use ragd_core::domain::PassageSource;
use serde_json::{Value, json};

/// The name of the dense vectors.
pub(super) const DENSE: &str = "dense";
/// The name of the sparse vectors.
pub(super) const LEXICAL: &str = "bm25";

/// The owner of a document's passage. There are two fields for the two kinds, because a condition
/// on one field is answered from its index alone, while "owner and kind" is tested point by point:
/// with 10,000 passages that are not yet optimised, 1 ms instead of 5.
pub(super) const DOCUMENT_OWNER: &str = "document_owner";
/// The owner of a message's passage.
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
    /// Short strings.
    Keyword,
}

/// A field with an index of its own.
pub(super) struct Indexed {
    pub name: &'static str,
    pub kind: FieldKind,
    /// Whether each value of the field that many passages have gets additional links in the vector
    /// graph, so that a search with this filter keeps its recall. Worthwhile for large disjoint
    /// subsets; small ones are searched exactly, without the graph.
    pub linked: bool,
}

const fn indexed(name: &'static str, kind: FieldKind, linked: bool) -> Indexed {
    Indexed { name, kind, linked }
}

/// The indexed fields. `generation` has no index: it is only used together with a document, whose
/// few hundred points are then tested one by one.
pub(super) const INDEXED: [Indexed; 7] = [
    indexed(DOCUMENT_OWNER, FieldKind::Uuid, true),
    indexed(MESSAGE_OWNER, FieldKind::Uuid, true),
    indexed(COLLECTION, FieldKind::Keyword, true),
    indexed(DOCUMENT, FieldKind::Uuid, false),
    indexed(MESSAGE, FieldKind::Uuid, false),
    indexed(ROOM, FieldKind::Uuid, false),
    indexed(KIND, FieldKind::Keyword, false),
];

/// The payload of `point`, a JSON object.
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
