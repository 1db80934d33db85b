//! The settings of an embedded index, and the engine's own settings that follow from them.

use super::super::payload::{DENSE, LEXICAL};
use super::super::shape::{DELETED_AMONG, DELETED_FRACTION, GRAPH_FROM_KB, SEGMENTS};
use super::super::space::VectorSpace;
use qdrant_edge::{
    Distance, EdgeConfig, EdgeOptimizersConfig, EdgeSparseVectorParams, EdgeVectorParams,
    HnswIndexConfig, Memory, Modifier, ScalarQuantizationConfig, ScalarType, WalOptions,
};
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// The size of one log file, which the engine allocates in full. A batch of 256 passages takes
/// about a megabyte.
const LOG_FILE_BYTES: usize = 8 * 1024 * 1024;

/// The settings of an embedded index.
#[derive(Debug, Clone)]
pub struct EdgeSettings {
    /// Its folder, created if it does not exist; it must have no other content.
    pub path: PathBuf,
    /// The space of its dense vectors; `None` without a model: then only keywords are searched.
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
        // The log is necessary although SQL could repeat every change: during an optimisation the
        // engine keeps deletions in memory, and only the log makes a flush durable.
        .wal_enabled(true)
        .wal_options(log)
        // Segments are searched one after another on the calling thread: two small tasks cost less
        // than handing them to a pool, and concurrent searches use several threads anyway.
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

/// Vectors as bytes, for the first comparison in segments with a graph.
#[expect(
    deprecated,
    reason = "the engine's type has no constructor without the deprecated field"
)]
fn bytes() -> ScalarQuantizationConfig {
    ScalarQuantizationConfig {
        r#type: ScalarType::Int8,
        quantile: None,
        always_ram: None,
        memory: Some(Memory::Cached),
    }
}
