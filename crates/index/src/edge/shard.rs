//! One build of an embedded index: the engine's shard, with what it is for and its progress in the
//! change log. Everything here blocks; the callers run it on blocking threads.

use super::super::error::moved;
use super::super::payload::{DENSE, LEXICAL, payload};
use super::super::point::{Point, Selector};
use super::super::shape::search_ef;
use super::super::space::{VectorSpace, check_vector};
use super::super::status::Position;
use super::super::sync::lock;
use super::error::engine_error;
use super::filter::{deletion, payload_indexes};
use super::folder::{self, Folder, Meta, Progress};
use super::search::Searcher;
use super::settings::engine_config;
use qdrant_edge::{
    EdgeShard, NamedVectors, PointId, PointInsertOperations, PointOperations, PointStruct,
    ShardInfo, UpdateOperation, Vector,
};
use ragd_core::error::Result;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// The most passages of one operation of the engine, so that an entry of its log stays small.
const BATCH: usize = 256;

/// A build.
#[derive(Debug)]
pub(super) struct Shard {
    // Fields are dropped in this order: the engine writes what is not yet written, then the folder
    // of a retired build is deleted, then the lock is released.
    engine: EdgeShard,
    files: BuildFiles,
    /// Held while writing or flushing: a flush must not run during an operation of the engine.
    writer: Mutex<()>,
    progress: Mutex<Progress>,
    meta: Meta,
    number: u64,
    _folder: Arc<Folder>,
}

/// A build's folder; deleted when dropped if the build is retired.
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
            tracing::warn!(path = %self.path.display(), %error, "an old build of the index could not be deleted");
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
        let shard = Self::assemble(folder, number, engine, meta, Progress::default());
        shard.retire();
        Ok(shard)
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
        Ok(Self::assemble(folder, number, engine, meta, progress))
    }

    fn assemble(
        folder: &Arc<Folder>,
        number: u64,
        engine: EdgeShard,
        meta: Meta,
        progress: Progress,
    ) -> Self {
        Self {
            engine,
            files: BuildFiles {
                path: folder.build(number),
                retired: AtomicBool::new(false),
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

    /// What the build is for.
    pub fn meta(&self) -> &Meta {
        &self.meta
    }

    /// The build's position in the change log.
    pub fn position(&self) -> Position {
        Position {
            build: self.number,
            sequence: self.progress().sequence,
        }
    }

    /// The build's progress in the change log, and the totals of what was added to it.
    pub fn progress(&self) -> Progress {
        *lock(&self.progress)
    }

    /// Keeps the build's folder when the build is dropped.
    pub fn keep(&self) {
        self.files.retired.store(false, Ordering::Release);
    }

    /// Deletes the build's folder when the build is dropped.
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
            let mut added = progress.added();
            added.count(batch);
            *progress = progress.with_added(added);
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

    /// Makes everything applied so far durable.
    pub fn flush(&self) -> Result<()> {
        let _writing = lock(&self.writer);
        self.engine.flush().map_err(engine_error)
    }

    /// Makes everything applied so far durable, then moves the position from `from` to `sequence`.
    ///
    /// # Errors
    /// `Conflict` when the position is not `from`.
    pub fn commit(&self, from: Position, sequence: i64) -> Result<Position> {
        let _writing = lock(&self.writer);
        if self.position() != from {
            return Err(moved());
        }
        self.move_to(sequence)?;
        Ok(self.position())
    }

    /// Makes everything applied so far durable, then sets the position of a build that does not
    /// follow the change log yet.
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

    /// Optimises until nothing is left to do, then flushes, so that the engine can truncate its
    /// log.
    pub fn optimize(&self) -> Result<()> {
        self.engine.optimize().map_err(engine_error)?;
        self.flush()
    }

    /// The build as searches use it.
    pub fn searcher(&self) -> Searcher<'_> {
        Searcher {
            engine: &self.engine,
            space: self.meta.space.as_ref(),
            ef: search_ef(self.progress().passages),
        }
    }

    /// The engine's own statistics.
    pub fn info(&self) -> Result<ShardInfo> {
        self.engine.info().map_err(engine_error)
    }

    fn engine_point(&self, point: &Point) -> Result<PointStruct> {
        let mut vectors = NamedVectors::default();
        if !point.terms.is_empty() {
            let sparse = point.terms.passage_weights(self.meta.average_terms);
            let sparse = Vector::new_sparse(sparse.terms, sparse.weights).map_err(engine_error)?;
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

fn shard_path(build: &Path) -> PathBuf {
    build.join("shard")
}
