//! Words into BM25 terms, in this process and the same for every engine: the tokeniser, the stop
//! words and the stemmer, and the weights of a passage's terms. It knows nothing of documents
//! elsewhere in the index: how rare a term is, the engine adds at query time.

use crate::error::{Error, Result};
use qdrant_edge::bm25_embed::{EdgeBm25, EdgeBm25Config};
use qdrant_edge::external::ordered_float::NotNan;
use std::sync::Arc;

/// Term saturation: how soon a term's repetition stops to count.
const K1: f32 = 1.2;
/// How much a passage's length counts, from 0 to 1.
const B: f32 = 0.75;
/// With this saturation and no length normalisation, the weight `n (k + 1) / (n + k)` that the
/// tokeniser's own formula gives a term is its count `n` to well under 0.5 for any count that a
/// text can have, so rounding gives the count.
const COUNTING_K: f64 = 1e12;

/// The terms of a passage, on average, for an index that is begun before any passage is known:
/// about what a chunk of a thousand characters leaves once its stop words are gone.
pub const DEFAULT_AVERAGE_TERMS: f32 = 120.0;

/// What the terms of an index were made with; another one cannot be compared with it.
pub(super) const TERMS_VERSION: &str = "word-english-1";

/// Turns text into terms; cheap to clone.
#[derive(Debug, Clone)]
pub struct TermCounter(Arc<EdgeBm25>);

impl TermCounter {
    /// The counter that every text of ragd goes through: words, lower case, English stop words and
    /// stemming.
    ///
    /// # Errors
    /// `Internal` when the tokeniser refuses its own settings.
    pub fn new() -> Result<Self> {
        let config = EdgeBm25Config {
            k: not_nan(COUNTING_K)?,
            b: not_nan(0.0)?,
            avg_len: not_nan(1.0)?,
            ..EdgeBm25Config::default()
        };
        let tokenizer = EdgeBm25::new(config)
            .map_err(|error| Error::internal("the tokeniser does not start").with_source(error))?;
        Ok(Self(Arc::new(tokenizer)))
    }

    /// The terms of `text`, a passage or a question alike, with how often each occurs.
    pub fn count(&self, text: &str) -> TermCounts {
        let sparse = self.0.embed_document(text);
        TermCounts {
            terms: sparse.indices,
            counts: sparse.values.into_iter().map(f32::round).collect(),
        }
    }
}

/// Terms, as hashes, each once, with how often each occurs in a text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TermCounts {
    terms: Vec<u32>,
    counts: Vec<f32>,
}

impl TermCounts {
    /// How many terms the text has, repetitions counted: the text's length for BM25.
    pub fn total(&self) -> f32 {
        self.counts.iter().sum()
    }

    /// Whether the text has no term at all: only stop words or punctuation.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// How many different terms the text has.
    pub(super) fn len(&self) -> usize {
        self.terms.len()
    }

    /// The terms with their counts.
    pub fn iter(&self) -> impl Iterator<Item = (u32, f32)> {
        self.terms.iter().copied().zip(self.counts.iter().copied())
    }

    /// The BM25 weight of each term in a passage with these counts, but for the term's rarity
    /// (Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009):
    /// `n (k1 + 1) / (n + k1 (1 - b + b length / average))`.
    pub(super) fn passage_weights(&self, average_terms: f32) -> (Vec<u32>, Vec<f32>) {
        let saturation = K1 * (1.0 - B + B * self.total() / average_terms);
        let weights = self
            .counts
            .iter()
            .map(|count| count * (K1 + 1.0) / (count + saturation))
            .collect();
        (self.terms.clone(), weights)
    }

    /// The weight of each term in a question: its count.
    pub(super) fn question_weights(&self) -> (Vec<u32>, Vec<f32>) {
        (self.terms.clone(), self.counts.clone())
    }
}

fn not_nan(value: f64) -> Result<NotNan<f64>> {
    NotNan::new(value)
        .map_err(|error| Error::internal("a BM25 setting is not a number").with_source(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_exact_and_stop_words_are_gone() {
        let counter = TermCounter::new().expect("a counter");
        let text = format!("{} the Cats, cat: CAT of it", "heron ".repeat(3_000));
        let mut counts: Vec<f32> = counter.count(&text).iter().map(|(_, n)| n).collect();
        counts.sort_by(f32::total_cmp);
        assert_eq!(counts, [3.0, 3_000.0]);
    }

    #[test]
    fn a_text_without_words_has_no_terms() {
        let counter = TermCounter::new().expect("a counter");
        assert!(counter.count("of the … ?!").is_empty());
        assert!(counter.count("").is_empty());
    }
}
