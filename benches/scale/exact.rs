//! The reference: BM25 and the cosine of every passage with every question, computed one by one from
//! the published formulas over the same terms, and fused as ragd fuses. It asks no engine.

use super::corpus;
use ragd::domain::PassageId;
use ragd::index::{Candidates, Scored, Scores, TermCounter};
use ragd::retrieval::{FusionSettings, fuse};
use std::collections::{HashMap, HashSet};

const K1: f32 = 1.2;
const B: f32 = 0.75;
/// How long the lists are that are fused.
const LIST: usize = 50;

/// What is asked.
pub struct Asked {
    terms: Vec<(u32, f32)>,
    vector: Vec<f32>,
}

/// The exact answers to one question.
pub struct Answer {
    pub dense: Vec<PassageId>,
    pub hybrid: Vec<PassageId>,
}

pub fn asked(question: &corpus::Question, counter: &TermCounter) -> Asked {
    Asked {
        terms: counter.count_question(&question.text).iter().collect(),
        vector: question.vector.clone(),
    }
}

/// A passage: its id, terms and vector.
pub type Passage = (PassageId, Vec<(u32, f32)>, Vec<f32>);

/// The rarity of each term that is asked for, over all passages:
/// `ln(1 + (N - n + 0.5) / (n + 0.5))`.
pub fn rarity(asked: &[Asked], passages: impl Iterator<Item = Passage>) -> HashMap<u32, f32> {
    let terms = asked.iter().flat_map(|asked| &asked.terms);
    let mut counts: HashMap<u32, u32> = terms.map(|(term, _)| (*term, 0)).collect();
    let mut total = 0_u32;
    for (_, terms, _) in passages {
        total += 1;
        for (term, _) in terms {
            if let Some(count) = counts.get_mut(&term) {
                *count += 1;
            }
        }
    }
    let rarity = |n: u32| {
        let (total, n) = (f64::from(total), f64::from(n));
        (1.0 + (total - n + 0.5) / (n + 0.5)).ln() as f32
    };
    counts
        .into_iter()
        .map(|(term, n)| (term, rarity(n)))
        .collect()
}

/// The answers to every question.
pub fn answers(
    asked: &[Asked],
    passages: impl Iterator<Item = Passage>,
    rarity: &HashMap<u32, f32>,
    average_terms: f32,
    fusion: FusionSettings,
) -> Vec<Answer> {
    let mut best: Vec<[Best; 2]> = asked.iter().map(|_| Default::default()).collect();
    for (id, terms, vector) in passages {
        let length: f32 = terms.iter().map(|(_, count)| count).sum();
        let saturation = K1 * (1.0 - B + B * length / average_terms);
        let weights: HashMap<u32, f32> = terms
            .iter()
            .filter_map(|(term, n)| {
                Some((*term, rarity.get(term)? * n * (K1 + 1.0) / (n + saturation)))
            })
            .collect();
        for (asked, [by_words, by_meaning]) in asked.iter().zip(&mut best) {
            let word_scores = asked.terms.iter();
            let words: f32 = word_scores
                .filter_map(|(term, count)| Some(weights.get(term)? * count))
                .sum();
            let meaning = dot(&asked.vector, &vector);
            by_words.add(id, words, meaning);
            by_meaning.add(id, meaning, words);
        }
    }
    best.into_iter()
        .map(|[by_words, by_meaning]| answer(by_words.finish(), by_meaning.finish(), fusion))
        .collect()
}

fn answer(
    mut words: Vec<(PassageId, f32, f32)>,
    meaning: Vec<(PassageId, f32, f32)>,
    fusion: FusionSettings,
) -> Answer {
    words.retain(|(_, score, _)| *score > 0.0);
    let scored = |list: &[(PassageId, f32, f32)]| -> Vec<Scored> {
        let list = list.iter();
        list.map(|&(id, score, _)| Scored { id, score }).collect()
    };
    let candidates = Candidates {
        lexical: scored(&words),
        dense: scored(&meaning),
    };
    let scores = |(id, lexical, dense): (PassageId, f32, f32)| Scores {
        id,
        lexical,
        dense: Some(dense),
    };
    let both: Vec<Scores> = words
        .into_iter()
        .map(scores)
        .chain(
            meaning
                .into_iter()
                .map(|(id, dense, lexical)| scores((id, lexical, dense))),
        )
        .collect();
    let fused = fuse(&candidates, &both, fusion);
    Answer {
        dense: candidates.dense.iter().take(10).map(|one| one.id).collect(),
        hybrid: fused.iter().take(10).map(|one| one.id).collect(),
    }
}

/// The best so far: (passage, this score, the other score).
#[derive(Default)]
struct Best(Vec<(PassageId, f32, f32)>);

impl Best {
    fn add(&mut self, id: PassageId, score: f32, other: f32) {
        if self.0.len() == LIST && self.0.last().is_some_and(|last| score <= last.1) {
            return;
        }
        let place = self.0.partition_point(|one| one.1 >= score);
        self.0.insert(place, (id, score, other));
        self.0.truncate(LIST);
    }

    fn finish(self) -> Vec<(PassageId, f32, f32)> {
        self.0
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a, b) = (a.as_chunks::<8>().0, b.as_chunks::<8>().0);
    let mut sums = [0.0_f32; 8];
    for (a, b) in a.iter().zip(b) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum()
}

/// The part of `exact` that `found` has.
pub fn overlap(exact: &[PassageId], found: &[PassageId]) -> f64 {
    let found: HashSet<_> = found.iter().collect();
    let both = exact.iter().filter(|id| found.contains(id)).count();
    both as f64 / exact.len().max(1) as f64
}
