//! The handle of an embedded index: opens and creates it, and runs reads and writes of the serving
//! build on blocking threads, each kind with its own permits.

use super::super::point::{Point, Selector};
use super::super::query::{Candidates, IndexFilter, Query, ScoredCandidates, Scores};
use super::super::space::{VectorSpace, check_average};
use super::super::status::{Health, Position};
use super::super::sync::closed;
use super::super::terms::DEFAULT_AVERAGE_TERMS;
use super::folder::{self, Folder, Meta};
use super::optimizer::Optimizer;
use super::settings::EdgeSettings;
use super::shard::Shard;
use ragd_core::domain::PassageId;
use ragd_core::error::{Error, Result};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;

/// An embedded index; cheap to clone.
#[derive(Debug, Clone)]
pub struct Edge(pub(super) Arc<Inner>);

/// What all clones of the handle share.
#[derive(Debug)]
pub(super) struct Inner {
    pub folder: Arc<Folder>,
    serving: RwLock<Arc<Shard>>,
    /// As many permits as cores: searches are bound by the processor.
    reads: Arc<Semaphore>,
    /// One permit: the engine writes one operation at a time, and waiting here blocks no thread.
    pub writes: Arc<Semaphore>,
    /// Whether a rebuild has its permit.
    pub rebuilding: Arc<AtomicBool>,
    pub optimizer: Optimizer,
}

impl Edge {
    /// Opens the index in the settings' folder, or creates an empty one.
    ///
    /// # Errors
    /// As [`Index::open`](super::super::Index::open).
    pub(crate) async fn open(settings: EdgeSettings) -> Result<Self> {
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
        // The engine panics on some malformed files.
        opened
            .await
            .unwrap_or_else(|panic| Err(folder::corrupt(&path, panic)))
    }

    /// Creates an empty index in the settings' folder, whatever it contains.
    ///
    /// # Errors
    /// As [`Index::recreate`](super::super::Index::recreate).
    pub(crate) async fn recreate(settings: EdgeSettings, average_terms: f32) -> Result<Self> {
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
            rebuilding: Arc::default(),
            optimizer: Optimizer::start()?,
        })))
    }

    pub(crate) async fn upsert(&self, points: Vec<Point>) -> Result<()> {
        self.write(move |shard| shard.upsert(&points)).await
    }

    pub(crate) async fn delete(&self, selectors: Vec<Selector>) -> Result<()> {
        self.write(move |shard| shard.delete(selectors)).await
    }

    pub(crate) async fn flush(&self) -> Result<()> {
        self.write(Shard::flush).await
    }

    pub(crate) async fn commit(&self, from: Position, sequence: i64) -> Result<Position> {
        self.write(move |shard| shard.commit(from, sequence)).await
    }

    pub(crate) fn position(&self) -> Position {
        self.serving().position()
    }

    pub(crate) async fn search(&self, query: Query) -> Result<Candidates> {
        self.read(move |shard| shard.searcher().search(&query))
            .await
    }

    pub(crate) async fn search_and_score(&self, query: Query) -> Result<ScoredCandidates> {
        self.read(move |shard| shard.searcher().search_and_score(&query))
            .await
    }

    pub(crate) async fn score(&self, query: Query, ids: Vec<PassageId>) -> Result<Vec<Scores>> {
        self.read(move |shard| shard.searcher().score(&query, &ids))
            .await
    }

    pub(crate) async fn count(&self, filter: IndexFilter) -> Result<usize> {
        self.read(move |shard| shard.searcher().count(&filter))
            .await
    }

    pub(crate) async fn health(&self) -> Result<Health> {
        let optimizing = self.0.optimizer.is_running();
        self.read(move |shard| {
            let (info, progress) = (shard.info()?, shard.progress());
            Ok(Health {
                passages: info.points_count,
                segments: info.segments_count,
                position: shard.position(),
                built_average_terms: shard.meta().average_terms,
                seen_average_terms: progress.added().average_terms(),
                optimizing,
            })
        })
        .await
    }

    pub(crate) fn optimize_soon(&self) {
        self.0.optimizer.request(self.serving());
    }

    pub(crate) async fn optimize(&self) -> Result<()> {
        self.0.optimizer.run(self.serving()).await
    }

    pub(crate) async fn close(self) {
        if let Err(error) = self.flush().await {
            tracing::error!(
                error = error.chain(),
                "the index could not be flushed at its close"
            );
        }
        // Dropping the last handle of the engine blocks until its files are written.
        drop(spawn_blocking(move || drop(self)).await);
    }

    fn serving(&self) -> Arc<Shard> {
        let serving = &self.0.serving;
        Arc::clone(&serving.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces the serving build and returns the former one.
    pub(super) fn serve(&self, shard: Arc<Shard>) -> Arc<Shard> {
        let serving = &self.0.serving;
        let mut serving = serving.write().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut serving, shard)
    }

    async fn read<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Shard) -> Result<T> + Send + 'static,
    {
        let permit = permit(&self.0.reads).await?;
        run_blocking(permit, self.serving(), work).await
    }

    async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Shard) -> Result<T> + Send + 'static,
    {
        // The permit first, then the shard: a rebuild may have replaced it while this call waited.
        let permit = permit(&self.0.writes).await?;
        run_blocking(permit, self.serving(), work).await
    }
}

/// Waits for a permit.
pub(super) async fn permit(permits: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit> {
    Arc::clone(permits).acquire_owned().await.map_err(closed)
}

/// Runs blocking work, which keeps its permit even if the caller is cancelled, so that the number
/// of running tasks stays bounded.
pub(super) async fn run_blocking<T, F>(
    permit: OwnedSemaphorePermit,
    shard: Arc<Shard>,
    work: F,
) -> Result<T>
where
    T: Send + 'static,
    F: FnOnce(&Shard) -> Result<T> + Send + 'static,
{
    joined(spawn_blocking(move || {
        let outcome = work(&shard);
        drop(shard);
        drop(permit);
        outcome
    }))
    .await
}

/// The result of a blocking task; a panic of the engine is an error.
pub(super) async fn joined<T>(task: tokio::task::JoinHandle<Result<T>>) -> Result<T> {
    task.await.unwrap_or_else(|panic| {
        Err(Error::internal("the index's engine panicked").with_source(panic))
    })
}
