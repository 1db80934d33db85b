//! How passages are found and ranked.

use super::{
    Faults,
    table::{setting_kind, settings},
};
use serde::{Deserialize, Serialize};

/// How two ranked lists become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, strum::IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Fusion {
    /// Weighted sum of scores, each list brought to 0–1 by its least and greatest.
    MinMax,
    /// Weighted sum of standard scores.
    ZScore,
    /// Reciprocal rank fusion, k = 60 (Cormack, Clarke and Büttcher, 2009).
    Rrf,
}

impl Fusion {
    /// The word that the configuration and responses use.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

setting_kind!(Text: Fusion);

settings! {
    /// Section `retrieval`.
    RetrievalConfig in "retrieval";

    /// How many candidates the keyword search (BM25) returns.
    topk_bm25: usize [HYBRID_TOPK_BM25] in 1..=1_000;
    /// How many candidates the vector search returns.
    topk_vec: usize [HYBRID_TOPK_VEC] in 1..=1_000;
    /// The weight of the keyword score in the fused score.
    bm25_weight: f64 [HYBRID_BM25_WEIGHT] in 0.0..=100.0;
    /// The weight of the vector score in the fused score.
    vec_weight: f64 [HYBRID_VEC_WEIGHT] in 0.0..=100.0;
    /// How the two lists become one.
    fusion: Fusion [HYBRID_FUSION];
    /// Whether each candidate of the union gets both raw scores before they are fused.
    complete_scores: bool [HYBRID_COMPLETE_SCORES];
    /// How many results a preview returns.
    return_topn: usize [HYBRID_RETURN_TOPN] in 1..=1_000;
    /// Whether messages lose weight with age.
    time_decay_enabled: bool [TIME_DECAY_ENABLED];
    /// How fast, a day: `exp(-lambda · age)`.
    time_decay_lambda: f64 [TIME_DECAY_LAMBDA] in 0.0..=100.0;
}

impl RetrievalConfig {
    pub(super) fn check(&self, faults: &mut Faults) {
        faults.require(
            self.bm25_weight > 0.0 || self.vec_weight > 0.0,
            "retrieval.bm25_weight and vec_weight",
            "must not both be 0",
        );
    }
}
