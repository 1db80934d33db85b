//! Plain sets of words: those that say nothing about a question's subject, those that name only the
//! kind of thing asked for, and the stems of verbs that define.

use super::list::words;
use std::collections::HashSet;
use std::sync::LazyLock;

static STOP_WORDS: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| words(include_str!("../../data/stop_words.txt")).collect());

static GENERIC_WORDS: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| words(include_str!("../../data/generic_words.txt")).collect());

static DEFINING_STEMS: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| words(include_str!("../../data/defining_stems.txt")).collect());

/// Whether a lower-case word is a stop word.
pub(crate) fn is_stop_word(word: &str) -> bool {
    STOP_WORDS.contains(word)
}

/// Whether a lower-case word, or its singular, is a generic one.
pub(crate) fn is_generic(word: &str) -> bool {
    let known = |word: &str| GENERIC_WORDS.contains(word);
    known(word) || word.strip_suffix('s').is_some_and(known)
}

/// Whether a stem is that of a verb by which a sentence says what its subject is or does.
pub(crate) fn is_defining(stem: &str) -> bool {
    DEFINING_STEMS.contains(stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_without_repeats() {
        for (file, list) in [
            (include_str!("../../data/stop_words.txt"), &STOP_WORDS),
            (include_str!("../../data/generic_words.txt"), &GENERIC_WORDS),
            (
                include_str!("../../data/defining_stems.txt"),
                &DEFINING_STEMS,
            ),
        ] {
            assert_eq!(words(file).count(), list.len());
        }
        assert!(is_stop_word("the") && !is_stop_word("table"));
        assert!(is_generic("options") && !is_generic("tables"));
    }
}
