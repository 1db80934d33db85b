//! The words of `data/follow_ups.txt` by their kinds, and texts as words.

use crate::lexicon::named_words;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

static KINDS: LazyLock<HashMap<&'static str, HashSet<&'static str>>> = LazyLock::new(|| {
    let mut kinds: HashMap<&str, HashSet<&str>> = HashMap::new();
    for (kind, word) in named_words(include_str!("../../data/follow_ups.txt")) {
        kinds.entry(kind).or_default().insert(word);
    }
    kinds
});

/// Whether a word, in lower case but for German nouns, is of a kind.
pub(super) fn is_of(kind: &str, word: &str) -> bool {
    KINDS.get(kind).is_some_and(|words| words.contains(word))
}

/// A word of a text, as it is written and in lower case, without the signs around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word<'a> {
    pub(super) text: &'a str,
    pub(super) lower: String,
    /// Where it begins in the text, in bytes.
    pub(super) start: usize,
    /// Whether a sentence begins with it.
    pub(super) begins: bool,
}

impl Word<'_> {
    pub(super) fn is(&self, kind: &str) -> bool {
        is_of(kind, &self.lower)
    }

    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

/// The words of a text.
pub(super) fn words(text: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut begins = true;
    for piece in text.split_whitespace() {
        let start = piece.as_ptr() as usize - text.as_ptr() as usize;
        let inner = piece.trim_matches(|c: char| !c.is_alphanumeric());
        if !inner.is_empty() {
            let skipped = inner.as_ptr() as usize - piece.as_ptr() as usize;
            words.push(Word {
                text: inner,
                lower: inner.to_lowercase().replace('’', "'"),
                start: start + skipped,
                begins,
            });
            begins = false;
        }
        begins |= piece.ends_with(['.', '!', '?', ':']);
    }
    words
}
