//! Names: identifiers, options, files, acronyms, and words with a capital that a sentence's beginning
//! does not explain. A claim about a name that its passage does not have is about something else.

use super::token::{Class, Token};
use std::collections::HashSet;

/// Words that English capitalises anywhere, or that are too common: no names.
const NOT_NAMES: [&str; 6] = ["i", "i'm", "i've", "english", "ok", "a"];

/// The words of a passage with its heading and title, in the forms in which names are looked up.
#[derive(Debug, Default)]
pub(super) struct KnownWords {
    words: HashSet<String>,
}

impl KnownWords {
    /// Adds the words of a text.
    pub(super) fn add(&mut self, tokens: &[Token]) {
        for token in tokens {
            self.words.insert(token.lower.clone());
            self.words.insert(token.stem.clone());
            // `max_wal_size` is written "max wal size", and `--jobs` "jobs", in running text.
            for part in token.lower.split(['_', '-', '.']) {
                if part.len() > 2 && part.len() < token.lower.len() {
                    self.words.insert(part.to_owned());
                }
            }
        }
    }

    /// Whether every name of `claim` is among these words.
    pub(super) fn has_all(&self, claim: &[Token]) -> bool {
        claim
            .iter()
            .filter(|token| is_name(token))
            .all(|token| self.has(token))
    }

    fn has(&self, token: &Token) -> bool {
        let lower = token.lower.as_str();
        let bare = lower.trim_start_matches('-');
        [lower, token.stem.as_str(), bare, bare.trim_end_matches('s')]
            .iter()
            .any(|form| self.words.contains(*form))
    }
}

/// Whether the token names something.
pub(super) fn is_name(token: &Token) -> bool {
    match token.class {
        Class::Name => true,
        Class::Number => false,
        Class::Word => {
            token.is_capital
                && !token.is_stop
                && token.lower.chars().count() > 1
                && !NOT_NAMES.contains(&token.lower.as_str())
        }
    }
}
