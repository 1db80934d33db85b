//! Queries and their results: plain data, the same for every engine. Filters are conditions of the
//! query itself; results are never filtered afterwards.

use super::term_counts::TermCounts;
use ragd_core::domain::{Collection, DocumentId, PassageId, PassageKind, ReadScope, RoomId};
use ragd_core::error::{Error, Result};

/// Which passages may be found: those that meet every condition that is set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IndexFilter {
    /// Documents only, or messages only.
    pub kind: Option<PassageKind>,
    /// Only what this scope may read: the owner's own passages, and the documents (never the
    /// messages) of the collections it names. `None`: everything, for internal use.
    pub read: Option<ReadScope>,
    /// Only documents of this collection.
    pub collection: Option<Collection>,
    /// Only this document.
    pub document: Option<DocumentId>,
    /// Restricts messages to these rooms; documents are not affected.
    pub rooms: Option<Vec<RoomId>>,
}

/// A question's vector. It can be compared with vectors of the same model only.
#[derive(Debug, Clone, PartialEq)]
pub struct QueryVector {
    /// The model, as [`VectorSpace::model`](super::VectorSpace::model) names it.
    pub model: String,
    /// Its numbers.
    pub values: Vec<f32>,
}

/// A query for the best passages.
#[derive(Debug, Clone)]
pub struct Query {
    /// The question's terms.
    pub terms: TermCounts,
    /// The question's vector; `None` searches by keywords only.
    pub dense: Option<QueryVector>,
    /// Which passages may be found.
    pub filter: IndexFilter,
    /// The most passages to find by keywords; values above 10,000 are taken as 10,000.
    pub lexical_limit: usize,
    /// The most passages to find by vector; values above 10,000 are taken as 10,000.
    pub dense_limit: usize,
}

impl Query {
    /// The most passages of one result list.
    pub const MAX_LIMIT: usize = 10_000;

    /// Refuses to score more than [`Query::MAX_LIMIT`] passages at once.
    pub(super) fn check_count(ids: &[PassageId]) -> Result<()> {
        if ids.len() <= Self::MAX_LIMIT {
            return Ok(());
        }
        Err(Error::invalid(format!(
            "ids: at most {} at once, not {}",
            Self::MAX_LIMIT,
            ids.len()
        )))
    }
}

/// A passage with a score: for keywords BM25 (above 0, no upper bound), for vectors the cosine (-1
/// to 1).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    /// The passage.
    pub id: PassageId,
    /// Its score.
    pub score: f32,
}

/// The best passages by either score, each list in descending order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Candidates {
    /// By keywords.
    pub lexical: Vec<Scored>,
    /// By vector.
    pub dense: Vec<Scored>,
}

/// Both scores of one passage.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scores {
    /// The passage.
    pub id: PassageId,
    /// The BM25 score; 0 when it shares no term with the question or is not in the index.
    pub lexical: f32,
    /// The cosine; `None` when the passage or the question has no vector, or the passage is not in
    /// the index.
    pub dense: Option<f32>,
}

/// The best passages by either score, with both scores of each.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ScoredCandidates {
    /// The two lists.
    pub candidates: Candidates,
    /// Both scores of each passage of either list: first the keyword list, in its order, then the
    /// passages that only the vector list has, in its order.
    pub scores: Vec<Scores>,
}
