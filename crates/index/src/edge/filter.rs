//! Translates conditions for the embedded engine, and makes its operations that create payload
//! indexes and delete passages.

use super::super::condition::{
    Condition as Plain, Deletion, conditions, deletion as plain_deletion,
};
use super::super::payload::{FieldKind, INDEXED, Indexed};
use super::super::point::Selector;
use super::super::query::IndexFilter;
use qdrant_edge::{
    AnyVariants, Condition, CreateIndex, FieldCondition, FieldIndexOperations, Filter, JsonPath,
    KeywordIndexParamsBuilder, Match, PayloadFieldSchema, PayloadSchemaParams, PointId,
    PointOperations, UpdateOperation, UuidIndexParamsBuilder,
};
use ragd_core::error::{Error, Result};

/// The operations that create the payload indexes of a new shard.
pub(super) fn payload_indexes() -> Result<Vec<UpdateOperation>> {
    INDEXED.iter().map(payload_index).collect()
}

fn payload_index(indexed: &Indexed) -> Result<UpdateOperation> {
    let schema = match indexed.kind {
        FieldKind::Uuid => PayloadSchemaParams::Uuid(
            UuidIndexParamsBuilder::new()
                .enable_hnsw(indexed.linked)
                .build(),
        ),
        FieldKind::Keyword => PayloadSchemaParams::Keyword(
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

/// The filter as the engine's conditions; `None` when everything matches.
pub(super) fn engine_filter(filter: &IndexFilter) -> Result<Option<Filter>> {
    let conditions = translated(conditions(filter))?;
    Ok((!conditions.is_empty()).then(|| all_of(conditions)))
}

/// The operation that deletes what `selector` selects.
pub(super) fn deletion(selector: Selector) -> Result<UpdateOperation> {
    Ok(UpdateOperation::PointOperation(
        match plain_deletion(selector) {
            Deletion::Passages(ids) => PointOperations::DeletePoints {
                ids: ids.into_iter().map(|id| PointId::Uuid(id.uuid())).collect(),
            },
            Deletion::Where(conditions) => {
                PointOperations::DeletePointsByFilter(all_of(translated(conditions)?))
            }
        },
    ))
}

fn translated(conditions: Vec<Plain>) -> Result<Vec<Condition>> {
    conditions.into_iter().map(condition).collect()
}

fn condition(plain: Plain) -> Result<Condition> {
    let on_field = |name, value| -> Result<Condition> {
        Ok(Condition::Field(FieldCondition::new_match(
            field(name)?,
            value,
        )))
    };
    match plain {
        Plain::Is(name, word) => on_field(name, Match::from(word)),
        Plain::IsNumber(name, number) => on_field(name, Match::from(number)),
        Plain::IsAny(name, words) => {
            let words = AnyVariants::Strings(words.into_iter().collect());
            on_field(name, Match::from(words))
        }
        Plain::AnyOf(conditions) => Ok(Condition::Filter(Filter {
            should: Some(translated(conditions)?),
            ..Filter::default()
        })),
    }
}

fn all_of(mut conditions: Vec<Condition>) -> Filter {
    match conditions.pop() {
        // A single group of alternatives is a filter already; nested in another one it is slower.
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

fn field(name: &str) -> Result<JsonPath> {
    name.parse()
        .map_err(|()| Error::internal(format!("payload field {name}: not a valid path")))
}
