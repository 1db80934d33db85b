//! The index: finds passages by words (BM25) and by meaning (dense vectors), and says how well each
//! fits. It owns vectors, filters and the follower's position, nothing else: no text, no SQL, no
//! fusion of the two scores. It follows SQL, so anything here may be thrown away and filled again.

mod edge;
mod languages;
mod point;
mod query;
mod terms;

pub use edge::{Edge, EdgeRebuild, EdgeSettings, VectorSpace};
pub use point::{Point, Selector};
pub use query::{Candidates, IndexFilter, Query, Scored, ScoredCandidates, Scores};
pub use terms::{DEFAULT_AVERAGE_TERMS, TermCounter, TermCounts};

use crate::domain::PassageId;
use crate::error::Result;

/// The machine-readable code of an error that says that the stored index cannot be read.
pub const CODE_CORRUPT: &str = "index_corrupt";
/// The machine-readable code of an error that says that the index was built for another model.
pub const CODE_MISMATCH: &str = "index_mismatch";
/// The machine-readable code of an error that says that a rebuild has come between.
pub const CODE_MOVED: &str = "index_moved";

/// An index of passages; cheap to clone, safe to share.
///
/// Every method that takes `&self` may run at the same time as any other: searches go on during
/// writes and while the index is being optimised; writes wait for each other.
#[derive(Debug, Clone)]
pub enum Index {
    /// The engine inside this process, over a folder.
    Edge(Edge),
}

/// Where an index stands in the change log. A rebuilt index stands nowhere that the one before it
/// stood, even at the same sequence number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    build: u64,
    /// The sequence number of the last change that is durably applied; 0 before the first.
    pub sequence: i64,
}

/// What an index knows about itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Health {
    /// Passages held, deleted ones not counted.
    pub passages: usize,
    /// The parts that a search visits.
    pub segments: usize,
    /// The follower's position in the change log.
    pub position: Position,
    /// The average number of terms of a passage that the BM25 weights were built with.
    pub built_average_terms: f32,
    /// The average over everything added to this build; far from the built one, a rebuild pays.
    pub seen_average_terms: Option<f32>,
    /// Whether the index is being optimised now.
    pub optimizing: bool,
}

impl Index {
    /// Opens the embedded index in the settings' folder; where there is none, makes an empty one.
    ///
    /// # Errors
    /// `Conflict` when the folder is open already; `Conflict` with code [`CODE_MISMATCH`] when it
    /// was built for another model; `Internal` with code [`CODE_CORRUPT`] when it cannot be read.
    /// [`Index::recreate`] helps against the last two.
    pub async fn open(settings: EdgeSettings) -> Result<Self> {
        Edge::open(settings).await.map(Self::Edge)
    }

    /// Makes an empty embedded index in the settings' folder and deletes the one that is there,
    /// readable or not. Its position is 0.
    ///
    /// # Errors
    /// `Conflict` when the folder is open already; `Invalid` when `average_terms` is not above 0.
    pub async fn recreate(settings: EdgeSettings, average_terms: f32) -> Result<Self> {
        Edge::recreate(settings, average_terms)
            .await
            .map(Self::Edge)
    }

    /// Adds passages, or replaces those with the same ids: doing it twice is the same as once.
    ///
    /// # Errors
    /// `Invalid` when a vector has another dimension than the index or a number that is not finite;
    /// nothing is then added.
    pub async fn upsert(&self, points: Vec<Point>) -> Result<()> {
        match self {
            Self::Edge(edge) => edge.upsert(points).await,
        }
    }

    /// Deletes what any of `selectors` selects; what is not there is no error.
    ///
    /// # Errors
    /// `Internal` when the engine fails.
    pub async fn delete(&self, selectors: Vec<Selector>) -> Result<()> {
        match self {
            Self::Edge(edge) => edge.delete(selectors).await,
        }
    }

    /// The best passages by words and the best by meaning, each list in falling order of its score.
    ///
    /// Document frequencies are of the whole index, whatever the filter. Without terms, without a
    /// vector, or with a limit of 0 that side's list is empty.
    ///
    /// # Errors
    /// `Invalid` when the query's vector does not fit the index.
    pub async fn search(&self, query: Query) -> Result<Candidates> {
        match self {
            Self::Edge(edge) => edge.search(query).await,
        }
    }

    /// As [`Index::search`], with both scores of every passage found: what one list lacks of the
    /// other's passages is scored as well, which costs less than a second question.
    ///
    /// # Errors
    /// As [`Index::search`].
    pub async fn search_and_score(&self, query: Query) -> Result<ScoredCandidates> {
        match self {
            Self::Edge(edge) => edge.search_and_score(query).await,
        }
    }

    /// How well each of `ids` fits `query` by words and by meaning, in the order of `ids`. The
    /// query's filter applies, its limits do not.
    ///
    /// # Errors
    /// `Invalid` when the query's vector does not fit the index or there are more than 10,000 ids.
    pub async fn score(&self, query: Query, ids: Vec<PassageId>) -> Result<Vec<Scores>> {
        match self {
            Self::Edge(edge) => edge.score(query, ids).await,
        }
    }

    /// Makes everything applied so far durable, then moves the follower's position from `from` to
    /// `sequence`, durably, and returns it. In this order, so that a crash at any moment repeats
    /// changes and never skips one.
    ///
    /// # Errors
    /// `Conflict` with code [`CODE_MOVED`] when the position is not `from`: a rebuild was committed
    /// since it was read. The changes then went to the wrong build; begin again at
    /// [`Index::position`]. `Internal` when writing fails; the position has then not moved.
    pub async fn commit(&self, from: Position, sequence: i64) -> Result<Position> {
        match self {
            Self::Edge(edge) => edge.commit(from, sequence).await,
        }
    }

    /// Up to where in the change log this index has durably followed; 0 when it is new.
    pub fn position(&self) -> Position {
        match self {
            Self::Edge(edge) => edge.position(),
        }
    }

    /// Makes everything applied so far durable without moving the position.
    ///
    /// # Errors
    /// `Internal` when writing fails.
    pub async fn flush(&self) -> Result<()> {
        match self {
            Self::Edge(edge) => edge.flush().await,
        }
    }

    /// Asks for an optimisation in the background and returns at once; asking again before it has
    /// begun changes nothing. Nobody waits for it, a shutdown neither.
    pub fn optimize_soon(&self) {
        match self {
            Self::Edge(edge) => edge.optimize_soon(),
        }
    }

    /// Optimises until there is nothing left to optimise. Searches and writes go on meanwhile.
    ///
    /// # Errors
    /// `Internal` when the engine fails.
    pub async fn optimize(&self) -> Result<()> {
        match self {
            Self::Edge(edge) => edge.optimize().await,
        }
    }

    /// How many passages match `filter`, counted exactly.
    ///
    /// # Errors
    /// `Internal` when the engine fails.
    pub async fn count(&self, filter: IndexFilter) -> Result<usize> {
        match self {
            Self::Edge(edge) => edge.count(filter).await,
        }
    }

    /// What the index knows about itself.
    ///
    /// # Errors
    /// `Internal` when the engine does not answer.
    pub async fn health(&self) -> Result<Health> {
        match self {
            Self::Edge(edge) => edge.health().await,
        }
    }

    /// Begins an empty index beside the serving one, for the same model, with BM25 weights made for
    /// `average_terms` terms a passage. Searches see it only once it is committed.
    ///
    /// # Errors
    /// `Conflict` while another rebuild is under way.
    pub async fn begin_rebuild(&self, average_terms: f32) -> Result<Rebuild> {
        match self {
            Self::Edge(edge) => Ok(Rebuild::Edge(edge.begin_rebuild(average_terms).await?)),
        }
    }

    /// Closes the index: waits for what it can, writes what is not yet written, releases the folder
    /// unless an optimisation or another clone still holds it.
    pub async fn close(self) {
        match self {
            Self::Edge(edge) => edge.close().await,
        }
    }
}

/// An index that is being filled beside the serving one. Dropped without a commit, it is deleted.
#[derive(Debug)]
pub enum Rebuild {
    /// Of the engine inside this process.
    Edge(EdgeRebuild),
}

impl Rebuild {
    /// As [`Index::upsert`].
    ///
    /// # Errors
    /// As [`Index::upsert`].
    pub async fn upsert(&self, points: Vec<Point>) -> Result<()> {
        match self {
            Self::Edge(edge) => edge.upsert(points).await,
        }
    }

    /// As [`Index::delete`].
    ///
    /// # Errors
    /// As [`Index::delete`].
    pub async fn delete(&self, selectors: Vec<Selector>) -> Result<()> {
        match self {
            Self::Edge(edge) => edge.delete(selectors).await,
        }
    }

    /// Optimises and flushes the new index, then puts it in the place of the serving one at once:
    /// a search sees either all of the old or all of the new. `sequence` is where in the change log
    /// the new index stands; the follower applies what comes after it as to any other.
    ///
    /// # Errors
    /// `Internal` when writing fails; the old index then goes on serving.
    pub async fn commit(self, sequence: i64) -> Result<()> {
        match self {
            Self::Edge(edge) => edge.commit(sequence).await,
        }
    }
}
