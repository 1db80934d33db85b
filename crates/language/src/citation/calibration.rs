//! From a comparison to the probability that the passage supports the claim: logistic regression,
//! fitted on the odd half of `tests/data/citations.json` (`docs/PERFORMANCE.md` has the figures of the
//! other half).

/// The weights of a logistic model: the constant, then coverage, order, cosine.
const BY_WORDS: [f64; 3] = [-4.5, 7.0, 2.5];
const WITH_VECTORS: [f64; 4] = [-6.0, 5.5, 1.5, 6.5];

/// The highest probability of a claim that something contradicts.
const CONFLICT: f64 = 0.1;

/// The probability that a claim is supported when nothing contradicts it. `coverage` and `order` are
/// shares; `cosine` compares the vectors of the claim and the window.
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

/// The same when something contradicts it.
pub(super) fn probability_of_conflict(probability: f64) -> f64 {
    CONFLICT * probability
}
