//! Filters and selectors as plain conditions on the payload, independent of the engine: which
//! passages may be found, and which are deleted. The engines only translate them.

use super::payload::{
    COLLECTION, DOCUMENT, DOCUMENT_OWNER, GENERATION, KIND, MESSAGE, MESSAGE_OWNER, ROOM,
};
use super::point::Selector;
use super::query::IndexFilter;
use ragd_core::domain::{PassageId, PassageKind, ReadScope, RoomId};

/// A condition on one passage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Condition {
    /// The field has this value.
    Is(&'static str, String),
    /// The field has this number.
    IsNumber(&'static str, i64),
    /// The field has one of these values; an empty list matches nothing.
    IsAny(&'static str, Vec<String>),
    /// At least one of these holds.
    AnyOf(Vec<Condition>),
}

/// Which passages to delete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Deletion {
    /// These passages.
    Passages(Vec<PassageId>),
    /// The passages for which all of these conditions hold.
    Where(Vec<Condition>),
}

/// The conditions of `filter`, all of which must hold; empty when everything matches.
pub(super) fn conditions(filter: &IndexFilter) -> Vec<Condition> {
    let mut conditions = Vec::new();
    if let Some(kind) = filter.kind.filter(|kind| !implies(filter, *kind)) {
        conditions.push(is(KIND, kind.as_str()));
    }
    if let Some(collection) = &filter.collection {
        conditions.push(is(COLLECTION, collection));
    }
    if let Some(document) = filter.document {
        conditions.push(is(DOCUMENT, document));
    }
    if let Some(rooms) = &filter.rooms {
        conditions.extend(of_rooms(rooms, filter.kind));
    }
    if let Some(scope) = &filter.read {
        conditions.extend(readable(scope, filter));
    }
    conditions
}

/// The deletion of what `selector` selects.
pub(super) fn deletion(selector: Selector) -> Deletion {
    Deletion::Where(match selector {
        Selector::Passages(ids) => return Deletion::Passages(ids),
        Selector::Document(document) => vec![is(DOCUMENT, document)],
        Selector::Generation {
            document,
            generation,
        } => vec![
            is(DOCUMENT, document),
            Condition::IsNumber(GENERATION, generation),
        ],
        Selector::Message(message) => vec![is(MESSAGE, message)],
        Selector::Room(room) => vec![is(ROOM, room)],
    })
}

/// Whether the other conditions already match only passages of `kind`.
fn implies(filter: &IndexFilter, kind: PassageKind) -> bool {
    let scope = filter.read.as_ref();
    kind == PassageKind::Document
        && (filter.collection.is_some()
            || filter.document.is_some()
            || scope.is_some_and(|scope| scope.collections.is_some()))
}

/// Restricts messages to these rooms; documents are not affected.
fn of_rooms(rooms: &[RoomId], kind: Option<PassageKind>) -> Option<Condition> {
    let of_rooms = is_any(ROOM, rooms);
    match kind {
        Some(PassageKind::Document) => None,
        Some(PassageKind::Message) => Some(of_rooms),
        None => Some(Condition::AnyOf(vec![
            of_rooms,
            is(KIND, PassageKind::Document.as_str()),
        ])),
    }
}

/// Restricts passages to what `scope` may read: the owner's own, and the documents of the
/// collections that it names.
fn readable(scope: &ReadScope, filter: &IndexFilter) -> Option<Condition> {
    let names = scope.collections.as_deref();
    let listed = |name| names.is_none_or(|names| names.contains(name));
    if filter.collection.as_ref().is_some_and(listed) {
        // The filter matches only documents of this collection, all of which may be read.
        return None;
    }
    let own_message = is(MESSAGE_OWNER, scope.owner);
    let own_document = is(DOCUMENT_OWNER, scope.owner);
    match (filter.kind, names) {
        (Some(PassageKind::Message), _) => Some(own_message),
        (Some(PassageKind::Document), None) => None,
        (Some(PassageKind::Document), Some(names)) => Some(Condition::AnyOf(vec![
            own_document,
            is_any(COLLECTION, names),
        ])),
        (None, None) => Some(Condition::AnyOf(vec![
            own_message,
            is(KIND, PassageKind::Document.as_str()),
        ])),
        (None, Some(names)) => Some(Condition::AnyOf(vec![
            own_message,
            own_document,
            is_any(COLLECTION, names),
        ])),
    }
}

fn is(name: &'static str, value: impl std::fmt::Display) -> Condition {
    Condition::Is(name, value.to_string())
}

fn is_any<T: std::fmt::Display>(name: &'static str, values: &[T]) -> Condition {
    Condition::IsAny(name, values.iter().map(T::to_string).collect())
}
