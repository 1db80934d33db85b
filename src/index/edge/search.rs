//! Questions to the engine: the two lists of the best passages, and both scores of given ones. Both
//! sides go in one pass over the segments, and neither text, payload nor vector comes back.

use super::super::query::{Candidates, IndexFilter, Query, Scored, ScoredCandidates, Scores};
use super::filter::engine_filter;
use super::settings::{DENSE, LEXICAL, VectorSpace, check_question};
use super::shard::engine_error;
use crate::domain::PassageId;
use crate::error::{Error, Result};
use qdrant_edge::{
    CountRequest, EdgeShard, Filter, NamedQuery, PointId, QueryBatchRequest, QueryEnum,
    QueryRequest, ScoredPoint, ScoringQuery, Vector, VectorInternal,
};
use std::collections::{HashMap, HashSet};

/// One side of a question: how many passages, and which may be found.
struct Side {
    limit: usize,
    filter: Option<Filter>,
}

/// The engine to ask, and the space of its vectors.
#[derive(Clone, Copy)]
pub(super) struct Searcher<'a> {
    pub engine: &'a EdgeShard,
    pub space: Option<&'a VectorSpace>,
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
        self.ask(query, lexical, dense)
    }

    /// Both lists, and both scores of all that are in them: only what a list lacks is asked for.
    pub fn search_and_score(self, query: &Query) -> Result<ScoredCandidates> {
        let candidates = self.search(query)?;
        let lexical_ids: HashSet<_> = candidates.lexical.iter().map(|found| found.id).collect();
        let dense_ids: HashSet<_> = candidates.dense.iter().map(|found| found.id).collect();
        let only_dense: Vec<_> = missing(&candidates.dense, &lexical_ids).collect();
        let only_lexical = missing(&candidates.lexical, &dense_ids);
        // A list by words that is not full has every passage that shares a term.
        let all_by_words = candidates.lexical.len() < query.lexical_limit.min(Query::MAX_LIMIT);
        let unscored: &[PassageId] = if all_by_words { &[] } else { &only_dense };
        let rest = self.ask(
            query,
            among(unscored),
            among(&only_lexical.collect::<Vec<_>>()),
        )?;

        let ids = candidates.lexical.iter().map(|found| found.id);
        let ids: Vec<PassageId> = ids.chain(only_dense.iter().copied()).collect();
        let scores = both(&ids, &[&candidates, &rest]);
        Ok(ScoredCandidates { candidates, scores })
    }

    /// Both scores of each of `ids`.
    pub fn score(self, query: &Query, ids: &[PassageId]) -> Result<Vec<Scores>> {
        if ids.len() > Query::MAX_LIMIT {
            return Err(Error::invalid(format!(
                "ids: at most {} at once, not {}",
                Query::MAX_LIMIT,
                ids.len()
            )));
        }
        let allowed = engine_filter(&query.filter)?.unwrap_or_default();
        let side = || Side {
            limit: ids.len(),
            filter: Some(allowed.clone().with_point_ids(point_ids(ids))),
        };
        let found = self.ask(query, side(), side())?;
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

    /// Asks both sides; one without a question or with a limit of 0 finds nothing.
    fn ask(self, query: &Query, lexical: Side, dense: Side) -> Result<Candidates> {
        let mut requests = Vec::with_capacity(2);
        let by_words = !query.terms.is_empty() && lexical.limit > 0;
        if by_words {
            let (terms, weights) = query.terms.question_weights();
            let vector = Vector::new_sparse(terms, weights).map_err(engine_error)?;
            requests.push(request(LEXICAL, vector, lexical));
        }
        if let Some(vector) = &query.dense {
            check_question(self.space, vector)?;
            if dense.limit > 0 {
                let values = vector.values.as_slice();
                requests.push(request(DENSE, Vector::new_dense(values), dense));
            }
        }
        let lists = self
            .engine
            .query_batch(QueryBatchRequest::new(requests))
            .map_err(engine_error)?;
        let mut lists = lists
            .into_iter()
            .map(|list| list.into_iter().filter_map(scored).collect());
        let lexical = if by_words { lists.next() } else { None };
        Ok(Candidates {
            lexical: lexical.unwrap_or_default(),
            dense: lists.next().unwrap_or_default(),
        })
    }
}

fn request(name: &str, vector: Vector, side: Side) -> QueryRequest {
    QueryRequest {
        query: Some(ScoringQuery::Vector(QueryEnum::Nearest(NamedQuery {
            query: VectorInternal::from(vector),
            using: Some(name.to_owned()),
        }))),
        filter: side.filter,
        ..QueryRequest::new(side.limit.min(Query::MAX_LIMIT))
    }
}

/// Only these passages; they were found under the query's filter just now.
fn among(ids: &[PassageId]) -> Side {
    Side {
        limit: ids.len(),
        filter: Some(Filter::default().with_point_ids(point_ids(ids))),
    }
}

fn missing(list: &[Scored], known: &HashSet<PassageId>) -> impl Iterator<Item = PassageId> {
    let ids = list.iter().map(|found| found.id);
    ids.filter(|id| !known.contains(id))
}

/// The scores of `ids` out of `lists`; no score by words is a score of 0.
fn both(ids: &[PassageId], lists: &[&Candidates]) -> Vec<Scores> {
    let scores = |side: fn(&Candidates) -> &[Scored]| -> HashMap<PassageId, f32> {
        let found = lists.iter().flat_map(|list| side(list));
        found.map(|found| (found.id, found.score)).collect()
    };
    let (lexical, dense) = (scores(|list| &list.lexical), scores(|list| &list.dense));
    let both = |id: &PassageId| Scores {
        id: *id,
        lexical: lexical.get(id).copied().unwrap_or(0.0),
        dense: dense.get(id).copied(),
    };
    ids.iter().map(both).collect()
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
        // No point was ever given a number for an id.
        PointId::NumId(_) => None,
    }
}
