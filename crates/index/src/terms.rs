//! Text into BM25 terms, in this process and the same for every engine: the tokeniser, the stop
//! words and the stemmer of the text's language.

use super::languages::{self, ENGLISH, Space};
use super::term_counts::TermCounts;
use qdrant_edge::bm25_embed::EdgeBm25;
use qdrant_edge::{StopwordsInterface, StopwordsSet};
use ragd_core::error::Result;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The factor for a question's terms in a language that has fewer stop words in it than another.
const UNLIKELY: f32 = 0.5;

/// The average number of terms of a passage for an index that is created before any passage is
/// known: about that of a chunk of a thousand characters without its stop words.
pub const DEFAULT_AVERAGE_TERMS: f32 = 120.0;

/// The version of the tokenisation; terms of different versions cannot be compared.
pub(super) const TERMS_VERSION: &str = "word-languages-1";

/// Turns text into terms; cheap to clone.
#[derive(Debug, Clone)]
pub struct TermCounter(Arc<Analysers>);

#[derive(Debug)]
struct Analysers {
    english: EdgeBm25,
    /// English without a list of stop words: counts every word.
    every_word: EdgeBm25,
    others: Vec<Space>,
}

impl TermCounter {
    /// The counter for all texts of ragd: words, lower case, stop words and stemming.
    ///
    /// # Errors
    /// `Internal` when the tokeniser refuses its settings.
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

    /// The terms of `text` as English with their counts, for comparing two texts.
    pub fn count(&self, text: &str) -> TermCounts {
        languages::count(&self.0.english, text)
    }

    /// The terms of a passage in its language, or in English where the language is uncertain. The
    /// same text always has the same terms.
    pub fn count_passage(&self, text: &str) -> TermCounts {
        let english = self.count(text);
        let Some(space) = languages::likely(&self.0.others, text) else {
            return english;
        };
        let own = space.count(text);
        let words = self.words(text);
        if languages::is_confirmed(words, words - own.total(), words - english.total()) {
            own
        } else {
            english
        }
    }

    /// The terms of a question in every language, because a question is too short to detect its
    /// own. The terms of a language have their full weight unless another language has more of the
    /// question among its stop words, so that a word counts most in the likely language of the
    /// question.
    ///
    /// In an index of passages in one language the terms of the others match nothing, and the
    /// ranking is that of this language's terms alone.
    pub fn count_question(&self, text: &str) -> TermCounts {
        let english = self.count(text);
        let others: Vec<TermCounts> = self
            .0
            .others
            .iter()
            .map(|space| space.count(text))
            .collect();
        // Fewer remaining words mean more stop words.
        let fewest = others
            .iter()
            .map(TermCounts::total)
            .fold(english.total(), f32::min);
        if english.is_empty() {
            return english;
        }
        // Each term once: the numbers of two languages may, very rarely, collide.
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
        let (terms, counts) = all.into_iter().unzip();
        TermCounts::new(terms, counts)
    }

    /// The number of words, stop words included.
    fn words(&self, text: &str) -> f32 {
        languages::count(&self.0.every_word, text).total()
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
