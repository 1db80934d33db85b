//! Searches in the engine: the two lists of the best passages, and both scores of given passages.
//! The keyword and the vector query run in one pass over the segments, and return neither text,
//! payload nor vectors.

use super::super::completion::{Gaps, both};
use super::super::payload::{DENSE, LEXICAL};
use super::super::query::{Candidates, IndexFilter, Query, Scored, ScoredCandidates, Scores};
use super::super::shape::OVERSAMPLING;
use super::super::space::{VectorSpace, check_question};
use super::error::engine_error;
use super::filter::engine_filter;
use qdrant_edge::{
    CountRequest, EdgeShard, Filter, NamedQuery, PointId, QuantizationSearchParams,
    QueryBatchRequest, QueryEnum, QueryRequest, ScoredPoint, ScoringQuery, SearchParams, Vector,
    VectorInternal,
};
use ragd_core::domain::PassageId;
use ragd_core::error::Result;

/// The keyword or the vector part of a query: how many passages, and which may be found.
struct Side {
    limit: usize,
    filter: Option<Filter>,
}

/// The engine to search, and the space of its vectors.
#[derive(Clone, Copy)]
pub(super) struct Searcher<'a> {
    pub engine: &'a EdgeShard,
    pub space: Option<&'a VectorSpace>,
    /// How many candidates a search of the graph keeps.
    pub ef: u64,
}

impl Searcher<'_> {
    /// Both lists of the best passages.
    pub fn search(self, query: &Query) -> Result<Candidates> {
        let filter = engine_filter(&query.filter)?;
        let lexical = Side {
            limit: query.lexical_limit,
            filter: filter.clone(),
        };
        let dense = Side {
            limit: query.dense_limit,
            filter,
        };
        self.query(query, lexical, dense)
    }

    /// Both lists, and both scores of every passage in them; only missing scores are queried.
    pub fn search_and_score(self, query: &Query) -> Result<ScoredCandidates> {
        let candidates = self.search(query)?;
        let gaps = Gaps::of(query, &candidates);
        let rest = self.query(query, among(&gaps.lexical), among(&gaps.dense))?;
        Ok(gaps.fill(candidates, &rest))
    }

    /// Both scores of each of `ids`.
    pub fn score(self, query: &Query, ids: &[PassageId]) -> Result<Vec<Scores>> {
        Query::check_count(ids)?;
        let allowed = engine_filter(&query.filter)?.unwrap_or_default();
        let side = || Side {
            limit: ids.len(),
            filter: Some(allowed.clone().with_point_ids(point_ids(ids))),
        };
        let found = self.query(query, side(), side())?;
        Ok(both(ids, &[&found]))
    }

    /// How many passages match, exactly.
    pub fn count(self, filter: &IndexFilter) -> Result<usize> {
        let request = CountRequest {
            filter: engine_filter(filter)?,
            exact: true,
        };
        self.engine.count(request).map_err(engine_error)
    }

    /// Runs both parts; one without terms or a vector, or with a limit of 0, finds nothing.
    fn query(self, query: &Query, lexical: Side, dense: Side) -> Result<Candidates> {
        let mut requests = Vec::with_capacity(2);
        let has_lexical = !query.terms.is_empty() && lexical.limit > 0;
        if has_lexical {
            let sparse = query.terms.question_weights();
            let vector = Vector::new_sparse(sparse.terms, sparse.weights).map_err(engine_error)?;
            requests.push(self.request(LEXICAL, vector, lexical));
        }
        if let Some(vector) = &query.dense {
            check_question(self.space, vector)?;
            if dense.limit > 0 {
                let values = vector.values.as_slice();
                requests.push(self.request(DENSE, Vector::new_dense(values), dense));
            }
        }
        let lists = self
            .engine
            .query_batch(QueryBatchRequest::new(requests))
            .map_err(engine_error)?;
        let mut lists = lists
            .into_iter()
            .map(|list| list.into_iter().filter_map(scored).collect());
        let lexical = if has_lexical { lists.next() } else { None };
        Ok(Candidates {
            lexical: lexical.unwrap_or_default(),
            dense: lists.next().unwrap_or_default(),
        })
    }

    fn request(self, name: &str, vector: Vector, side: Side) -> QueryRequest {
        QueryRequest {
            query: Some(ScoringQuery::Vector(QueryEnum::Nearest(NamedQuery {
                query: VectorInternal::from(vector),
                using: Some(name.to_owned()),
            }))),
            params: Some(SearchParams {
                hnsw_ef: usize::try_from(self.ef).ok(),
                quantization: Some(QuantizationSearchParams {
                    ignore: false,
                    rescore: Some(true),
                    oversampling: Some(OVERSAMPLING),
                }),
                ..SearchParams::default()
            }),
            filter: side.filter,
            ..QueryRequest::new(side.limit.min(Query::MAX_LIMIT))
        }
    }
}

/// Only these passages, which the query's filter was already applied to.
fn among(ids: &[PassageId]) -> Side {
    Side {
        limit: ids.len(),
        filter: Some(Filter::default().with_point_ids(point_ids(ids))),
    }
}

fn point_ids(ids: &[PassageId]) -> impl Iterator<Item = PointId> {
    ids.iter().map(|id| PointId::Uuid(id.uuid()))
}

fn scored(point: ScoredPoint) -> Option<Scored> {
    match point.id {
        PointId::Uuid(id) => Some(Scored {
            id: PassageId::from_uuid(id),
            score: point.score,
        }),
        // Points never have numeric ids.
        PointId::NumId(_) => None,
    }
}
