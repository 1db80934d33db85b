//! One build of an embedded index: the engine's shard with what it was made for and how far it has
//! followed. Everything here blocks; the callers take it off the async threads.

use super::super::payload::{DENSE, LEXICAL, payload};
use super::super::point::{Point, Selector};
use super::super::shape::beam;
use super::super::space::{VectorSpace, check_vector};
use super::super::{CODE_MOVED, Position};
use super::filter::{deletion, payload_indexes};
use super::folder::{self, Folder, Meta, Progress};
use super::search::Searcher;
use super::settings::engine_config;
use qdrant_edge::{
    EdgeShard, NamedVectors, OperationError, PointId, PointInsertOperations, PointOperations,
    PointStruct, ShardInfo, UpdateOperation, Vector,
};
use ragd_core::error::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many passages go into one operation of the engine, so that one entry of its log stays small.
const BATCH: usize = 256;

/// A build.
#[derive(Debug)]
pub(super) struct Shard {
    // The order of the fields is the order in which they go: the engine writes what is unwritten,
    // then a retired build's folder is deleted, then the lock is released.
    engine: EdgeShard,
    files: BuildFiles,
    /// The right to write or flush: the engine's flush must not meet a half-applied operation.
    writer: Mutex<()>,
    progress: Mutex<Progress>,
    meta: Meta,
    number: u64,
    _folder: Arc<Folder>,
}

/// A build's folder; deleted at the end if it was retired.
#[derive(Debug)]
struct BuildFiles {
    path: PathBuf,
    retired: AtomicBool,
}

impl Drop for BuildFiles {
    fn drop(&mut self) {
        if self.retired.load(Ordering::Acquire)
            && let Err(error) = std::fs::remove_dir_all(&self.path)
        {
            tracing::warn!(path = %self.path.display(), %error, "an old build of the index stays");
        }
    }
}

impl Shard {
    /// Begins an empty build that is deleted when dropped, until it is [kept](Self::keep).
    pub fn create(folder: &Arc<Folder>, meta: Meta) -> Result<Self> {
        let number = folder.next_build()?;
        let path = folder.build(number);
        let engine = EdgeShard::new(&shard_path(&path), engine_config(meta.space.as_ref()))
            .map_err(engine_error)?;
        for operation in payload_indexes()? {
            engine.update(operation).map_err(engine_error)?;
        }
        engine.flush().map_err(engine_error)?;
        folder::write_meta(&path, &meta)?;
        Ok(Self::assemble(
            folder,
            number,
            (engine, meta, Progress::default()),
            true,
        ))
    }

    /// Opens build `number`, which must be for `space`.
    ///
    /// # Errors
    /// As [`folder::read_meta`]; code `index_corrupt` also when the engine cannot load it.
    pub fn open(folder: &Arc<Folder>, number: u64, space: Option<&VectorSpace>) -> Result<Self> {
        let path = folder.build(number);
        let meta = folder::read_meta(&path, space)?;
        let progress = folder::read_progress(&path)?;
        let engine = EdgeShard::load(&shard_path(&path), Some(engine_config(space)))
            .map_err(|error| folder::corrupt(&path, error))?;
        Ok(Self::assemble(
            folder,
            number,
            (engine, meta, progress),
            false,
        ))
    }

    fn assemble(
        folder: &Arc<Folder>,
        number: u64,
        (engine, meta, progress): (EdgeShard, Meta, Progress),
        retired: bool,
    ) -> Self {
        Self {
            engine,
            files: BuildFiles {
                path: folder.build(number),
                retired: AtomicBool::new(retired),
            },
            writer: Mutex::new(()),
            progress: Mutex::new(progress),
            meta,
            number,
            _folder: Arc::clone(folder),
        }
    }

    /// The build's number.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// What the build was made for.
    pub fn meta(&self) -> &Meta {
        &self.meta
    }

    /// Where the build stands in the change log.
    pub fn position(&self) -> Position {
        Position {
            build: self.number,
            sequence: self.progress().sequence,
        }
    }

    /// How far the build has followed, and what was added to it.
    pub fn progress(&self) -> Progress {
        *lock(&self.progress)
    }

    /// Keeps the build's folder when the build is dropped.
    pub fn keep(&self) {
        self.files.retired.store(false, Ordering::Release);
    }

    /// Deletes the build's folder when the last user of the build is gone.
    pub fn retire(&self) {
        self.files.retired.store(true, Ordering::Release);
    }

    /// Adds or replaces passages, all checked before the first is written.
    pub fn upsert(&self, points: &[Point]) -> Result<()> {
        let space = self.meta.space.as_ref();
        for vector in points.iter().filter_map(|point| point.dense.as_deref()) {
            check_vector(space, vector)?;
        }
        let _writing = lock(&self.writer);
        for batch in points.chunks(BATCH) {
            let points = batch
                .iter()
                .map(|point| self.engine_point(point).map(Into::into))
                .collect::<Result<Vec<_>>>()?;
            let points = PointInsertOperations::PointsList(points);
            self.update(UpdateOperation::PointOperation(
                PointOperations::UpsertPoints(points),
            ))?;
            let mut progress = lock(&self.progress);
            progress.passages += batch.len() as u64;
            progress.terms += batch.iter().map(|p| p.terms.total() as u64).sum::<u64>();
        }
        Ok(())
    }

    /// Deletes what the selectors select.
    pub fn delete(&self, selectors: Vec<Selector>) -> Result<()> {
        let _writing = lock(&self.writer);
        for selector in selectors {
            self.update(deletion(selector)?)?;
        }
        Ok(())
    }

    /// Makes everything applied durable.
    pub fn flush(&self) -> Result<()> {
        let _writing = lock(&self.writer);
        self.engine.flush().map_err(engine_error)
    }

    /// Makes everything applied durable, then moves the position from `from` to `sequence`.
    ///
    /// # Errors
    /// `Conflict` when the position is not `from`.
    pub fn commit(&self, from: Position, sequence: i64) -> Result<Position> {
        let _writing = lock(&self.writer);
        if self.position() != from {
            return Err(Error::new(
                ErrorKind::Conflict,
                "the index stands elsewhere in the change log than it was followed from",
            )
            .with_code(CODE_MOVED));
        }
        self.move_to(sequence)?;
        Ok(self.position())
    }

    /// Makes everything applied durable, then sets the position of a build that nobody follows yet.
    pub fn start_at(&self, sequence: i64) -> Result<()> {
        let _writing = lock(&self.writer);
        self.move_to(sequence)
    }

    fn move_to(&self, sequence: i64) -> Result<()> {
        self.engine.flush().map_err(engine_error)?;
        let moved = Progress {
            sequence,
            ..self.progress()
        };
        folder::write_progress(&self.files.path, &moved)?;
        *lock(&self.progress) = moved;
        Ok(())
    }

    /// Optimises until idle, then lets the engine forget the log of what it rewrote.
    pub fn optimize(&self) -> Result<()> {
        self.engine.optimize().map_err(engine_error)?;
        self.flush()
    }

    /// Where questions go.
    pub fn searcher(&self) -> Searcher<'_> {
        Searcher {
            engine: &self.engine,
            space: self.meta.space.as_ref(),
            beam: beam(self.progress().passages),
        }
    }

    /// The engine's own account.
    pub fn info(&self) -> Result<ShardInfo> {
        self.engine.info().map_err(engine_error)
    }

    fn engine_point(&self, point: &Point) -> Result<PointStruct> {
        let mut vectors = NamedVectors::default();
        if !point.terms.is_empty() {
            let (terms, weights) = point.terms.passage_weights(self.meta.average_terms);
            let sparse = Vector::new_sparse(terms, weights).map_err(engine_error)?;
            vectors = vectors.add_vector(LEXICAL, sparse);
        }
        if let Some(dense) = &point.dense {
            vectors = vectors.add_vector(DENSE, Vector::new_dense(dense.clone()));
        }
        let id = PointId::Uuid(point.id.uuid());
        Ok(PointStruct::new(id, vectors, payload(point)))
    }

    fn update(&self, operation: UpdateOperation) -> Result<()> {
        self.engine.update(operation).map_err(engine_error)
    }
}

/// Takes a lock even if a thread died with it: the numbers are whole, and what the engine had
/// applied is in its log.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn shard_path(build: &Path) -> PathBuf {
    build.join("shard")
}

/// What the engine says, as one of our errors.
pub(super) fn engine_error(error: OperationError) -> Error {
    match error {
        OperationError::ValidationError { .. } | OperationError::WrongVectorDimension { .. } => {
            Error::invalid(format!("index: {error}"))
        }
        error => Error::internal("the index's engine failed").with_source(error),
    }
}
