//! What is asked of an index and what it answers: plain data, the same for every engine. Filters
//! say what may be found; they are conditions of the query, never a sieve over its answer.

use super::TermCounts;
use ragd_core::domain::{Collection, DocumentId, PassageId, PassageKind, ReadScope, RoomId};
use ragd_core::error::{Error, Result};

/// Which passages may be found: those for which every given condition holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IndexFilter {
    /// Documents only, or messages only.
    pub kind: Option<PassageKind>,
    /// Only what this scope may read: the owner's own passages, and the documents (never the
    /// messages) of the collections it names. `None`: everything, for ragd's own work.
    pub read: Option<ReadScope>,
    /// Only documents of this collection.
    pub collection: Option<Collection>,
    /// Only this document.
    pub document: Option<DocumentId>,
    /// Of messages, only those of these rooms; it does not touch documents.
    pub rooms: Option<Vec<RoomId>>,
}

/// A question's vector. Only passages whose vectors the same model made compare with it.
#[derive(Debug, Clone, PartialEq)]
pub struct QueryVector {
    /// The model that made it, as [`VectorSpace::model`](super::VectorSpace::model) names it.
    pub model: String,
    /// Its numbers.
    pub values: Vec<f32>,
}

/// A question to the index.
#[derive(Debug, Clone)]
pub struct Query {
    /// The question's terms.
    pub terms: TermCounts,
    /// The question's vector; `None` asks by words alone.
    pub dense: Option<QueryVector>,
    /// Which passages may be found.
    pub filter: IndexFilter,
    /// How many passages to find by words; more than 10,000 is taken as 10,000.
    pub lexical_limit: usize,
    /// How many passages to find by meaning; more than 10,000 is taken as 10,000.
    pub dense_limit: usize,
}

impl Query {
    /// The most passages that one list of an answer has.
    pub const MAX_LIMIT: usize = 10_000;

    /// Checks how many passages are to be scored.
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

/// A passage and how well it fits: for words the BM25 score (above 0, no upper bound), for meaning
/// the cosine (-1 to 1).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    /// The passage.
    pub id: PassageId,
    /// Its score.
    pub score: f32,
}

/// The best passages by either signal, each list in falling order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Candidates {
    /// By words.
    pub lexical: Vec<Scored>,
    /// By meaning.
    pub dense: Vec<Scored>,
}

/// Both scores of one passage.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scores {
    /// The passage.
    pub id: PassageId,
    /// The BM25 score; 0 when it shares no term with the question or is not in the index.
    pub lexical: f32,
    /// The cosine; `None` when it has no vector, the question has none, or it is not in the index.
    pub dense: Option<f32>,
}

/// The best passages by either signal, and both scores of every one of them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ScoredCandidates {
    /// The two lists.
    pub candidates: Candidates,
    /// Both scores of each passage of either list: first the list by words, in its order, then what
    /// only the list by meaning has, in its order.
    pub scores: Vec<Scores>,
}
