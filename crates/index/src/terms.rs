//! Text into BM25 terms, in this process and the same for every engine: the tokeniser, the stop
//! words and the stemmer of the text's language.

use super::exact::{self, Bare};
use super::languages::{self, ENGLISH, Space};
use super::term_counts::TermCounts;
use super::unicode;
use qdrant_edge::bm25_embed::EdgeBm25;
use qdrant_edge::{StopwordsInterface, StopwordsSet};
use ragd_core::error::Result;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// The spaces of terms that no tokeniser makes: pairs of letters, and forms without diacritics.
const PAIRS: char = 'p';
const PLAIN_FORMS: char = 'd';

/// The factor for a question's terms in a language that has fewer stop words in it than another.
const UNLIKELY: f32 = 0.5;

/// The average number of terms of a passage for an index that is created before any passage is
/// known: about that of a chunk of a thousand characters without its stop words.
pub const DEFAULT_AVERAGE_TERMS: f32 = 120.0;

/// The version of the tokenisation; terms of different versions cannot be compared.
pub(super) const TERMS_VERSION: &str = "word-languages-2";

/// A question of more words is not about the identifier that it names.
const LONGEST_ABOUT_IDENTIFIER: usize = 12;

/// How much more an identifier of a question weighs than a word: who names one wants it.
const IDENTIFIER_WEIGHT: f32 = 3.0;

/// Turns text into terms; cheap to clone.
#[derive(Debug, Clone)]
pub struct TermCounter(Arc<Analysers>);

/// A text as its terms are made of it.
struct Read<'a> {
    /// Without letters of scripts that have no spaces.
    words: Cow<'a, str>,
    /// Pairs of such letters.
    pairs: BTreeMap<u32, f32>,
    /// What must match exactly.
    exact: BTreeMap<u32, f32>,
    /// The identifiers among it.
    identifiers: HashSet<u32>,
}

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
        let read = self.read(text, Bare::LeftOut);
        let words = languages::count(&self.0.english, &read.words);
        words.with(&read.pairs, true).with(&read.exact, false)
    }

    /// The terms of a passage in its language, or in English where the language is uncertain. The
    /// same text always has the same terms.
    pub fn count_passage(&self, text: &str) -> TermCounts {
        let read = self.read(text, Bare::LeftOut);
        let mut beside = read.exact;
        // Who types a word without its diacritics finds it by these.
        unicode::plain_forms(&read.words, |form| {
            *beside.entry(exact::number(PLAIN_FORMS, form)).or_default() += 1.0;
        });
        let words = self.words_of_passage(&read.words);
        words.with(&read.pairs, true).with(&beside, false)
    }

    fn words_of_passage(&self, text: &str) -> TermCounts {
        let english = languages::count(&self.0.english, text);
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
        let read = self.read(text, Bare::Taken);
        let weight = |term: &u32| {
            let is_identifier = read.identifiers.contains(term);
            if is_identifier {
                IDENTIFIER_WEIGHT
            } else {
                1.0
            }
        };
        let exact = read.exact.keys();
        let mut beside: BTreeMap<u32, f32> = exact.map(|term| (*term, weight(term))).collect();
        let mut words = read.words.into_owned();
        for word in words.split(|c: char| !c.is_alphanumeric()) {
            let lower = word.to_ascii_lowercase();
            let is_typed = word.is_ascii() && word.len() > 1;
            if is_typed && !languages::count(&self.0.english, &lower).is_empty() {
                beside.insert(exact::number(PLAIN_FORMS, &lower), 1.0);
            }
        }
        // A passage may be written without the diacritics of the question.
        let mut typed = String::new();
        // So may an identifier be without the hyphen of the question, which makes it a word.
        exact::joined(&words, |joined| {
            typed.push(' ');
            typed.push_str(joined);
        });
        unicode::plain_forms(&words, |form| {
            typed.push(' ');
            typed.push_str(form);
        });
        words.push_str(&typed);
        let words = self.words_of_question(&words);
        words.with(&read.pairs, true).with(&beside, false)
    }

    /// Whether a question is about something that must match exactly: a version, a code, a file. In a long
    /// one it is a detail among others.
    pub fn has_identifier(&self, text: &str) -> bool {
        let is_short = text
            .split_whitespace()
            .nth(LONGEST_ABOUT_IDENTIFIER)
            .is_none();
        is_short && !self.read(text, Bare::Taken).identifiers.is_empty()
    }

    /// The terms of a question's words in every language.
    fn words_of_question(&self, text: &str) -> TermCounts {
        let english = languages::count(&self.0.english, text);
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

    /// A text in one form, parted into words, pairs of letters, and what must match exactly.
    fn read<'a>(&self, text: &'a str, bare: Bare) -> Read<'a> {
        let mut pairs: BTreeMap<u32, f32> = BTreeMap::new();
        let mut count = |pair: &str| *pairs.entry(exact::number(PAIRS, pair)).or_default() += 1.0;
        let words = match unicode::normalised(text) {
            Cow::Borrowed(text) => unicode::pairs(text, &mut count),
            Cow::Owned(text) => Cow::Owned(unicode::pairs(&text, &mut count).into_owned()),
        };
        let mut exact: BTreeMap<u32, f32> = BTreeMap::new();
        let mut identifiers = HashSet::new();
        let is_stop_word = |word: &str| languages::count(&self.0.english, word).is_empty();
        exact::each(&words, bare, is_stop_word, |found| {
            *exact.entry(found.term).or_default() += 1.0;
            if found.is_identifier {
                identifiers.insert(found.term);
            }
        });
        Read {
            words,
            pairs,
            exact,
            identifiers,
        }
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
        // A term for each of sixteen languages and one as it is typed, and one of the identifier.
        assert_eq!(count, 2 * 17 + 1);
        assert!(counter.count_question("of the").is_empty());
    }

    #[test]
    fn words_are_found_whatever_their_form_and_script() {
        let counter = TermCounter::new().expect("a counter");
        let finds = |question: &str, passage: &str| {
            let passage = counter.count_passage(passage);
            let known: Vec<u32> = passage.iter().map(|(term, _)| term).collect();
            let question = counter.count_question(question);
            let mut terms = question.iter();
            terms.any(|(term, _)| known.contains(&term))
        };
        for (question, passage) in [
            ("München", "Die Werft liegt in Mu\u{308}nchen."),
            ("Muenchen", "Die Werft liegt in München."),
            ("München", "Die Werft liegt in Muenchen."),
            ("Strasse", "Die Straße ist lang."),
            ("Straße", "Die Strasse ist lang."),
            ("Zurich", "The office in Zürich."),
            ("résumé", "Send your resume."),
            ("Donaudampfschiff", "Das Donau\u{ad}dampf\u{ad}schiff."),
            ("ABC", "ＡＢＣ"),
            ("押金", "租金每月三千元，押金为两个月租金。"),
            ("家賃", "この契約の家賃は月額八万円です。"),
            ("월세", "이 계약의 월세는 오십만 원입니다."),
            ("ค่าเช่า", "สัญญานี้มีค่าเช่าเดือนละสามพันบาท"),
            ("IT", "The IT department is on level two."),
        ] {
            assert!(finds(question, passage), "{question}: {passage}");
        }
        for (question, passage) in [
            ("北京", "租金每月三千元"),
            ("Munich", "Die Werft liegt in München."),
            ("IT", "the flat and what is in it"),
        ] {
            assert!(!finds(question, passage), "{question}: {passage}");
        }
    }

    #[test]
    fn an_identifier_is_a_term_beside_its_parts_and_makes_no_text_longer() {
        let counter = TermCounter::new().expect("a counter");
        let version = counter.count_passage("Version 1.12.3 repairs the export.");
        let other = counter.count_passage("Version 1.12.4 repairs the export.");
        assert_eq!(version.total(), other.total());
        assert_eq!(
            version.total(),
            counter
                .count_passage("Version 1 12 3 repairs the export.")
                .total()
        );
        let asked = counter.count_question("What is new in v1.12.3?");
        let score = |passage: &TermCounts| -> f32 {
            let known: BTreeMap<u32, f32> = passage.iter().collect();
            asked
                .iter()
                .filter_map(|(term, weight)| Some(weight * known.get(&term)?))
                .sum()
        };
        assert!(score(&version) > score(&other) + 2.0);
        assert!(counter.has_identifier("What is new in v1.12.3?"));
        assert!(!counter.has_identifier("What is new in the last version?"));
    }

    #[test]
    fn a_text_without_words_has_no_terms() {
        let counter = TermCounter::new().expect("a counter");
        assert!(counter.count("of the … ?!").is_empty());
        assert!(counter.count("").is_empty());
    }
}
