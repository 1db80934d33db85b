//! The words around negations: which negate, and which end or soften one.

use super::list::named_words;
use std::collections::HashMap;
use std::sync::LazyLock;

/// The parts that a word plays around a negation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Negation {
    /// It negates what follows in its clause.
    pub(crate) is_cue: bool,
    /// It begins another clause.
    pub(crate) is_conjunction: bool,
    /// It denies without negating a word that the other text has.
    pub(crate) is_soft: bool,
    /// It is denied on behalf of what follows it.
    pub(crate) is_light: bool,
}

static BY_WORD: LazyLock<HashMap<&'static str, Negation>> = LazyLock::new(|| {
    let mut by_word: HashMap<&'static str, Negation> = HashMap::new();
    for (name, word) in named_words(include_str!("../../data/negation.txt")) {
        let entry = by_word.entry(word).or_default();
        match name {
            "cue" => entry.is_cue = true,
            "conjunction" => entry.is_conjunction = true,
            "soft" => entry.is_soft = true,
            _ => entry.is_light = true,
        }
    }
    by_word
});

/// The parts of a lower-case word; none for most words.
pub(crate) fn negation(lower: &str) -> Negation {
    BY_WORD.get(lower).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_know_their_parts() {
        assert!(negation("never").is_cue);
        assert!(negation("unless").is_conjunction && negation("unless").is_soft);
        assert!(negation("longer").is_light);
        assert_eq!(negation("table"), Negation::default());
        for (name, word) in named_words(include_str!("../../data/negation.txt")) {
            assert!(
                matches!(name, "cue" | "conjunction" | "soft" | "light"),
                "{name}: {word}"
            );
        }
    }
}
