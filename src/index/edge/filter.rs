//! Our filters and selectors in the engine's language, and the payload that they speak of: which
//! fields a point carries and which of them the engine keeps an index for. No passage text.

use super::super::point::{Point, Selector};
use super::super::query::IndexFilter;
use crate::domain::{PassageKind, PassageSource, ReadScope, RoomId};
use crate::error::{Error, Result};
use qdrant_edge::{
    AnyVariants, Condition, CreateIndex, FieldCondition, FieldIndexOperations, Filter, JsonPath,
    KeywordIndexParamsBuilder, Match, PayloadFieldSchema, PayloadSchemaParams, PayloadSchemaType,
    PointId, PointOperations, UpdateOperation, UuidIndexParamsBuilder,
};
use serde_json::{Value, json};

/// The owner, if the passage is of a document. Two fields for the two kinds, because a condition on
/// one field is answered from its index alone, while "owner and kind" is tested point by point: at
/// 10,000 passages that are not yet optimised, 1 ms against 5.
const DOCUMENT_OWNER: &str = "document_owner";
/// The owner, if the passage is of a message.
const MESSAGE_OWNER: &str = "message_owner";
const COLLECTION: &str = "collection";
const ROOM: &str = "room";
const DOCUMENT: &str = "document";
const MESSAGE: &str = "message";
const KIND: &str = "kind";
const GENERATION: &str = "generation";
const CREATED_AT: &str = "created_at";

/// A field with an index of its own.
struct Indexed {
    name: &'static str,
    kind: PayloadSchemaType,
    /// Whether each value of the field with many passages gets links of its own in the graph of the
    /// vectors, so that a search that is confined to it does not lose its way. It pays for parts
    /// that are large and apart; small ones are searched exactly, without the graph.
    linked: bool,
}

const fn indexed(name: &'static str, kind: PayloadSchemaType, linked: bool) -> Indexed {
    Indexed { name, kind, linked }
}

/// The indexed fields. `generation` is none of them: it is only asked for together with a document,
/// whose few hundred points are then looked at one by one.
const INDEXED: [Indexed; 7] = [
    indexed(DOCUMENT_OWNER, PayloadSchemaType::Uuid, true),
    indexed(MESSAGE_OWNER, PayloadSchemaType::Uuid, true),
    indexed(COLLECTION, PayloadSchemaType::Keyword, true),
    indexed(DOCUMENT, PayloadSchemaType::Uuid, false),
    indexed(MESSAGE, PayloadSchemaType::Uuid, false),
    indexed(ROOM, PayloadSchemaType::Uuid, false),
    indexed(KIND, PayloadSchemaType::Keyword, false),
];

/// The operations that make a new shard's payload indexes.
pub(super) fn payload_indexes() -> Result<Vec<UpdateOperation>> {
    INDEXED.iter().map(payload_index).collect()
}

fn payload_index(indexed: &Indexed) -> Result<UpdateOperation> {
    let schema = match indexed.kind {
        PayloadSchemaType::Uuid => PayloadSchemaParams::Uuid(
            UuidIndexParamsBuilder::new()
                .enable_hnsw(indexed.linked)
                .build(),
        ),
        _ => PayloadSchemaParams::Keyword(
            KeywordIndexParamsBuilder::new()
                .enable_hnsw(indexed.linked)
                .build(),
        ),
    };
    Ok(UpdateOperation::FieldIndexOperation(
        FieldIndexOperations::CreateIndex(CreateIndex {
            field_name: field(indexed.name)?,
            field_schema: Some(PayloadFieldSchema::FieldParams(schema)),
        }),
    ))
}

/// What a point carries to be filtered by.
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

/// The filter as the engine's conditions; `None` when it lets everything through.
pub(super) fn engine_filter(filter: &IndexFilter) -> Result<Option<Filter>> {
    let mut conditions = Vec::new();
    if let Some(kind) = filter.kind.filter(|kind| !implies(filter, *kind)) {
        conditions.push(is(KIND, kind.as_str())?);
    }
    if let Some(collection) = &filter.collection {
        conditions.push(is(COLLECTION, collection)?);
    }
    if let Some(document) = filter.document {
        conditions.push(is(DOCUMENT, document)?);
    }
    if let Some(rooms) = &filter.rooms {
        conditions.extend(of_rooms(rooms, filter.kind)?);
    }
    if let Some(scope) = &filter.read {
        conditions.extend(readable(scope, filter)?);
    }
    Ok((!conditions.is_empty()).then(|| all_of(conditions)))
}

/// Whether the other conditions let through passages of `kind` alone.
fn implies(filter: &IndexFilter, kind: PassageKind) -> bool {
    let scope = filter.read.as_ref();
    kind == PassageKind::Document
        && (filter.collection.is_some()
            || filter.document.is_some()
            || scope.is_some_and(|scope| scope.collections.is_some()))
}

/// The operation that deletes what `selector` selects.
pub(super) fn deletion(selector: Selector) -> Result<UpdateOperation> {
    let conditions = match selector {
        Selector::Passages(ids) => {
            let ids = ids.into_iter().map(|id| PointId::Uuid(id.uuid())).collect();
            return Ok(UpdateOperation::PointOperation(
                PointOperations::DeletePoints { ids },
            ));
        }
        Selector::Document(document) => vec![is(DOCUMENT, document)?],
        Selector::Generation {
            document,
            generation,
        } => vec![
            is(DOCUMENT, document)?,
            Condition::Field(FieldCondition::new_match(
                field(GENERATION)?,
                Match::from(generation),
            )),
        ],
        Selector::Message(message) => vec![is(MESSAGE, message)?],
        Selector::Room(room) => vec![is(ROOM, room)?],
    };
    Ok(UpdateOperation::PointOperation(
        PointOperations::DeletePointsByFilter(all_of(conditions)),
    ))
}

/// Messages of these rooms alone; documents are not touched.
fn of_rooms(rooms: &[RoomId], kind: Option<PassageKind>) -> Result<Option<Condition>> {
    let of_rooms = is_any(ROOM, rooms)?;
    Ok(match kind {
        Some(PassageKind::Document) => None,
        Some(PassageKind::Message) => Some(of_rooms),
        None => Some(any_of(vec![
            of_rooms,
            is(KIND, PassageKind::Document.as_str())?,
        ])),
    })
}

/// What `scope` may read: the owner's own passages, and documents of the collections it names.
fn readable(scope: &ReadScope, filter: &IndexFilter) -> Result<Option<Condition>> {
    let names = scope.collections.as_deref();
    let listed = |name| names.is_none_or(|names| names.contains(name));
    if filter.collection.as_ref().is_some_and(listed) {
        // Only that collection's documents are asked for, and all of them may be read.
        return Ok(None);
    }
    let own_message = is(MESSAGE_OWNER, scope.owner)?;
    let own_document = is(DOCUMENT_OWNER, scope.owner)?;
    Ok(match (filter.kind, names) {
        (Some(PassageKind::Message), _) => Some(own_message),
        (Some(PassageKind::Document), None) => None,
        (Some(PassageKind::Document), Some(names)) => {
            Some(any_of(vec![own_document, is_any(COLLECTION, names)?]))
        }
        (None, None) => Some(any_of(vec![
            own_message,
            is(KIND, PassageKind::Document.as_str())?,
        ])),
        (None, Some(names)) => Some(any_of(vec![
            own_message,
            own_document,
            is_any(COLLECTION, names)?,
        ])),
    })
}

fn is(name: &str, value: impl std::fmt::Display) -> Result<Condition> {
    let value = Match::from(value.to_string());
    Ok(Condition::Field(FieldCondition::new_match(
        field(name)?,
        value,
    )))
}

fn is_any<T: std::fmt::Display>(name: &str, values: &[T]) -> Result<Condition> {
    let values = values.iter().map(T::to_string).collect();
    Ok(Condition::Field(FieldCondition::new_match(
        field(name)?,
        Match::from(AnyVariants::Strings(values)),
    )))
}

fn all_of(mut conditions: Vec<Condition>) -> Filter {
    match conditions.pop() {
        // One group of alternatives is a filter of its own; inside another, it is slower.
        Some(Condition::Filter(only)) if conditions.is_empty() => only,
        last => {
            conditions.extend(last);
            Filter {
                must: Some(conditions),
                ..Filter::default()
            }
        }
    }
}

fn any_of(conditions: Vec<Condition>) -> Condition {
    Condition::Filter(Filter {
        should: Some(conditions),
        ..Filter::default()
    })
}

fn field(name: &str) -> Result<JsonPath> {
    name.parse()
        .map_err(|()| Error::internal(format!("payload field {name}: not a path")))
}
