//! How passages are found and ranked.

use super::Faults;
use serde::{Deserialize, Serialize};

/// How two ranked lists become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Fusion {
    /// Weighted sum of scores, each list brought to 0–1 by its least and greatest.
    MinMax,
    /// Weighted sum of standard scores.
    ZScore,
    /// Reciprocal rank fusion, k = 60 (Cormack, Clarke and Büttcher, 2009).
    Rrf,
}

impl Fusion {
    /// The word that configuration and answers use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MinMax => "minmax",
            Self::ZScore => "zscore",
            Self::Rrf => "rrf",
        }
    }
}

/// Section `retrieval`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RetrievalConfig {
    /// How many candidates by words.
    pub topk_bm25: usize,
    /// How many candidates by meaning.
    pub topk_vec: usize,
    /// The weight of words in the fused score.
    pub bm25_weight: f64,
    /// The weight of meaning in the fused score.
    pub vec_weight: f64,
    /// How the two lists become one.
    pub fusion: Fusion,
    /// Whether each candidate of the union gets both raw scores before they are fused.
    pub complete_scores: bool,
    /// How many a preview returns.
    pub return_topn: usize,
    /// Whether messages lose weight with age.
    pub time_decay_enabled: bool,
    /// How fast, a day: `exp(-lambda · age)`.
    pub time_decay_lambda: f64,
}

impl RetrievalConfig {
    pub(super) fn check(&self, faults: &mut Faults) {
        let counts = [
            ("retrieval.topk_bm25 (HYBRID_TOPK_BM25)", self.topk_bm25),
            ("retrieval.topk_vec (HYBRID_TOPK_VEC)", self.topk_vec),
            (
                "retrieval.return_topn (HYBRID_RETURN_TOPN)",
                self.return_topn,
            ),
        ];
        for (setting, count) in counts {
            faults.require(
                (1..=1_000).contains(&count),
                setting,
                "must be between 1 and 1000",
            );
        }
        let weights = [
            (
                "retrieval.bm25_weight (HYBRID_BM25_WEIGHT)",
                self.bm25_weight,
            ),
            ("retrieval.vec_weight (HYBRID_VEC_WEIGHT)", self.vec_weight),
            (
                "retrieval.time_decay_lambda (TIME_DECAY_LAMBDA)",
                self.time_decay_lambda,
            ),
        ];
        for (setting, weight) in weights {
            let sane = weight.is_finite() && (0.0..=100.0).contains(&weight);
            faults.require(sane, setting, "must be between 0 and 100");
        }
        faults.require(
            self.bm25_weight > 0.0 || self.vec_weight > 0.0,
            "retrieval.bm25_weight and vec_weight",
            "must not both be 0",
        );
    }
}
