//! One index over both engines: the embedded one and a Qdrant server, with the same behaviour. It
//! only dispatches; each engine has its own folder. Its futures are boxed here: the body of an `async fn`
//! is compiled again in every crate that awaits it, and the client of a server is large.

use super::edge::{Edge, EdgeRebuild, EdgeSettings};
use super::ledger::Ledger;
use super::point::{Point, Selector};
use super::query::{Candidates, IndexFilter, Query, ScoredCandidates, Scores};
use super::server::{Server, ServerRebuild, ServerSettings};
use super::space::VectorSpace;
use super::status::{Health, Position};
use futures_util::future::BoxFuture;
use ragd_core::domain::PassageId;
use ragd_core::error::Result;
use std::sync::Arc;

/// An index of passages; cheap to clone, safe to share.
///
/// Methods that take `&self` may run concurrently: searches continue during writes and while the
/// index is being optimised; writes wait for each other.
#[derive(Debug, Clone)]
pub enum Index {
    /// The embedded engine, over a folder.
    Edge(Edge),
    /// A Qdrant server, with a ledger beside it.
    Server(Server),
}

impl Index {
    /// Opens the embedded index in the settings' folder, or creates an empty one.
    ///
    /// # Errors
    /// `Conflict` when the folder is open already; `Conflict` with code `CODE_MISMATCH` when it
    /// was built for another model; `Internal` with code `CODE_CORRUPT` when it cannot be read.
    /// [`Index::recreate`] resolves the last two.
    pub fn open(settings: EdgeSettings) -> BoxFuture<'static, Result<Self>> {
        Box::pin(async move { Edge::open(settings).await.map(Self::Edge) })
    }

    /// Creates an empty embedded index in the settings' folder and deletes the existing one,
    /// whether it can be read or not. Its position is 0.
    ///
    /// # Errors
    /// `Conflict` when the folder is open already; `Invalid` when `average_terms` is not above 0.
    pub fn recreate(
        settings: EdgeSettings,
        average_terms: f32,
    ) -> BoxFuture<'static, Result<Self>> {
        Box::pin(async move {
            Edge::recreate(settings, average_terms)
                .await
                .map(Self::Edge)
        })
    }

    /// Prepares the index on a server, which is not contacted until the first request. `ledger`
    /// keeps what must be recorded durably outside of the server.
    ///
    /// # Errors
    /// `Invalid` when the address or the key cannot be used; `Conflict` with code `CODE_MISMATCH`
    /// when the ledger has another model under this one's name; else as the ledger.
    pub fn connect(
        settings: ServerSettings,
        ledger: Arc<dyn Ledger>,
    ) -> BoxFuture<'static, Result<Self>> {
        Box::pin(async move { Server::connect(settings, ledger).await.map(Self::Server) })
    }

    /// Whether other processes may write to the same index, so that the write lease must be
    /// [claimed](Index::claim) first. The embedded index has a lock on its folder instead.
    pub fn is_shared(&self) -> bool {
        match self {
            Self::Edge(_) => false,
            Self::Server(_) => true,
        }
    }

    /// Takes the write lease of a shared index; false while another process has it. It must be
    /// [released](Index::release) when the work is done.
    ///
    /// # Errors
    /// As the ledger.
    pub fn claim(&self) -> BoxFuture<'_, Result<bool>> {
        Box::pin(async move {
            match self {
                Self::Edge(_) => Ok(true),
                Self::Server(server) => server.claim().await,
            }
        })
    }

    /// Releases the write lease.
    ///
    /// # Errors
    /// As the ledger; the lease then expires.
    pub fn release(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            match self {
                Self::Edge(_) => Ok(()),
                Self::Server(server) => server.release().await,
            }
        })
    }

    /// Reads the position of the index again, which another process may have changed.
    ///
    /// # Errors
    /// As the ledger.
    pub fn refresh(&self) -> BoxFuture<'_, Result<Position>> {
        Box::pin(async move {
            match self {
                Self::Edge(edge) => Ok(edge.position()),
                Self::Server(server) => server.refresh().await,
            }
        })
    }

    /// Whether the index can answer questions. Changes nothing.
    ///
    /// # Errors
    /// `Unavailable` with code `CODE_UNREACHABLE` when the server does not answer.
    pub fn check(&self) -> BoxFuture<'_, Result<bool>> {
        Box::pin(async move {
            match self {
                Self::Edge(_) => Ok(true),
                Self::Server(server) => server.check().await,
            }
        })
    }

    /// Makes the index ready: creates the first build, or completes an interrupted switch of
    /// builds. The write lease must have been claimed.
    ///
    /// # Errors
    /// `Unavailable` with code `CODE_MISSING`, or `Conflict` with code `CODE_MISMATCH`, when
    /// a rebuild is necessary; `Conflict` when another database uses the same names; `Unavailable`
    /// with code `CODE_UNREACHABLE` when the server does not answer.
    pub fn ensure(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            match self {
                Self::Edge(_) => Ok(()),
                Self::Server(server) => server.ensure().await,
            }
        })
    }

    /// Permanently deletes the index on a server. The folder of an embedded index is left to its
    /// owner.
    ///
    /// # Errors
    /// `Unavailable` when the server does not answer.
    pub fn destroy(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            match self {
                Self::Edge(_) => Ok(()),
                Self::Server(server) => server.destroy().await,
            }
        })
    }

    /// The name of the engine: `embedded` or `qdrant`.
    pub fn engine(&self) -> &'static str {
        match self {
            Self::Edge(_) => "embedded",
            Self::Server(_) => "qdrant",
        }
    }

    /// Adds passages, or replaces those with the same ids; idempotent.
    ///
    /// # Errors
    /// `Invalid` when a vector has another dimension than the index or a number that is not finite;
    /// then nothing is added.
    pub fn upsert(&self, points: Vec<Point>) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            match self {
                Self::Edge(edge) => edge.upsert(points).await,
                Self::Server(server) => server.upsert(points).await,
            }
        })
    }

    /// Deletes the passages that any of `selectors` selects; a selector may match nothing.
    ///
    /// # Errors
    /// `Internal` when the engine fails.
    pub fn delete(&self, selectors: Vec<Selector>) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            match self {
                Self::Edge(edge) => edge.delete(selectors).await,
                Self::Server(server) => server.delete(selectors).await,
            }
        })
    }

    /// The best passages by keywords and the best by vector, each list by descending score.
    ///
    /// Document frequencies are those of the whole index, whatever the filter. A list is empty
    /// without terms or a vector for it, or with a limit of 0.
    ///
    /// # Errors
    /// `Conflict` with code `CODE_MISMATCH` when the query's vector is of another
    /// model than the vectors of the serving build: embed the question with that model and search
    /// again. `Invalid` when the vector does not fit the index for another reason.
    pub fn search(&self, query: Query) -> BoxFuture<'_, Result<Candidates>> {
        Box::pin(async move {
            match self {
                Self::Edge(edge) => edge.search(query).await,
                Self::Server(server) => server.search(query).await,
            }
        })
    }

    /// As [`Index::search`], with both scores of every passage found: passages that only one list
    /// has are scored for the other too, which costs less than a second search.
    ///
    /// # Errors
    /// As [`Index::search`].
    pub fn search_and_score(&self, query: Query) -> BoxFuture<'_, Result<ScoredCandidates>> {
        Box::pin(async move {
            match self {
                Self::Edge(edge) => edge.search_and_score(query).await,
                Self::Server(server) => server.search_and_score(query).await,
            }
        })
    }

    /// The keyword and vector scores of each of `ids`, in the order of `ids`. The query's filter
    /// applies, its limits do not.
    ///
    /// # Errors
    /// As [`Index::search`]; `Invalid` also when there are more than 10,000 ids.
    pub fn score(&self, query: Query, ids: Vec<PassageId>) -> BoxFuture<'_, Result<Vec<Scores>>> {
        Box::pin(async move {
            match self {
                Self::Edge(edge) => edge.score(query, ids).await,
                Self::Server(server) => server.score(query, ids).await,
            }
        })
    }

    /// Makes everything applied so far durable, then durably moves the follower's position from
    /// `from` to `sequence` and returns it. In this order, so that after a crash changes may be
    /// repeated but are never skipped.
    ///
    /// # Errors
    /// `Conflict` with code `CODE_MOVED` when the position is not `from`: a rebuild was committed
    /// since it was read. Then the changes went to the wrong build; begin again at
    /// [`Index::position`]. `Internal` when writing fails; then the position has not moved.
    pub fn commit(&self, from: Position, sequence: i64) -> BoxFuture<'_, Result<Position>> {
        Box::pin(async move {
            match self {
                Self::Edge(edge) => edge.commit(from, sequence).await,
                Self::Server(server) => server.commit(from, sequence).await,
            }
        })
    }

    /// The position up to which this index has durably followed the change log, as this process
    /// last saw it; 0 for a new index.
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
    pub fn flush(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            match self {
                Self::Edge(edge) => edge.flush().await,
                // The server answers a write only after it has applied and logged it.
                Self::Server(_) => Ok(()),
            }
        })
    }

    /// Requests an optimisation in the background and returns at once; a second request before it
    /// has begun has no effect. Nothing waits for it, not even a shutdown.
    pub fn optimize_soon(&self) {
        match self {
            Self::Edge(edge) => edge.optimize_soon(),
            // The server optimises by itself.
            Self::Server(_) => {}
        }
    }

    /// Optimises until there is nothing left to optimise. Searches and writes continue meanwhile.
    ///
    /// # Errors
    /// `Internal` when the engine fails.
    pub fn optimize(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            match self {
                Self::Edge(edge) => edge.optimize().await,
                Self::Server(server) => server.optimize().await,
            }
        })
    }

    /// How many passages match `filter`, counted exactly.
    ///
    /// # Errors
    /// `Internal` when the engine fails.
    pub fn count(&self, filter: IndexFilter) -> BoxFuture<'_, Result<usize>> {
        Box::pin(async move {
            match self {
                Self::Edge(edge) => edge.count(filter).await,
                Self::Server(server) => server.count(filter).await,
            }
        })
    }

    /// The state of the index.
    ///
    /// # Errors
    /// `Internal` when the engine does not answer.
    pub fn health(&self) -> BoxFuture<'_, Result<Health>> {
        Box::pin(async move {
            match self {
                Self::Edge(edge) => edge.health().await,
                Self::Server(server) => server.health().await,
            }
        })
    }

    /// Begins an empty build beside the serving one, for vectors of `space` (the serving one's or
    /// another; `None`: keywords only), with BM25 weights computed for `average_terms` terms a
    /// passage. Searches use it only after it is committed.
    ///
    /// # Errors
    /// `Conflict` while another rebuild is running; `Invalid` when `average_terms` is not above 0.
    pub fn begin_rebuild(
        &self,
        space: Option<VectorSpace>,
        average_terms: f32,
    ) -> BoxFuture<'_, Result<Rebuild>> {
        Box::pin(async move {
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
        })
    }

    /// Closes the index: writes what is not yet written, and releases the folder unless an
    /// optimisation or another clone still uses it, or the write lease.
    pub fn close(self) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            match self {
                Self::Edge(edge) => edge.close().await,
                Self::Server(server) => server.close().await,
            }
        })
    }
}

/// A build that is being filled beside the serving one; deleted when dropped without a commit.
#[derive(Debug)]
pub enum Rebuild {
    /// Of the embedded engine.
    Edge(EdgeRebuild),
    /// On a server.
    Server(Box<ServerRebuild>),
}

impl Rebuild {
    /// As [`Index::upsert`].
    ///
    /// # Errors
    /// As [`Index::upsert`].
    pub fn upsert(&self, points: Vec<Point>) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            match self {
                Self::Edge(edge) => edge.upsert(points).await,
                Self::Server(server) => server.upsert(points).await,
            }
        })
    }

    /// As [`Index::delete`].
    ///
    /// # Errors
    /// As [`Index::delete`].
    pub fn delete(&self, selectors: Vec<Selector>) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            match self {
                Self::Edge(edge) => edge.delete(selectors).await,
                Self::Server(server) => server.delete(selectors).await,
            }
        })
    }

    /// Optimises and flushes the new build, then atomically replaces the serving one: a search sees
    /// either all of the old build or all of the new. `sequence` is the new build's position in the
    /// change log, from which the follower continues.
    ///
    /// # Errors
    /// `Internal` when writing fails; then the old build continues to serve.
    pub fn commit(self, sequence: i64) -> BoxFuture<'static, Result<()>> {
        Box::pin(async move {
            match self {
                Self::Edge(edge) => edge.commit(sequence).await,
                Self::Server(server) => server.commit(sequence).await,
            }
        })
    }
}
