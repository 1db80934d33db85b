//! What an embedded index is opened with, and what that makes of the engine's own settings. The
//! numbers that decide between exact search and a graph are here, with their reasons.

use super::super::CODE_MISMATCH;
use super::super::query::QueryVector;
use crate::error::{Error, ErrorKind, Result};
use qdrant_edge::{
    Distance, EdgeConfig, EdgeOptimizersConfig, EdgeSparseVectorParams, EdgeVectorParams,
    HnswIndexConfig, Modifier, WalOptions,
};
use serde::{Deserialize, Serialize};
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// The name of the dense vectors.
pub(super) const DENSE: &str = "dense";
/// The name of the sparse vectors.
pub(super) const LEXICAL: &str = "bm25";

/// Vectors above this size in one segment get a graph at the next optimisation; below it every
/// vector is compared, which is exact. 10 MB are 6,500 vectors of 384 numbers, compared in well
/// under a millisecond.
const GRAPH_FROM_KB: usize = 10_000;
/// One optimised segment and the one that is written to: every segment more costs a search more.
const SEGMENTS: usize = 2;
/// Deleted passages count in the rarity of terms until their segment is rewritten, at the next
/// optimisation that finds more than this part of it deleted: at worst `ln 1.25` of a term's rarity.
const DELETED_FRACTION: f64 = 0.2;
/// Smaller segments are not rewritten; the engine's own 1,000 would leave most small indexes with
/// the terms of every document that was ever replaced.
const DELETED_AMONG: usize = 50;
/// One log file; the engine lays it out in full. A batch of 256 passages takes about a megabyte.
const LOG_FILE_BYTES: usize = 8 * 1024 * 1024;

/// The space that an index's dense vectors are of; vectors of different spaces are not comparable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VectorSpace {
    /// The model that makes the vectors, with its revision.
    pub model: String,
    /// How many numbers a vector has.
    pub dimension: usize,
}

impl std::fmt::Display for VectorSpace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({} dimensions)", self.model, self.dimension)
    }
}

/// What an embedded index is opened with.
#[derive(Debug, Clone)]
pub struct EdgeSettings {
    /// Its folder, made when absent; nothing else may live in it.
    pub path: PathBuf,
    /// The space of its dense vectors; `None` without a model: then words alone are searched.
    pub space: Option<VectorSpace>,
}

/// The engine's settings for vectors of `space`.
pub(super) fn engine_config(space: Option<&VectorSpace>) -> EdgeConfig {
    let lexical = EdgeSparseVectorParams::builder()
        .modifier(Modifier::Idf)
        .build();
    let optimizers = EdgeOptimizersConfig {
        default_segment_number: Some(SEGMENTS),
        indexing_threshold: Some(GRAPH_FROM_KB),
        deleted_threshold: Some(DELETED_FRACTION),
        vacuum_min_vector_number: Some(DELETED_AMONG),
        ..EdgeOptimizersConfig::default()
    };
    let graph = HnswIndexConfig {
        full_scan_threshold: GRAPH_FROM_KB,
        ..HnswIndexConfig::default()
    };
    let log = WalOptions {
        segment_capacity: LOG_FILE_BYTES,
        segment_queue_len: 0,
        retain_closed: NonZeroUsize::MIN,
    };
    let config = EdgeConfig::builder()
        .sparse_vector(LEXICAL, lexical)
        .optimizers(optimizers)
        .hnsw_config(graph)
        // The log stays on, though SQL could repeat every change: while an optimisation runs the
        // engine keeps deletions in memory, and only the log makes a flush durable.
        .wal_enabled(true)
        .wal_options(log)
        // Segments one after another on the calling thread: handing two small pieces of work to a
        // pool costs more than they take, and several searches use several threads anyway.
        .max_search_threads(1);
    match space {
        Some(space) => config
            .vector(
                DENSE,
                EdgeVectorParams::builder(space.dimension, Distance::Cosine).build(),
            )
            .build(),
        None => config.build(),
    }
}

/// Checks a question's vector against the index's space.
///
/// # Errors
/// `Conflict`, code [`CODE_MISMATCH`], when the index's vectors are of another model, or of none;
/// else as [`check_vector`].
pub(super) fn check_question(space: Option<&VectorSpace>, vector: &QueryVector) -> Result<()> {
    match space {
        Some(space) if space.model == vector.model => check_vector(Some(space), &vector.values),
        other => {
            let built = other.map_or("no model", |space| space.model.as_str());
            let message = format!(
                "the index holds vectors of {built}, and the question's is of {}",
                vector.model
            );
            Err(Error::new(ErrorKind::Conflict, message).with_code(CODE_MISMATCH))
        }
    }
}

/// Checks a vector against the index's space.
///
/// # Errors
/// `Invalid` when the index has no vectors, the dimension is another, or a number is not finite.
pub(super) fn check_vector(space: Option<&VectorSpace>, vector: &[f32]) -> Result<()> {
    let Some(space) = space else {
        return Err(Error::invalid(
            "vector: the index was made without an embedding model and holds no vectors",
        ));
    };
    if vector.len() != space.dimension {
        return Err(Error::invalid(format!(
            "vector: must have {} numbers, it has {}",
            space.dimension,
            vector.len()
        )));
    }
    if vector.iter().all(|number| number.is_finite()) {
        Ok(())
    } else {
        Err(Error::invalid("vector: every number must be finite"))
    }
}
