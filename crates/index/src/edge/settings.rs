//! What an embedded index is opened with, and what that makes of the engine's own settings.

use super::super::payload::{DENSE, LEXICAL};
use super::super::shape::{DELETED_AMONG, DELETED_FRACTION, GRAPH_FROM_KB, SEGMENTS};
use super::super::space::VectorSpace;
use qdrant_edge::{
    Distance, EdgeConfig, EdgeOptimizersConfig, EdgeSparseVectorParams, EdgeVectorParams,
    HnswIndexConfig, Memory, Modifier, ScalarQuantizationConfig, ScalarType, WalOptions,
};
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// One log file; the engine lays it out in full. A batch of 256 passages takes about a megabyte.
const LOG_FILE_BYTES: usize = 8 * 1024 * 1024;

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
                EdgeVectorParams::builder(space.dimension, Distance::Cosine)
                    .quantization_config(bytes().into())
                    .build(),
            )
            .build(),
        None => config.build(),
    }
}

/// Vectors as bytes, for the first look at those that have a graph.
#[expect(
    deprecated,
    reason = "the engine's type has no constructor that leaves the old field out"
)]
fn bytes() -> ScalarQuantizationConfig {
    ScalarQuantizationConfig {
        r#type: ScalarType::Int8,
        quantile: None,
        always_ram: None,
        memory: Some(Memory::Cached),
    }
}
