//! The parts of a score: what each side of a hybrid search gives, and how much each side counts.

use serde::Serialize;

/// One side's part of a score.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct SideScore {
    /// The rank in that side's list, from 1; `None` when the list does not contain it.
    pub rank: Option<usize>,
    /// The side's own score: BM25, or the cosine.
    pub raw: Option<f64>,
    /// What went into the fused score, before its weight.
    pub normalised: Option<f64>,
}

/// The weight of each side in the fused score.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Weights {
    /// Of words.
    pub bm25: f64,
    /// Of meaning.
    pub vector: f64,
}
