//! The terms of a text with their counts, and the BM25 weights that follow from them. Inverse
//! document frequencies are not part of the weights: the engine adds them at query time.

use std::collections::BTreeMap;

/// Term saturation: how much each repetition of a term adds.
const K1: f32 = 1.2;
/// How much a passage's length counts, from 0 to 1.
const B: f32 = 0.75;

/// Terms, as hashes, each once, with how often each occurs in a text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TermCounts {
    terms: Vec<u32>,
    counts: Vec<f32>,
    /// The text's length for BM25, in terms.
    length: f32,
}

/// A sparse vector: terms and the weight of each, in the same order.
pub(super) struct SparseVector {
    pub terms: Vec<u32>,
    pub weights: Vec<f32>,
}

impl TermCounts {
    /// Takes each term once, and the counts in the same order.
    pub(super) fn new(terms: Vec<u32>, counts: Vec<f32>) -> Self {
        let length = counts.iter().sum();
        Self {
            terms,
            counts,
            length,
        }
    }

    /// The same with more terms, which make the text no longer unless they `lengthen` it. A term that is
    /// there already has the higher count.
    pub(super) fn with(self, more: &BTreeMap<u32, f32>, lengthen: bool) -> Self {
        if more.is_empty() {
            return self;
        }
        let added: f32 = more.values().sum();
        let length = self.length + if lengthen { added } else { 0.0 };
        let mut all: BTreeMap<u32, f32> = self.iter().collect();
        for (term, count) in more {
            let counted = all.entry(*term).or_default();
            *counted = counted.max(*count);
        }
        let (terms, counts) = all.into_iter().unzip();
        Self {
            terms,
            counts,
            length,
        }
    }

    /// Turns the numbers of the terms into those of another space.
    pub(super) fn masked(mut self, mask: u32) -> Self {
        for term in &mut self.terms {
            *term ^= mask;
        }
        self
    }

    /// The number of terms in the text, repetitions included: the text's length for BM25. What stands
    /// beside the text's words, such as an identifier beside its parts, does not count.
    pub fn total(&self) -> f32 {
        self.length
    }

    /// Whether the text has no term at all: only stop words or punctuation.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// The number of different terms in the text.
    pub(super) fn len(&self) -> usize {
        self.terms.len()
    }

    /// The terms with their counts.
    pub fn iter(&self) -> impl Iterator<Item = (u32, f32)> {
        self.terms.iter().copied().zip(self.counts.iter().copied())
    }

    /// The BM25 weight of each term in a passage with these counts, without the inverse document
    /// frequency (Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond",
    /// 2009): `n (k1 + 1) / (n + k1 (1 - b + b length / average))`.
    pub(super) fn passage_weights(&self, average_terms: f32) -> SparseVector {
        let saturation = K1 * (1.0 - B + B * self.total() / average_terms);
        let weights = self
            .counts
            .iter()
            .map(|count| count * (K1 + 1.0) / (count + saturation))
            .collect();
        SparseVector {
            terms: self.terms.clone(),
            weights,
        }
    }

    /// The weight of each term in a question: its count.
    pub(super) fn question_weights(&self) -> SparseVector {
        SparseVector {
            terms: self.terms.clone(),
            weights: self.counts.clone(),
        }
    }
}
