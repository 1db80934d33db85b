//! Translates conditions and selectors for the server.

use super::super::condition::{
    Condition as Plain, Deletion, conditions, deletion as plain_deletion,
};
use super::super::point::Selector;
use super::super::query::IndexFilter;
use qdrant_client::qdrant::r#match::MatchValue;
use qdrant_client::qdrant::points_selector::PointsSelectorOneOf;
use qdrant_client::qdrant::{
    Condition, FieldCondition, Filter, HasIdCondition, Match, PointId, PointsIdsList,
    PointsSelector, RepeatedStrings,
};
use ragd_core::domain::PassageId;

/// The filter as the server's conditions; `None` when everything matches.
pub(super) fn server_filter(filter: &IndexFilter) -> Option<Filter> {
    let conditions = translated(conditions(filter));
    (!conditions.is_empty()).then(|| Filter::must(conditions))
}

/// Only these passages, and only where `allowed` holds.
pub(super) fn among(ids: &[PassageId], allowed: Option<Filter>) -> Filter {
    let mut filter = allowed.unwrap_or_default();
    let has_id = ids.iter().copied().map(point_id).collect();
    filter.must.push(HasIdCondition { has_id }.into());
    filter
}

/// What `selector` selects; `None` for an empty list of passages.
pub(super) fn selection(selector: Selector) -> Option<PointsSelector> {
    let one_of = match plain_deletion(selector) {
        Deletion::Passages(ids) if ids.is_empty() => return None,
        Deletion::Passages(ids) => PointsSelectorOneOf::Points(PointsIdsList {
            ids: ids.into_iter().map(point_id).collect(),
        }),
        Deletion::Where(conditions) => {
            PointsSelectorOneOf::Filter(Filter::must(translated(conditions)))
        }
    };
    Some(PointsSelector {
        points_selector_one_of: Some(one_of),
    })
}

/// A passage's id as the server knows it.
pub(super) fn point_id(id: PassageId) -> PointId {
    PointId::from(id.uuid().to_string())
}

fn translated(conditions: Vec<Plain>) -> Vec<Condition> {
    conditions.into_iter().map(condition).collect()
}

fn condition(plain: Plain) -> Condition {
    match plain {
        Plain::Is(name, word) => on_field(name, MatchValue::Keyword(word)),
        Plain::IsNumber(name, number) => on_field(name, MatchValue::Integer(number)),
        Plain::IsAny(name, strings) => {
            on_field(name, MatchValue::Keywords(RepeatedStrings { strings }))
        }
        Plain::AnyOf(conditions) => Filter::should(translated(conditions)).into(),
    }
}

fn on_field(name: &str, value: MatchValue) -> Condition {
    FieldCondition {
        key: name.to_owned(),
        r#match: Some(Match {
            match_value: Some(value),
        }),
        ..FieldCondition::default()
    }
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ragd_core::domain::{Collection, DocumentId, OwnerId, PassageKind, ReadScope, RoomId};
    use uuid::Uuid;

    fn keyword(name: &str, word: impl ToString) -> Condition {
        on_field(name, MatchValue::Keyword(word.to_string()))
    }

    fn keywords(name: &str, words: &[&str]) -> Condition {
        let strings = words.iter().map(|word| (*word).to_owned()).collect();
        on_field(name, MatchValue::Keywords(RepeatedStrings { strings }))
    }

    #[test]
    fn a_scope_is_a_condition_of_the_query() {
        assert_eq!(server_filter(&IndexFilter::default()), None);
        let owner = OwnerId::from_uuid(Uuid::from_u128(7));
        let room = RoomId::from_uuid(Uuid::from_u128(9));
        let filter = IndexFilter {
            read: Some(ReadScope {
                owner,
                collections: Some(vec![Collection::parse("alpha").expect("a name")]),
            }),
            rooms: Some(vec![room]),
            ..IndexFilter::default()
        };
        let expected = Filter::must([
            Filter::should([
                keywords("room", &[&room.to_string()]),
                keyword("kind", "document"),
            ])
            .into(),
            Filter::should([
                keyword("message_owner", owner),
                keyword("document_owner", owner),
                keywords("collection", &["alpha"]),
            ])
            .into(),
        ]);
        assert_eq!(server_filter(&filter), Some(expected));
        let of_none = IndexFilter {
            kind: Some(PassageKind::Message),
            rooms: Some(vec![]),
            ..IndexFilter::default()
        };
        let expected = Filter::must([keyword("kind", "message"), keywords("room", &[])]);
        assert_eq!(server_filter(&of_none), Some(expected));
    }

    #[test]
    fn given_passages_are_a_condition_in_addition_to_the_scope() {
        let id = PassageId::from_uuid(Uuid::from_u128(3));
        let allowed = Filter::should([keyword("kind", "document")]);
        let filter = among(&[id], Some(allowed.clone()));
        assert_eq!(filter.should, allowed.should);
        let has_id = vec![PointId::from(id.to_string())];
        assert_eq!(filter.must, [HasIdCondition { has_id }.into()]);
    }

    #[test]
    fn deletions_name_what_is_deleted_and_never_everything() {
        let document = DocumentId::from_uuid(Uuid::from_u128(5));
        let generation = Selector::Generation {
            document,
            generation: 2,
        };
        let expected = Filter::must([
            keyword("document", document),
            on_field("generation", MatchValue::Integer(2)),
        ]);
        assert_eq!(
            selection(generation).and_then(|selected| selected.points_selector_one_of),
            Some(PointsSelectorOneOf::Filter(expected))
        );
        assert_eq!(selection(Selector::Passages(vec![])), None);
    }
}
