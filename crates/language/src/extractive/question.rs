//! What a question asks for: its words with their weights, and its kind. The kinds are found by
//! English patterns; a question in another language has its words only.

use super::words::{Word, words};
use crate::lexicon::{is_generic, is_stop_word, without_asking};

/// Further words of a question are ignored.
const MOST_TERMS: usize = 64;

/// A name of at least this many capitals is an identifier, not an abbreviation.
const IDENTIFIER_CAPITALS: usize = 6;

const MEASURES: [&str; 10] = [
    "many", "much", "long", "often", "large", "big", "old", "far", "fast", "high",
];
const HOW_TO_VERBS: [&str; 8] = ["do", "to", "can", "should", "would", "could", "is", "are"];
const DEFINING_VERBS: [&str; 7] = ["is", "are", "was", "were", "does", "do", "did"];

/// What kind of answer is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuestionKind {
    /// What something is, means or does.
    Definition,
    /// How to do something.
    HowTo,
    /// Which thing it is.
    Which,
    /// A number, a time or a default.
    Quantity,
    /// A reason.
    Why,
    /// Anything else.
    Other,
}

/// A word that an answer should have.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// As in the question, in lower case.
    pub lower: String,
    /// What is compared.
    pub key: String,
    /// How much it matters by its form alone; 1 is normal.
    pub emphasis: f32,
    /// It is an identifier: a text that does not have it is about something else.
    pub is_identifier: bool,
    /// It names something: an identifier, an acronym, or written with a capital inside the question.
    pub is_proper: bool,
}

impl Term {
    /// Whether an answer must be about it: not a generic word, and not an adverb.
    pub fn is_subject(&self) -> bool {
        self.emphasis >= 1.0 && !self.lower.ends_with("ly")
    }
}

/// An analysed question.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// What kind of answer is wanted.
    pub kind: QuestionKind,
    /// The words that matter, in order, each once.
    pub terms: Vec<Term>,
}

/// Analyses a question.
pub fn analyse(text: &str) -> Question {
    let capitals = Capitals::of(text);
    let mut terms: Vec<Term> = Vec::new();
    let mut after_how = false;
    for word in &words(&without_asking(text)) {
        if terms.len() == MOST_TERMS {
            break;
        }
        let measure = after_how && MEASURES.contains(&word.lower.as_str());
        after_how = word.lower == "how";
        let repeated = terms.iter().any(|term| term.key == word.key);
        let bare = word.lower.chars().count() == 1 && word.lower.is_ascii() && !word.is_name;
        let digit = word.lower.bytes().all(|b| b.is_ascii_digit());
        if !repeated && !measure && !is_stop_word(&word.lower) && (!bare || digit) {
            terms.push(term(word, text, &capitals));
        }
    }
    Question {
        kind: kind(text),
        terms,
    }
}

/// The words of a question that have a capital without beginning a sentence; empty when most words
/// have one, as in a title.
struct Capitals(Vec<String>);

impl Capitals {
    fn of(question: &str) -> Self {
        let mut found = Vec::new();
        let mut words = 0;
        let mut begins = true;
        for written in question.split_whitespace() {
            let bare = written.trim_matches(|c: char| !c.is_alphanumeric());
            let capital = bare.chars().next().is_some_and(char::is_uppercase);
            if capital && !begins && bare != "I" {
                found.push(bare.to_lowercase());
            }
            words += usize::from(!begins);
            begins = written.ends_with(['.', '!', '?', ':']);
        }
        if found.len() * 2 > words {
            found.clear();
        }
        Self(found)
    }

    fn has(&self, word: &Word) -> bool {
        let lower = word.lower.as_str();
        let is_it = |name: &String| name == lower || name.strip_suffix("'s") == Some(lower);
        self.0.iter().any(is_it)
    }
}

fn term(word: &Word, question: &str, capitals: &Capitals) -> Term {
    let is_identifier = is_identifier(word, question);
    let emphasis = if is_identifier {
        1.6
    } else if word.is_name {
        1.3
    } else if is_generic(&word.lower) {
        0.35
    } else {
        1.0
    };
    Term {
        lower: word.lower.clone(),
        key: word.key.clone(),
        emphasis,
        is_identifier,
        is_proper: is_identifier || word.is_name || capitals.has(word),
    }
}

fn is_identifier(word: &Word, question: &str) -> bool {
    let long_capitals = word.lower.chars().count() >= IDENTIFIER_CAPITALS
        && question.contains(&word.lower.to_uppercase())
        && question.chars().any(char::is_lowercase);
    word.lower.contains('_') || word.lower.starts_with('-') || word.is_name && long_capitals
}

fn kind(text: &str) -> QuestionKind {
    let text = text.to_lowercase().replace('’', "'");
    let words: Vec<&str> = text
        .split(|c: char| !c.is_alphanumeric() && c != '\'')
        .filter(|word| !word.is_empty())
        .collect();
    let has = |wanted: &[&str]| words.iter().any(|word| wanted.contains(word));
    let bounds = ["default", "maximum", "minimum", "limit", "port"];
    match words.as_slice() {
        ["how", measure, ..] if MEASURES.contains(measure) => QuestionKind::Quantity,
        ["when", ..] | ["what", "year" | "time" | "date" | "size" | "port", ..] => {
            QuestionKind::Quantity
        }
        ["what", "is" | "are" | "was" | "were", ..] | ["what's", ..] if has(&bounds) => {
            QuestionKind::Quantity
        }
        ["how", verb, ..] if HOW_TO_VERBS.contains(verb) => QuestionKind::HowTo,
        ["why", ..] => QuestionKind::Why,
        ["what", verb, ..] if DEFINING_VERBS.contains(verb) => QuestionKind::Definition,
        [
            "what's" | "whats" | "who's" | "define" | "describe" | "explain" | "who" | "how",
            ..,
        ] => QuestionKind::Definition,
        ["which" | "what", ..] => QuestionKind::Which,
        _ if has(&["meaning", "definition", "purpose"]) => QuestionKind::Definition,
        _ if has(&["which"]) => QuestionKind::Which,
        _ => QuestionKind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(text: &str) -> Vec<String> {
        let question = analyse(text);
        question.terms.into_iter().map(|term| term.lower).collect()
    }

    #[test]
    fn kinds_are_recognised() {
        for (text, expected) in [
            ("What is a lease?", QuestionKind::Definition),
            ("What’s a lease?", QuestionKind::Definition),
            ("What does HISTSIZE do?", QuestionKind::Definition),
            ("How does replication work?", QuestionKind::Definition),
            ("How do I rotate the keys?", QuestionKind::HowTo),
            ("How can a table be locked?", QuestionKind::HowTo),
            ("Which option disables colour?", QuestionKind::Which),
            ("What command lists jobs?", QuestionKind::Which),
            ("How many retries are made?", QuestionKind::Quantity),
            ("What is the default port?", QuestionKind::Quantity),
            ("Why is the lock held?", QuestionKind::Why),
            ("Delete a branch", QuestionKind::Other),
        ] {
            assert_eq!(analyse(text).kind, expected, "{text}");
        }
    }

    #[test]
    fn only_words_with_a_subject_remain() {
        assert_eq!(
            terms("How do I rotate the keys of the keys?"),
            ["rotate", "keys"]
        );
        assert_eq!(terms("How old is a long lease?"), ["long", "lease"]);
        assert_eq!(terms("What does -c do?"), ["-c"]);
        assert_eq!(terms("what is it"), Vec::<String>::new());
        assert_eq!(
            terms("max_wal_size 5"),
            ["max_wal_size", "max", "wal", "size", "5"]
        );
    }

    #[test]
    fn names_matter_more_and_generic_words_less() {
        let question = analyse("Which variable sets the HISTSIZE of WAL?");
        let emphasis: Vec<(&str, bool)> = question
            .terms
            .iter()
            .map(|term| (term.lower.as_str(), term.is_identifier))
            .collect();
        assert_eq!(
            emphasis,
            [
                ("variable", false),
                ("sets", false),
                ("histsize", true),
                ("wal", false)
            ]
        );
        assert!(question.terms[0].emphasis < question.terms[3].emphasis);
    }
}
