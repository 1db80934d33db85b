//! The index inside this process, over a folder: takes the blocking engine off the async threads,
//! bounds how much of it runs at once, and switches from one build to the next. It refuses a folder
//! that another process uses, and one that was built for another model.

mod filter;
mod folder;
mod optimizer;
mod search;
mod settings;
mod shard;

pub use settings::EdgeSettings;

use super::point::{Point, Selector};
use super::query::{Candidates, IndexFilter, Query, ScoredCandidates, Scores};
use super::space::{VectorSpace, check_average};
use super::terms::DEFAULT_AVERAGE_TERMS;
use super::{Health, Position};
use folder::{Folder, Meta};
use optimizer::Optimizer;
use ragd_core::domain::PassageId;
use ragd_core::error::{Error, ErrorKind, Result};
use shard::Shard;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;

/// An embedded index; cheap to clone.
#[derive(Debug, Clone)]
pub struct Edge(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    folder: Arc<Folder>,
    serving: RwLock<Arc<Shard>>,
    /// A search computes all the time, so more of them at once than cores only slow each other.
    reads: Arc<Semaphore>,
    /// The engine writes one operation at a time; waiting here costs no thread.
    writes: Arc<Semaphore>,
    rebuilding: AtomicBool,
    optimizer: Optimizer,
}

impl Edge {
    /// Opens the index in the settings' folder, or makes an empty one.
    ///
    /// # Errors
    /// As [`Index::open`](super::Index::open).
    pub async fn open(settings: EdgeSettings) -> Result<Self> {
        let path = settings.path.clone();
        let opened = spawn_blocking(move || {
            let folder = Arc::new(Folder::lock(&settings.path)?);
            let Some(number) = folder.serving()? else {
                return Self::begin(settings.space, folder, DEFAULT_AVERAGE_TERMS);
            };
            let shard = Shard::open(&folder, number, settings.space.as_ref())?;
            folder.delete_other_builds(number)?;
            Self::assemble(folder, shard)
        });
        // The engine panics on some files that make no sense.
        opened
            .await
            .unwrap_or_else(|panic| Err(folder::corrupt(&path, panic)))
    }

    /// Makes an empty index in the settings' folder, whatever is there.
    ///
    /// # Errors
    /// As [`Index::recreate`](super::Index::recreate).
    pub async fn recreate(settings: EdgeSettings, average_terms: f32) -> Result<Self> {
        check_average(average_terms)?;
        joined(spawn_blocking(move || {
            let folder = Arc::new(Folder::lock(&settings.path)?);
            Self::begin(settings.space, folder, average_terms)
        }))
        .await
    }

    fn begin(space: Option<VectorSpace>, folder: Arc<Folder>, average_terms: f32) -> Result<Self> {
        let shard = Shard::create(&folder, Meta::new(space, average_terms))?;
        shard.keep();
        folder.serve(shard.number())?;
        folder.delete_other_builds(shard.number())?;
        Self::assemble(folder, shard)
    }

    fn assemble(folder: Arc<Folder>, shard: Shard) -> Result<Self> {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Ok(Self(Arc::new(Inner {
            folder,
            serving: RwLock::new(Arc::new(shard)),
            reads: Arc::new(Semaphore::new(cores)),
            writes: Arc::new(Semaphore::new(1)),
            rebuilding: AtomicBool::new(false),
            optimizer: Optimizer::start()?,
        })))
    }

    pub(super) async fn upsert(&self, points: Vec<Point>) -> Result<()> {
        self.write(move |shard| shard.upsert(&points)).await
    }

    pub(super) async fn delete(&self, selectors: Vec<Selector>) -> Result<()> {
        self.write(move |shard| shard.delete(selectors)).await
    }

    pub(super) async fn flush(&self) -> Result<()> {
        self.write(Shard::flush).await
    }

    pub(super) async fn commit(&self, from: Position, sequence: i64) -> Result<Position> {
        self.write(move |shard| shard.commit(from, sequence)).await
    }

    pub(super) fn position(&self) -> Position {
        self.serving().position()
    }

    pub(super) async fn search(&self, query: Query) -> Result<Candidates> {
        self.read(move |shard| shard.searcher().search(&query))
            .await
    }

    pub(super) async fn search_and_score(&self, query: Query) -> Result<ScoredCandidates> {
        self.read(move |shard| shard.searcher().search_and_score(&query))
            .await
    }

    pub(super) async fn score(&self, query: Query, ids: Vec<PassageId>) -> Result<Vec<Scores>> {
        self.read(move |shard| shard.searcher().score(&query, &ids))
            .await
    }

    pub(super) async fn count(&self, filter: IndexFilter) -> Result<usize> {
        self.read(move |shard| shard.searcher().count(&filter))
            .await
    }

    pub(super) async fn health(&self) -> Result<Health> {
        let optimizing = self.0.optimizer.is_running();
        self.read(move |shard| {
            let (info, progress) = (shard.info()?, shard.progress());
            Ok(Health {
                passages: info.points_count,
                segments: info.segments_count,
                position: shard.position(),
                built_average_terms: shard.meta().average_terms,
                seen_average_terms: progress.average_terms(),
                optimizing,
            })
        })
        .await
    }

    pub(super) fn optimize_soon(&self) {
        self.0.optimizer.request(self.serving());
    }

    pub(super) async fn optimize(&self) -> Result<()> {
        self.0.optimizer.run(self.serving()).await
    }

    pub(super) async fn begin_rebuild(
        &self,
        space: Option<VectorSpace>,
        average_terms: f32,
    ) -> Result<EdgeRebuild> {
        check_average(average_terms)?;
        let turn = Turn::take(self)?;
        let folder = Arc::clone(&self.0.folder);
        let shard = joined(spawn_blocking(move || {
            Shard::create(&folder, Meta::new(space, average_terms))
        }))
        .await?;
        let shard = Arc::new(shard);
        Ok(EdgeRebuild { shard, turn })
    }

    pub(super) async fn close(self) {
        if let Err(error) = self.flush().await {
            tracing::error!(
                error = error.chain(),
                "the index was not written at its close"
            );
        }
        // The last one to let go of the engine waits for its files.
        drop(spawn_blocking(move || drop(self)).await);
    }

    fn serving(&self) -> Arc<Shard> {
        let serving = &self.0.serving;
        Arc::clone(&serving.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn serve(&self, shard: Arc<Shard>) -> Arc<Shard> {
        let serving = &self.0.serving;
        let mut serving = serving.write().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut serving, shard)
    }

    async fn read<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Shard) -> Result<T> + Send + 'static,
    {
        let place = place(&self.0.reads).await?;
        in_place(place, self.serving(), work).await
    }

    async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Shard) -> Result<T> + Send + 'static,
    {
        // First the place, then the shard: a rebuild may have switched while this one waited.
        let place = place(&self.0.writes).await?;
        in_place(place, self.serving(), work).await
    }
}

/// A build that is being filled beside the serving one.
#[derive(Debug)]
pub struct EdgeRebuild {
    shard: Arc<Shard>,
    turn: Turn,
}

impl EdgeRebuild {
    pub(super) async fn upsert(&self, points: Vec<Point>) -> Result<()> {
        self.write(move |shard| shard.upsert(&points)).await
    }

    pub(super) async fn delete(&self, selectors: Vec<Selector>) -> Result<()> {
        self.write(move |shard| shard.delete(selectors)).await
    }

    pub(super) async fn commit(self, sequence: i64) -> Result<()> {
        let edge = self.turn.edge.clone();
        edge.0.optimizer.run(Arc::clone(&self.shard)).await?;
        self.write(move |shard| shard.start_at(sequence)).await?;
        let place = place(&edge.0.writes).await?;
        joined(spawn_blocking(move || {
            // Kept even if the pointer cannot be written: it may have been, all but the last sync.
            self.shard.keep();
            edge.0.folder.serve(self.shard.number())?;
            edge.serve(Arc::clone(&self.shard)).retire();
            drop(place);
            Ok(())
        }))
        .await
    }

    async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Shard) -> Result<T> + Send + 'static,
    {
        let place = place(&self.turn.edge.0.writes).await?;
        in_place(place, Arc::clone(&self.shard), work).await
    }
}

/// The right to rebuild, which one has at a time.
#[derive(Debug)]
struct Turn {
    edge: Edge,
}

impl Turn {
    fn take(edge: &Edge) -> Result<Self> {
        if edge.0.rebuilding.swap(true, Ordering::AcqRel) {
            return Err(Error::new(
                ErrorKind::Conflict,
                "the index is already being rebuilt",
            ));
        }
        Ok(Self { edge: edge.clone() })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.edge.0.rebuilding.store(false, Ordering::Release);
    }
}

/// Waits for a place among those that `gate` lets run at once.
async fn place(gate: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit> {
    Arc::clone(gate)
        .acquire_owned()
        .await
        .map_err(|error| Error::internal("the index is closed").with_source(error))
}

/// Runs blocking work, which keeps its place even if the caller gives up: what runs stays bounded.
async fn in_place<T, F>(place: OwnedSemaphorePermit, shard: Arc<Shard>, work: F) -> Result<T>
where
    T: Send + 'static,
    F: FnOnce(&Shard) -> Result<T> + Send + 'static,
{
    joined(spawn_blocking(move || {
        let outcome = work(&shard);
        drop(shard);
        drop(place);
        outcome
    }))
    .await
}

async fn joined<T>(task: tokio::task::JoinHandle<Result<T>>) -> Result<T> {
    task.await.unwrap_or_else(|panic| {
        Err(Error::internal("the index's engine panicked").with_source(panic))
    })
}
