//! The index: finds passages by words (BM25) and by meaning (dense vectors), and says how well each
//! fits. It owns vectors, filters and the follower's position, nothing else: no text, no SQL, no
//! fusion of the two scores. It follows SQL, so anything here may be thrown away and filled again.

mod completion;
mod condition;
mod edge;
mod languages;
mod ledger;
mod payload;
mod point;
mod query;
mod server;
mod shape;
mod space;
mod terms;

pub use edge::{Edge, EdgeRebuild, EdgeSettings};
pub use ledger::{Added, BuildRecord, CODE_ELSEWHERE, Hold, Ledger, Standing, Target};
pub use point::{Point, Selector};
pub use query::{Candidates, IndexFilter, Query, QueryVector, Scored, ScoredCandidates, Scores};
pub use server::{CODE_UNREACHABLE, Server, ServerAddress, ServerRebuild, ServerSettings};
pub use space::VectorSpace;
pub use terms::{DEFAULT_AVERAGE_TERMS, TermCounter, TermCounts};

use ragd_core::domain::PassageId;
use ragd_core::error::Result;
use std::sync::Arc;

/// The machine-readable code of an error that says that the stored index cannot be read.
pub const CODE_CORRUPT: &str = "index_corrupt";
/// The machine-readable code of an error that says that what serves is not on the server.
pub const CODE_MISSING: &str = "index_missing";
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
    /// A Qdrant server, with a ledger beside it.
    Server(Server),
}

/// Where an index stands in the change log. A rebuilt index stands nowhere that the one before it
/// stood, even at the same sequence number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The number of the build that serves.
    pub build: u64,
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

    /// Prepares the index on a server; whether the server is there shows at the first request.
    /// `ledger` keeps what must be durable beside it.
    ///
    /// # Errors
    /// `Invalid` when the address or the key cannot be used; `Conflict` with code [`CODE_MISMATCH`]
    /// when the ledger has another model under this one's name; else as the ledger.
    pub async fn connect(settings: ServerSettings, ledger: Arc<dyn Ledger>) -> Result<Self> {
        Server::connect(settings, ledger).await.map(Self::Server)
    }

    /// Whether other processes may write to the same index, so that the right to write must be
    /// [claimed](Index::claim) first. The embedded one has its folder locked instead.
    pub fn is_shared(&self) -> bool {
        match self {
            Self::Edge(_) => false,
            Self::Server(_) => true,
        }
    }

    /// Takes the right to write, where that is shared; false while another process has it. Taken,
    /// it must be [released](Index::release) when the work is done.
    ///
    /// # Errors
    /// As the ledger.
    pub async fn claim(&self) -> Result<bool> {
        match self {
            Self::Edge(_) => Ok(true),
            Self::Server(server) => server.claim().await,
        }
    }

    /// Gives the right to write back.
    ///
    /// # Errors
    /// As the ledger; the right then ends by itself.
    pub async fn release(&self) -> Result<()> {
        match self {
            Self::Edge(_) => Ok(()),
            Self::Server(server) => server.release().await,
        }
    }

    /// Looks where the index stands, which another process may have moved.
    ///
    /// # Errors
    /// As the ledger.
    pub async fn refresh(&self) -> Result<Position> {
        match self {
            Self::Edge(edge) => Ok(edge.position()),
            Self::Server(server) => server.refresh().await,
        }
    }

    /// Whether everything is in its place for questions: a look, without changing anything.
    ///
    /// # Errors
    /// `Unavailable` with code [`CODE_UNREACHABLE`] when the server does not answer.
    pub async fn check(&self) -> Result<bool> {
        match self {
            Self::Edge(_) => Ok(true),
            Self::Server(server) => server.check().await,
        }
    }

    /// Puts everything in its place: makes the first build, completes an interrupted switch. The
    /// right to write must have been claimed.
    ///
    /// # Errors
    /// `Unavailable` with code [`CODE_MISSING`], or `Conflict` with code [`CODE_MISMATCH`], when
    /// only a rebuild helps; `Conflict` when another database uses the same names; `Unavailable`
    /// with code [`CODE_UNREACHABLE`] when the server does not answer.
    pub async fn ensure(&self) -> Result<()> {
        match self {
            Self::Edge(_) => Ok(()),
            Self::Server(server) => server.ensure().await,
        }
    }

    /// Deletes the index for good, where it is not a folder that its owner deletes.
    ///
    /// # Errors
    /// `Unavailable` when the server does not answer.
    pub async fn destroy(&self) -> Result<()> {
        match self {
            Self::Edge(_) => Ok(()),
            Self::Server(server) => server.destroy().await,
        }
    }

    /// The engine, in a word.
    pub fn engine(&self) -> &'static str {
        match self {
            Self::Edge(_) => "embedded",
            Self::Server(_) => "qdrant",
        }
    }

    /// Adds passages, or replaces those with the same ids: doing it twice is the same as once.
    ///
    /// # Errors
    /// `Invalid` when a vector has another dimension than the index or a number that is not finite;
    /// nothing is then added.
    pub async fn upsert(&self, points: Vec<Point>) -> Result<()> {
        match self {
            Self::Edge(edge) => edge.upsert(points).await,
            Self::Server(server) => server.upsert(points).await,
        }
    }

    /// Deletes what any of `selectors` selects; what is not there is no error.
    ///
    /// # Errors
    /// `Internal` when the engine fails.
    pub async fn delete(&self, selectors: Vec<Selector>) -> Result<()> {
        match self {
            Self::Edge(edge) => edge.delete(selectors).await,
            Self::Server(server) => server.delete(selectors).await,
        }
    }

    /// The best passages by words and the best by meaning, each list in falling order of its score.
    ///
    /// Document frequencies are of the whole index, whatever the filter. Without terms, without a
    /// vector, or with a limit of 0 that side's list is empty.
    ///
    /// # Errors
    /// `Conflict` with code [`CODE_MISMATCH`] when another model made the query's vector than the
    /// one whose vectors the serving build holds: take that one's and ask again. `Invalid` when the
    /// vector does not fit the index otherwise.
    pub async fn search(&self, query: Query) -> Result<Candidates> {
        match self {
            Self::Edge(edge) => edge.search(query).await,
            Self::Server(server) => server.search(query).await,
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
            Self::Server(server) => server.search_and_score(query).await,
        }
    }

    /// How well each of `ids` fits `query` by words and by meaning, in the order of `ids`. The
    /// query's filter applies, its limits do not.
    ///
    /// # Errors
    /// As [`Index::search`]; `Invalid` also when there are more than 10,000 ids.
    pub async fn score(&self, query: Query, ids: Vec<PassageId>) -> Result<Vec<Scores>> {
        match self {
            Self::Edge(edge) => edge.score(query, ids).await,
            Self::Server(server) => server.score(query, ids).await,
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
            Self::Server(server) => server.commit(from, sequence).await,
        }
    }

    /// Up to where in the change log this index has durably followed, as this process last saw it; 0
    /// when it is new.
    pub fn position(&self) -> Position {
        match self {
            Self::Edge(edge) => edge.position(),
            Self::Server(server) => server.position(),
        }
    }

    /// Makes everything applied so far durable without moving the position.
    ///
    /// # Errors
    /// `Internal` when writing fails.
    pub async fn flush(&self) -> Result<()> {
        match self {
            Self::Edge(edge) => edge.flush().await,
            // The server has applied and logged a change when it answers.
            Self::Server(_) => Ok(()),
        }
    }

    /// Asks for an optimisation in the background and returns at once; asking again before it has
    /// begun changes nothing. Nobody waits for it, a shutdown neither.
    pub fn optimize_soon(&self) {
        match self {
            Self::Edge(edge) => edge.optimize_soon(),
            // The server does so by itself.
            Self::Server(_) => {}
        }
    }

    /// Optimises until there is nothing left to optimise. Searches and writes go on meanwhile.
    ///
    /// # Errors
    /// `Internal` when the engine fails.
    pub async fn optimize(&self) -> Result<()> {
        match self {
            Self::Edge(edge) => edge.optimize().await,
            Self::Server(server) => server.optimize().await,
        }
    }

    /// How many passages match `filter`, counted exactly.
    ///
    /// # Errors
    /// `Internal` when the engine fails.
    pub async fn count(&self, filter: IndexFilter) -> Result<usize> {
        match self {
            Self::Edge(edge) => edge.count(filter).await,
            Self::Server(server) => server.count(filter).await,
        }
    }

    /// What the index knows about itself.
    ///
    /// # Errors
    /// `Internal` when the engine does not answer.
    pub async fn health(&self) -> Result<Health> {
        match self {
            Self::Edge(edge) => edge.health().await,
            Self::Server(server) => server.health().await,
        }
    }

    /// Begins an empty index beside the serving one, for vectors of `space` (the serving index's or
    /// another; `None`: for words alone), with BM25 weights made for `average_terms` terms a
    /// passage. Searches see it only once it is committed.
    ///
    /// # Errors
    /// `Conflict` while another rebuild is under way; `Invalid` when `average_terms` is not above 0.
    pub async fn begin_rebuild(
        &self,
        space: Option<VectorSpace>,
        average_terms: f32,
    ) -> Result<Rebuild> {
        match self {
            Self::Edge(edge) => {
                let rebuild = edge.begin_rebuild(space, average_terms).await?;
                Ok(Rebuild::Edge(rebuild))
            }
            Self::Server(server) => {
                let rebuild = server.begin_rebuild(space, average_terms).await?;
                Ok(Rebuild::Server(Box::new(rebuild)))
            }
        }
    }

    /// Closes the index: waits for what it can, writes what is not yet written, releases the folder
    /// unless an optimisation or another clone still holds it.
    pub async fn close(self) {
        match self {
            Self::Edge(edge) => edge.close().await,
            Self::Server(server) => server.close().await,
        }
    }
}

/// An index that is being filled beside the serving one. Dropped without a commit, it is deleted.
#[derive(Debug)]
pub enum Rebuild {
    /// Of the engine inside this process.
    Edge(EdgeRebuild),
    /// On a server.
    Server(Box<ServerRebuild>),
}

impl Rebuild {
    /// As [`Index::upsert`].
    ///
    /// # Errors
    /// As [`Index::upsert`].
    pub async fn upsert(&self, points: Vec<Point>) -> Result<()> {
        match self {
            Self::Edge(edge) => edge.upsert(points).await,
            Self::Server(server) => server.upsert(points).await,
        }
    }

    /// As [`Index::delete`].
    ///
    /// # Errors
    /// As [`Index::delete`].
    pub async fn delete(&self, selectors: Vec<Selector>) -> Result<()> {
        match self {
            Self::Edge(edge) => edge.delete(selectors).await,
            Self::Server(server) => server.delete(selectors).await,
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
            Self::Server(server) => server.commit(sequence).await,
        }
    }
}
