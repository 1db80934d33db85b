//! One claim against one passage: finds the window (one or two sentences) that supports it best, and
//! turns the comparison into a verdict. A claim of several sentences, or of parts between semicolons,
//! is supported when each part is.

use super::calibration::{probability, probability_of_conflict};
use super::evidence::Evidence;
use super::tokens::tokens;
use super::window::{Fit, Part};
use super::{Reason, Verdict};

/// A claim is supported from this probability on.
const SUPPORTED: f64 = 0.5;
/// The weight of the order of words, beside the coverage, in the choice of the window.
const WEIGHT_OF_ORDER: f64 = 0.4;
/// A window whose rank is within this of the best is considered as well.
const ABOUT_AS_GOOD: f64 = 0.05;
/// What a second sentence must add to the coverage.
const LEAST_ADDED: f64 = 0.1;
/// So many windows are compared by vectors at most.
const MOST_WINDOWS: usize = 3;
/// The most parts that a claim is cut into; the rest stays with the last.
const MOST_PARTS: usize = 6;
/// A probability by words outside these bounds needs no vectors.
const SURELY_NOT: f64 = 0.03;
const SURELY: f64 = 0.95;

/// The verdict on a claim that nothing in the passage can be compared with.
const NOT_FOUND: Verdict = Verdict {
    reason: Some(Reason::Words),
    score: 0.0,
};

/// A claim beside its passage, before any vector is known.
#[derive(Debug)]
pub struct Examined {
    parts: Vec<ExaminedPart>,
}

#[derive(Debug)]
struct ExaminedPart {
    text: String,
    /// The windows that may support it, best first.
    fits: Vec<Fit>,
}

/// Compares `claim` with the passage by their words.
pub fn examine(claim: &str, evidence: &Evidence) -> Examined {
    let parts = split(claim)
        .into_iter()
        .map(|text| {
            let part = Part::new(text, tokens(text));
            ExaminedPart {
                fits: fits(&part, evidence),
                text: part.text,
            }
        })
        .collect();
    Examined { parts }
}

impl Examined {
    /// The texts whose vectors would help to decide, in the order that [`Self::verdict`] expects;
    /// empty when the words are enough.
    pub fn texts_to_embed(&self) -> Vec<String> {
        self.parts
            .iter()
            .filter(|part| part.is_open())
            .flat_map(|part| {
                let windows = part.fits.iter().map(|fit| fit.text.clone());
                std::iter::once(part.text.clone()).chain(windows)
            })
            .collect()
    }

    /// The verdict, by the unit vectors of [`Self::texts_to_embed`] if they are given; a list of
    /// another length is ignored.
    pub fn verdict(&self, vectors: Option<&[Vec<f32>]>) -> Verdict {
        let wanted: usize = self.parts.iter().map(ExaminedPart::texts).sum();
        let mut rest = vectors.filter(|vectors| vectors.len() == wanted);
        let mut worst: Option<Verdict> = None;
        for part in &self.parts {
            let own = match rest {
                Some(vectors) => {
                    let (own, others) = vectors.split_at(part.texts().min(vectors.len()));
                    rest = Some(others);
                    Some(own).filter(|own| !own.is_empty())
                }
                None => None,
            };
            let verdict = part.verdict(own);
            if worst.is_none_or(|worst| verdict.score < worst.score) {
                worst = Some(verdict);
            }
        }
        worst.unwrap_or(NOT_FOUND)
    }

    /// The comparison by words of the weakest part.
    pub fn by_words(&self) -> Option<&Fit> {
        let fits = self.parts.iter().filter_map(|part| part.fits.first());
        fits.min_by(|a, b| a.coverage.total_cmp(&b.coverage))
    }
}

impl ExaminedPart {
    /// Whether vectors could change the verdict.
    fn is_open(&self) -> bool {
        let decided = |fit: &Fit| {
            let probability = probability(fit.coverage, fit.order, None);
            fit.conflict.is_some() || probability < SURELY_NOT
        };
        let supported = |fit: &Fit| {
            fit.conflict.is_none() && probability(fit.coverage, fit.order, None) >= SURELY
        };
        !self.fits.iter().any(supported) && !self.fits.iter().all(decided)
    }

    fn texts(&self) -> usize {
        if self.is_open() {
            1 + self.fits.len()
        } else {
            0
        }
    }

    fn verdict(&self, vectors: Option<&[Vec<f32>]>) -> Verdict {
        let cosine = |at: usize| {
            let (claim, window) = (vectors?.first()?, vectors?.get(at + 1)?);
            Some(f64::from(dot(claim, window)))
        };
        let judged = self.fits.iter().enumerate().map(|(at, fit)| {
            let score = probability(fit.coverage, fit.order, cosine(at));
            match fit.conflict {
                Some(reason) => Verdict {
                    reason: Some(reason),
                    score: probability_of_conflict(score),
                },
                None => Verdict {
                    reason: (score < SUPPORTED).then_some(Reason::Words),
                    score,
                },
            }
        });
        // The best window decides; of the others only one that supports the claim may overrule it.
        let mut chosen: Option<Verdict> = None;
        for verdict in judged {
            let better = chosen.is_none_or(|chosen| {
                verdict.reason.is_none()
                    && (chosen.reason.is_some() || verdict.score > chosen.score)
            });
            if better {
                chosen = Some(verdict);
            }
        }
        chosen.unwrap_or(NOT_FOUND)
    }
}

/// The windows that may support the claim, best first.
fn fits(part: &Part, evidence: &Evidence) -> Vec<Fit> {
    let mut covered: Vec<(usize, f64)> = evidence
        .sentences
        .iter()
        .map(|sentence| part.coverage(&[sentence], evidence))
        .enumerate()
        .collect();
    covered.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    covered.truncate(MOST_WINDOWS);
    let mut fits: Vec<(usize, Fit)> = covered
        .iter()
        .filter_map(|&(at, _)| Some((at, part.fit(&[evidence.sentences.get(at)?], evidence))))
        .collect();
    fits.sort_by(|a, b| rank(&b.1).total_cmp(&rank(&a.1)));
    let Some((best_at, best)) = fits.first().cloned() else {
        return Vec::new();
    };
    let least = rank(&best) - ABOUT_AS_GOOD;
    let mut chosen: Vec<Fit> = fits
        .into_iter()
        .map(|(_, fit)| fit)
        .filter(|fit| rank(fit) >= least)
        .collect();
    chosen.extend(with_neighbours(part, evidence, best_at, best.coverage));
    chosen.truncate(MOST_WINDOWS + 1);
    chosen
}

/// The best sentence together with the one before or after it, where each has words of the claim that
/// the other has not.
fn with_neighbours(part: &Part, evidence: &Evidence, best: usize, coverage: f64) -> Vec<Fit> {
    let pairs = [(best.wrapping_sub(1), best), (best, best + 1)];
    pairs
        .into_iter()
        .filter_map(|(first, second)| {
            let (first, second) = (
                evidence.sentences.get(first)?,
                evidence.sentences.get(second)?,
            );
            let both = part
                .own_words(first, second)
                .min(part.own_words(second, first))
                >= 2;
            let window = [first, second];
            let adds = part.coverage(&window, evidence) >= coverage + LEAST_ADDED;
            (both && adds).then(|| part.fit(&window, evidence))
        })
        .collect()
}

fn rank(fit: &Fit) -> f64 {
    fit.coverage + WEIGHT_OF_ORDER * fit.order
}

/// The sentences of a claim, and their parts between semicolons.
fn split(claim: &str) -> Vec<&str> {
    let mut parts: Vec<&str> = crate::sentence::split(claim)
        .into_iter()
        .flat_map(|sentence| sentence.split(';'))
        .map(str::trim)
        .filter(|part| part.chars().any(char::is_alphanumeric))
        .collect();
    parts.truncate(MOST_PARTS);
    parts
}

/// The cosine of two vectors of unit length.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}
