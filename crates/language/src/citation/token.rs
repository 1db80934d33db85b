//! The unit of comparison: a word, number or name of a text with its properties. How texts are cut into
//! tokens is in `tokens`.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// A word of a sentence.
    Word,
    /// Written in digits, perhaps with a unit after them.
    Number,
    /// Looks like an identifier, an option, a file, an acronym or a version: never inflected.
    Name,
}

/// A word, number or name of a text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    /// In lower case, without a possessive ending.
    pub(super) lower: String,
    /// What is compared.
    pub(super) stem: String,
    /// What it is.
    pub(super) class: Class,
    /// The groups of synonyms that it belongs to.
    pub(super) groups: Vec<usize>,
    /// It says nothing about the subject by itself.
    pub(super) is_stop: bool,
    /// It begins with a capital that a sentence's beginning does not explain.
    pub(super) is_capital: bool,
    /// A clause ends between the token before and this one.
    pub(super) begins_clause: bool,
    /// A number with `%` after it.
    pub(super) is_percent: bool,
}

impl Token {
    /// Whether both belong to one group of synonyms.
    pub(super) fn is_synonym_of(&self, other: &Self) -> bool {
        self.groups.iter().any(|group| other.groups.contains(group))
    }

    /// Whether the claim would say something else without it.
    pub(super) fn is_content(&self) -> bool {
        !self.is_stop
    }
}
