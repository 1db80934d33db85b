//! Abbreviations, and when a full stop after one does not end a sentence.

use super::list::named_words;
use std::collections::HashMap;
use std::sync::LazyLock;

/// When a sentence goes on after an abbreviation's full stop.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Abbreviation {
    /// Always.
    pub(crate) always: bool,
    /// When a number follows.
    pub(crate) before_number: bool,
    /// In the text that a citation marker closes.
    pub(crate) before_marker: bool,
}

static BY_WORD: LazyLock<HashMap<&'static str, Abbreviation>> = LazyLock::new(|| {
    let mut by_word: HashMap<&'static str, Abbreviation> = HashMap::new();
    for (name, word) in named_words(include_str!("../../data/abbreviations.txt")) {
        let entry = by_word.entry(word).or_default();
        match name {
            "always" => entry.always = true,
            "before_number" => entry.before_number = true,
            _ => entry.before_marker = true,
        }
    }
    by_word
});

/// What is known of a lower-case word, written without its last full stop.
pub(crate) fn abbreviation(lower: &str) -> Abbreviation {
    BY_WORD.get(lower).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abbreviations_are_known_by_their_use() {
        assert!(abbreviation("e.g").always && abbreviation("e.g").before_marker);
        assert!(abbreviation("vol").before_number && !abbreviation("vol").always);
        assert_eq!(abbreviation("volume"), Abbreviation::default());
        let names = named_words(include_str!("../../data/abbreviations.txt"));
        for (name, word) in names {
            assert!(
                matches!(name, "always" | "before_number" | "before_marker"),
                "{name}: {word}"
            );
        }
    }
}
