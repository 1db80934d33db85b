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

/// How many candidates a search of the graph keeps in view (HNSW's ef; Malkov and Yashunin, 2016):
/// the engine's own 100 for up to 100,000 passages, and with the root of their number beyond. With
/// 100, a search among a million loses one of ten (`docs/PERFORMANCE.md`).
pub(super) fn beam(passages: u64) -> u64 {
    const BEAM: f64 = 100.0;
    const ENOUGH_UP_TO: f64 = 100_000.0;
    const WIDEST: f64 = 1_000.0;
    let growth = (passages as f64 / ENOUGH_UP_TO).max(1.0).sqrt();
    (BEAM * growth).min(WIDEST) as u64
}

#[cfg(test)]
mod tests {
    use super::beam;

    #[test]
    fn the_beam_grows_with_the_graph() {
        let beams = [0, 100_000, 400_000, 1_000_000, u64::MAX].map(beam);
        assert_eq!(beams, [100, 100, 200, 316, 1_000]);
    }
}
