//! The names in a text: words with a capital or a digit that are no ordinary word of a question. In
//! German, where every noun has a capital, those after a definite article come first.

use super::kinds::{Word, is_of, words};

/// A name: one word or several that follow each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) text: String,
    /// The place of its first word among the words of the text.
    pub(super) at: usize,
    /// Where it stands in the text, in bytes.
    pub(super) start: usize,
    pub(super) end: usize,
    /// Whether a definite article stands before it.
    pub(super) is_definite: bool,
}

/// The names of a text, in order.
pub(super) fn names(text: &str) -> Vec<Name> {
    let words = words(text);
    let mut names: Vec<Name> = Vec::new();
    let mut last = None;
    for (at, word) in words.iter().enumerate() {
        let continues = at > 0 && last == Some(at - 1);
        let is_number = word.text.chars().all(|c| c.is_ascii_digit());
        let is_part = is_name(word) || (continues && is_number);
        if !is_part {
            continue;
        }
        last = Some(at);
        match names.last_mut().filter(|_| continues) {
            Some(name) => {
                name.end = word.end();
                name.text = text
                    .get(name.start..name.end)
                    .unwrap_or_default()
                    .to_owned();
            }
            None => names.push(Name {
                text: word.text.to_owned(),
                at,
                start: word.start,
                end: word.end(),
                is_definite: at > 0 && words.get(at - 1).is_some_and(|word| word.is("definite")),
            }),
        }
    }
    names
}

fn is_name(word: &Word<'_>) -> bool {
    let has_capital = word.text.chars().next().is_some_and(char::is_uppercase);
    let has_digit = word.text.chars().any(|c| c.is_ascii_digit());
    let has_letter = word.text.chars().any(char::is_alphabetic);
    let is_ordinary = [
        "asking",
        "small",
        "opening",
        "pronoun",
        "person",
        "demonstrative",
        "conjunction",
        "indefinite",
    ]
    .iter()
    .any(|kind| word.is(kind));
    if has_letter && has_digit {
        return true;
    }
    // The first word of a sentence has a capital whatever it is.
    let is_told = !word.begins || word.text.chars().filter(|c| c.is_uppercase()).count() > 1;
    has_capital && has_letter && is_told && !is_ordinary && !is_of("property", word.text)
}

/// The name that a question is about: after a definite article, else the first.
pub(super) fn subject(names: &[Name]) -> Option<&Name> {
    names
        .iter()
        .rev()
        .find(|name| name.is_definite)
        .or_else(|| names.first())
}
