//! Words into BM25 terms, in this process and the same for every engine: the tokeniser, the stop
//! words and the stemmer of the text's language, and the weights of a passage's terms. It knows
//! nothing of documents elsewhere in the index: how rare a term is, the engine adds at query time.

use super::languages::{self, ENGLISH, Space};
use qdrant_edge::bm25_embed::EdgeBm25;
use qdrant_edge::{StopwordsInterface, StopwordsSet};
use ragd_core::error::Result;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Term saturation: how soon a term's repetition stops to count.
const K1: f32 = 1.2;
/// How much a passage's length counts, from 0 to 1.
const B: f32 = 0.75;
/// How much a question's words count in a language that has fewer stop words in it than another.
const UNLIKELY: f32 = 0.5;

/// The terms of a passage, on average, for an index that is begun before any passage is known:
/// about what a chunk of a thousand characters leaves once its stop words are gone.
pub const DEFAULT_AVERAGE_TERMS: f32 = 120.0;

/// What the terms of an index were made with; another one cannot be compared with it.
pub(super) const TERMS_VERSION: &str = "word-languages-1";

/// Turns text into terms; cheap to clone.
#[derive(Debug, Clone)]
pub struct TermCounter(Arc<Analysers>);

#[derive(Debug)]
struct Analysers {
    english: EdgeBm25,
    /// English without stop words: counts every word.
    every_word: EdgeBm25,
    others: Vec<Space>,
}

impl TermCounter {
    /// The counter that every text of ragd goes through: words, lower case, stop words and stemming.
    ///
    /// # Errors
    /// `Internal` when the tokeniser refuses its own settings.
    pub fn new() -> Result<Self> {
        let no_stop_words = StopwordsInterface::Set(StopwordsSet {
            languages: None,
            custom: None,
        });
        Ok(Self(Arc::new(Analysers {
            english: languages::analyser(ENGLISH, None)?,
            every_word: languages::analyser(ENGLISH, Some(no_stop_words))?,
            others: languages::spaces()?,
        })))
    }

    /// The terms of `text` as English, with how often each occurs: to compare two texts.
    pub fn count(&self, text: &str) -> TermCounts {
        TermCounts::of(languages::count(&self.0.english, text))
    }

    /// The terms of a passage, in the language that it is written in; English where that is not
    /// certain. The same text always gives the same terms.
    pub fn count_passage(&self, text: &str) -> TermCounts {
        let english = self.count(text);
        let Some(space) = languages::likely(&self.0.others, text) else {
            return english;
        };
        let own = TermCounts::of(space.count(text));
        let words = self.words(text);
        if languages::is_confirmed(words, words - own.total(), words - english.total()) {
            own
        } else {
            english
        }
    }

    /// The terms of a question in every language: a question is too short to tell its own. A
    /// language counts whole unless another one knows more of the question as stop words, so that
    /// a word means most in the language that the rest of the question speaks.
    ///
    /// Where the index holds one language, the others' terms find nothing there, and the order is
    /// that of this language's terms alone.
    pub fn count_question(&self, text: &str) -> TermCounts {
        let english = self.count(text);
        let others: Vec<TermCounts> = self
            .0
            .others
            .iter()
            .map(|space| TermCounts::of(space.count(text)))
            .collect();
        // The fewer words are left, the more of them were stop words.
        let fewest = others
            .iter()
            .map(TermCounts::total)
            .fold(english.total(), f32::min);
        if english.is_empty() {
            return english;
        }
        // Each term once: two languages may, very rarely, give two words one number.
        let mut all: BTreeMap<u32, f32> = BTreeMap::new();
        for counts in std::iter::once(english).chain(others) {
            let weight = if counts.total() > fewest {
                UNLIKELY
            } else {
                1.0
            };
            for (term, count) in counts.iter() {
                let counted = all.entry(term).or_default();
                *counted = counted.max(weight * count);
            }
        }
        TermCounts::of(all.into_iter().unzip())
    }

    fn words(&self, text: &str) -> f32 {
        TermCounts::of(languages::count(&self.0.every_word, text)).total()
    }
}

/// Terms, as hashes, each once, with how often each occurs in a text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TermCounts {
    terms: Vec<u32>,
    counts: Vec<f32>,
}

impl TermCounts {
    fn of((terms, counts): (Vec<u32>, Vec<f32>)) -> Self {
        Self { terms, counts }
    }

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

    const GERMAN: &str = "Der Mieter kann den Vertrag mit einer Frist von drei Monaten kündigen, \
        wenn die Wohnung nicht mehr bewohnbar ist und der Vermieter davon wusste.";
    const ENGLISH: &str = "The tenant may end the contract with three months of notice, when the \
        flat is not fit to live in any more and the landlord knew of it.";

    #[test]
    fn a_passage_is_stemmed_in_its_language_and_a_question_meets_it_there() {
        let counter = TermCounter::new().expect("a counter");
        let shared = |passage: &str, question: &str| {
            let passage = counter.count_passage(passage);
            let question = counter.count_question(question);
            let known: Vec<u32> = passage.iter().map(|(term, _)| term).collect();
            question
                .iter()
                .filter(|(term, _)| known.contains(term))
                .count()
        };
        assert_eq!(shared(GERMAN, "Welche Fristen gelten für Verträge?"), 2);
        assert_eq!(shared(GERMAN, "Kündigung von Wohnungen"), 2);
        assert_eq!(shared(ENGLISH, "notices of contracts"), 2);
        assert_eq!(shared(ENGLISH, "Welche Fristen gelten für Verträge?"), 0);
    }

    #[test]
    fn english_and_what_is_short_or_unsure_has_english_terms() {
        let counter = TermCounter::new().expect("a counter");
        assert_ne!(counter.count_passage(GERMAN), counter.count(GERMAN));
        let digits = "12 345 678 ".repeat(40);
        for text in [ENGLISH, "Der Vertrag ist lang.", digits.as_str(), ""] {
            assert_eq!(counter.count_passage(text), counter.count(text), "{text}");
        }
    }

    #[test]
    fn no_word_has_one_number_in_two_languages() {
        let counter = TermCounter::new().expect("a counter");
        let question = counter.count_question("QX200 xylophon");
        let mut terms: Vec<u32> = question.iter().map(|(term, _)| term).collect();
        let count = terms.len();
        terms.sort_unstable();
        terms.dedup();
        assert_eq!(terms.len(), count);
        assert_eq!(count, 32);
        assert!(counter.count_question("of the").is_empty());
    }

    #[test]
    fn a_text_without_words_has_no_terms() {
        let counter = TermCounter::new().expect("a counter");
        assert!(counter.count("of the … ?!").is_empty());
        assert!(counter.count("").is_empty());
    }
}
