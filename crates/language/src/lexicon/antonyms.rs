//! Antonyms, words that reverse a statement: each is a direction on an axis, so that "forbidden" and "not
//! allowed" are the same direction, and "before" and "after" are not.

use super::list::named;
use std::collections::HashMap;
use std::sync::LazyLock;

/// Prefixes that make the opposite of the word after them.
const PREFIXES: [&str; 6] = ["un", "non", "dis", "in", "im", "ir"];

/// A word's place on an axis of opposites.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Direction {
    /// The axis.
    pub(crate) axis: &'static str,
    /// Which of its two ways the word points.
    pub(crate) is_one_way: bool,
}

/// Every word with its direction.
static BY_WORD: LazyLock<HashMap<&'static str, Direction>> =
    LazyLock::new(|| directions().collect());

fn directions() -> impl Iterator<Item = (&'static str, Direction)> {
    named(include_str!("../../data/antonyms.txt")).flat_map(|(axis, ways)| {
        let ways = ways.split('|').zip([true, false]);
        ways.flat_map(move |(words, is_one_way)| {
            let direction = Direction { axis, is_one_way };
            words.split_whitespace().map(move |word| (word, direction))
        })
    })
}

/// The direction of a lower-case word, if it has one.
pub(crate) fn direction(lower: &str) -> Option<Direction> {
    BY_WORD.get(lower).copied()
}

/// Whether one word is the other with a prefix that negates (`limited`, `unlimited`).
pub(crate) fn is_prefixed_opposite(longer: &str, shorter: &str) -> bool {
    shorter.len() >= 4
        && PREFIXES
            .iter()
            .any(|prefix| longer.strip_prefix(prefix) == Some(shorter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_points_two_ways() {
        assert_eq!(directions().count(), BY_WORD.len());
        assert!(directions().any(|(_, direction)| !direction.is_one_way));
    }

    #[test]
    fn opposites_are_known() {
        let forbidden = Direction {
            axis: "allow",
            is_one_way: false,
        };
        assert_eq!(direction("forbidden"), Some(forbidden));
        assert!(is_prefixed_opposite("unlimited", "limited"));
        assert!(!is_prefixed_opposite("until", "til"));
    }
}
