//! From what a comparison shows to how often such a claim is carried by its passage: logistic
//! regression, fitted on the odd half of `tests/data/citations.json` (`docs/PERFORMANCE.md` has the
//! figures of the other half).

/// The weights of a logistic model: the constant, then coverage, order, cosine.
const BY_WORDS: [f64; 3] = [-4.5, 7.0, 2.5];
const WITH_VECTORS: [f64; 4] = [-6.0, 5.5, 1.5, 6.5];

/// How often a claim with a contradiction was carried after all, at most.
const CONFLICT: f64 = 0.1;

/// The probability that a claim is carried, without any contradiction in sight. `coverage` and
/// `order` are shares, `cosine` that of the claim and the window.
pub(super) fn probability(coverage: f64, order: f64, cosine: Option<f64>) -> f64 {
    let sum = match cosine {
        Some(cosine) => {
            let [constant, a, b, c] = WITH_VECTORS;
            constant + a * coverage + b * order + c * cosine
        }
        None => {
            let [constant, a, b] = BY_WORDS;
            constant + a * coverage + b * order
        }
    };
    1.0 / (1.0 + (-sum).exp())
}

/// The same with a contradiction in sight.
pub(super) fn probability_of_conflict(probability: f64) -> f64 {
    CONFLICT * probability
}
