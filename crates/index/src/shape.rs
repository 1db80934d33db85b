//! Tuning parameters of the engines: when vectors get a graph instead of exact search, and when
//! segments with deleted passages are rewritten. The same for every engine, so that they rank
//! alike.

/// Segments with vectors above this size get a graph at the next optimisation; in smaller ones
/// every vector is compared, which is exact. 10 MB are 6,500 vectors of 384 numbers, compared in
/// well under a millisecond.
pub(super) const GRAPH_FROM_KB: usize = 10_000;
/// One optimised segment and the one that is written to: every further segment makes searches
/// slower.
pub(super) const SEGMENTS: usize = 2;
/// Deleted passages count in the document frequencies until their segment is rewritten, which
/// happens at the next optimisation once more than this fraction of it is deleted. The inverse
/// document frequency of a term is then wrong by `ln 1.25` at most.
pub(super) const DELETED_FRACTION: f64 = 0.2;
/// Smaller segments are not rewritten. The engine's default of 1,000 would leave most small indexes
/// with the terms of every document that was ever replaced.
pub(super) const DELETED_AMONG: usize = 50;
/// Vectors with a graph are first compared as bytes; then this many times the requested passages
/// are scored and ordered by the original vectors. With bytes a graph is built in less than half
/// the time, and a search takes two thirds of it (`docs/PERFORMANCE.md`).
pub(super) const OVERSAMPLING: f64 = 1.5;

/// How many candidates a search of the graph keeps (HNSW's `ef`; Malkov and Yashunin, 2016): the
/// engine's default of 100 for up to 100,000 passages, and growing with the square root of their
/// number beyond. With 100, a search among a million misses one of ten (`docs/PERFORMANCE.md`).
pub(super) fn search_ef(passages: u64) -> u64 {
    const SMALLEST: f64 = 100.0;
    const ENOUGH_UP_TO: f64 = 100_000.0;
    const LARGEST: f64 = 1_000.0;
    let growth = (passages as f64 / ENOUGH_UP_TO).max(1.0).sqrt();
    (SMALLEST * growth).min(LARGEST) as u64
}

#[cfg(test)]
mod tests {
    use super::search_ef;

    #[test]
    fn ef_grows_with_the_graph() {
        let values = [0, 100_000, 400_000, 1_000_000, u64::MAX].map(search_ef);
        assert_eq!(values, [100, 100, 200, 316, 1_000]);
    }
}
