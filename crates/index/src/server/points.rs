//! Writes passages into a build's collection, in requests of bounded size. The server answers each
//! request after it has applied it, and the write lease is checked before each.

use super::super::ledger::Target;
use super::super::payload::{DENSE, LEXICAL, payload};
use super::super::point::{Point, Selector};
use super::super::space::check_vector;
use super::filter::{point_id, selection};
use super::settings::collection;
use super::shared::Inner;
use qdrant_client::qdrant::vectors::VectorsOptions;
use qdrant_client::qdrant::{
    DeletePoints, DenseVector, NamedVectors, PointStruct, PointsOperationResponse, SparseVector,
    UpdateStatus, UpsertPoints, Vector, Vectors, WriteOrdering, WriteOrderingType, vector,
};
use qdrant_client::{Payload, QdrantError};
use ragd_core::error::{Error, Result};
use std::collections::HashMap;

/// The most passages of one request.
const BATCH_POINTS: usize = 256;
/// The approximate size limit of one request.
const BATCH_BYTES: usize = 4 * 1024 * 1024;
/// The approximate size of a point without its vectors.
const POINT_BYTES: usize = 512;

/// A build that is written to.
#[derive(Debug, Clone)]
pub(super) struct Build {
    pub target: Target,
    pub number: u64,
    pub average_terms: f32,
}

impl Build {
    /// The name of its collection.
    pub fn collection(&self) -> String {
        collection(&self.target.name, self.number)
    }

    /// Checks the vectors of `points` against the space.
    pub fn check(&self, points: &[Point]) -> Result<()> {
        let space = self.target.space.as_ref();
        let mut vectors = points.iter().filter_map(|point| point.dense.as_deref());
        vectors.try_for_each(|vector| check_vector(space, vector))
    }

    /// Adds or replaces passages, all checked before the first is sent.
    pub async fn upsert(&self, inner: &Inner, points: &[Point]) -> Result<()> {
        self.check(points)?;
        for batch in batches(points) {
            let points = batch.iter().map(|point| self.point(point));
            let request = UpsertPoints {
                collection_name: self.collection(),
                wait: Some(true),
                points: points.collect::<Result<_>>()?,
                ordering: Some(strong()),
                timeout: Some(inner.connection.timeout_seconds()),
                ..UpsertPoints::default()
            };
            self.apply(inner, inner.connection.client().upsert_points(request))
                .await?;
        }
        Ok(())
    }

    /// Deletes what the selectors select.
    pub async fn delete(&self, inner: &Inner, selectors: Vec<Selector>) -> Result<()> {
        for selected in selectors.into_iter().filter_map(selection) {
            let request = DeletePoints {
                collection_name: self.collection(),
                wait: Some(true),
                points: Some(selected),
                ordering: Some(strong()),
                timeout: Some(inner.connection.timeout_seconds()),
                ..DeletePoints::default()
            };
            self.apply(inner, inner.connection.client().delete_points(request))
                .await?;
        }
        Ok(())
    }

    /// Sends a write, which is idempotent, and checks that it was applied.
    async fn apply(
        &self,
        inner: &Inner,
        request: impl Future<Output = Result<PointsOperationResponse, QdrantError>>,
    ) -> Result<()> {
        inner.hold(&self.target).await?;
        let answer = inner.connection.call(request).await;
        let answer = answer.map_err(|error| inner.lost(error))?;
        match answer.result.map(|result| result.status()) {
            Some(UpdateStatus::Completed) => Ok(()),
            status => Err(Error::unavailable(
                "the vector store has accepted a change but not applied it in time",
            )
            .with_source(format!("{status:?}"))),
        }
    }

    fn point(&self, point: &Point) -> Result<PointStruct> {
        let mut vectors = HashMap::new();
        if !point.terms.is_empty() {
            let weights = point.terms.passage_weights(self.average_terms);
            let sparse = vector::Vector::Sparse(SparseVector {
                values: weights.weights,
                indices: weights.terms,
            });
            vectors.insert(LEXICAL.to_owned(), named(sparse));
        }
        if let Some(dense) = &point.dense {
            let data = dense.clone();
            let dense = vector::Vector::Dense(DenseVector { data });
            vectors.insert(DENSE.to_owned(), named(dense));
        }
        let payload = Payload::try_from(payload(point))
            .map_err(|error| Error::internal("a payload is not an object").with_source(error))?;
        Ok(PointStruct {
            id: Some(point_id(point.id)),
            payload: payload.into(),
            vectors: Some(Vectors {
                vectors_options: Some(VectorsOptions::Vectors(NamedVectors { vectors })),
            }),
        })
    }
}

fn named(vector: vector::Vector) -> Vector {
    Vector {
        vector: Some(vector),
        ..Vector::default()
    }
}

/// The same order of changes on all nodes of a cluster.
fn strong() -> WriteOrdering {
    WriteOrdering {
        r#type: WriteOrderingType::Strong.into(),
    }
}

/// `points` in batches within the limits; a single point may exceed the size limit.
fn batches(points: &[Point]) -> impl Iterator<Item = &[Point]> {
    let mut rest = points;
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = |point: &&Point| {
            bytes += bytes_of(point);
            bytes <= BATCH_BYTES
        };
        let fitting = rest.iter().take(BATCH_POINTS).take_while(fits).count();
        let (batch, after) = rest.split_at(fitting.max(1).min(rest.len()));
        rest = after;
        (!batch.is_empty()).then_some(batch)
    })
}

fn bytes_of(point: &Point) -> usize {
    let dense = point.dense.as_ref().map_or(0, Vec::len);
    POINT_BYTES + 4 * dense + 9 * point.terms.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TermCounter;
    use chrono::DateTime;
    use ragd_core::domain::{DocumentId, OwnerId, PassageId, PassageSource};
    use uuid::Uuid;

    fn points(count: i64, dimension: usize) -> Vec<Point> {
        let counter = TermCounter::new().expect("a counter");
        let document = DocumentId::from_uuid(Uuid::nil());
        let point = |ordinal| Point {
            id: PassageId::of_document(document, 1, ordinal),
            owner: OwnerId::system(),
            source: PassageSource::Document {
                document,
                collection: ragd_core::domain::Collection::default_collection(),
            },
            generation: 1,
            created_at: DateTime::UNIX_EPOCH,
            terms: counter.count("heron pelican"),
            dense: Some(vec![0.5; dimension]),
        };
        (0..count).map(point).collect()
    }

    #[test]
    fn requests_are_bounded_in_points_and_in_bytes_and_lose_nothing() {
        for (count, dimension) in [(0, 8), (1, 8), (256, 8), (257, 8), (700, 384), (40, 60_000)] {
            let points = points(count, dimension);
            let parts: Vec<&[Point]> = batches(&points).collect();
            let sent: Vec<_> = parts
                .iter()
                .flat_map(|part| part.iter().map(|p| p.id))
                .collect();
            assert_eq!(sent, points.iter().map(|p| p.id).collect::<Vec<_>>());
            for part in parts {
                assert!(part.len() <= BATCH_POINTS);
                assert!(part.iter().map(bytes_of).sum::<usize>() <= BATCH_BYTES);
            }
        }
        // A point above the size limit is sent alone.
        let huge = points(3, 2_000_000);
        assert_eq!(
            batches(&huge).map(<[Point]>::len).collect::<Vec<_>>(),
            [1, 1, 1]
        );
    }
}
