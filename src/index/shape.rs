//! The numbers that decide how an engine lays passages out: between exact search and a graph, and
//! when deleted passages are swept out. The same for every engine, so that they rank alike.

/// Vectors above this size in one segment get a graph at the next optimisation; below it every
/// vector is compared, which is exact. 10 MB are 6,500 vectors of 384 numbers, compared in well
/// under a millisecond.
pub(super) const GRAPH_FROM_KB: usize = 10_000;
/// One optimised segment and the one that is written to: every segment more costs a search more.
pub(super) const SEGMENTS: usize = 2;
/// Deleted passages count in the rarity of terms until their segment is rewritten, at the next
/// optimisation that finds more than this part of it deleted: at worst `ln 1.25` of a term's rarity.
pub(super) const DELETED_FRACTION: f64 = 0.2;
/// Smaller segments are not rewritten; the engine's own 1,000 would leave most small indexes with
/// the terms of every document that was ever replaced.
pub(super) const DELETED_AMONG: usize = 50;
/// Vectors with a graph are compared as bytes first; of so many times the passages asked for, the
/// vectors themselves then decide the order and the score. Bytes make a graph in less than half the
/// time and a search in two thirds of it (`docs/PERFORMANCE.md`).
pub(super) const OVERSAMPLING: f64 = 1.5;
