//! The order of words: how much of a claim occurs in a sentence in the same order (the longest common
//! subsequence), and whether a claim that is nearly a copy replaces a word of the sentence by another
//! one, and so is about something else. It knows no numbers and no negations.

use super::token::{Class, Token};
use crate::token::common_beginning;
use std::collections::HashSet;

/// A claim is nearly a copy when at least this share of its words is in order.
const NEAR_COPY: f64 = 0.65;
/// More words than this that differ in one place are another wording, not a replaced word.
const LONGEST_CLAIMED: usize = 2;
const LONGEST_FOUND: usize = 2;
/// Before the first shared word and after the last one the sentence may have more.
const LONGEST_AT_ENDS: usize = 4;
/// So many equal letters at the beginning make two words mean the same.
const AKIN_LETTERS: usize = 5;
/// Longer texts are cut: a sentence has fewer words.
const MOST_TOKENS: usize = 80;

/// How the words of a claim follow those of a sentence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Alignment {
    /// The share of the claim's words that the sentence has in the same order, 0–1.
    pub(super) share: f64,
    /// The claim has a content word where the sentence has another one.
    pub(super) has_other_word: bool,
}

/// Compares the order of both; a word of the claim whose stem is in `nearby`, the surroundings of the
/// sentence, replaces nothing.
pub(super) fn align(claim: &[Token], sentence: &[Token], nearby: &HashSet<&str>) -> Alignment {
    let claim = claim.get(..claim.len().min(MOST_TOKENS)).unwrap_or(claim);
    let sentence = sentence
        .get(..sentence.len().min(MOST_TOKENS))
        .unwrap_or(sentence);
    let pairs = common(claim, sentence);
    let share = pairs.len() as f64 / claim.len().max(1) as f64;
    Alignment {
        share,
        has_other_word: share >= NEAR_COPY && other_word(claim, sentence, &pairs, nearby),
    }
}

/// The longest common subsequence, as pairs of indices.
fn common(claim: &[Token], sentence: &[Token]) -> Vec<(usize, usize)> {
    let width = sentence.len() + 1;
    let mut lengths = vec![0_u16; (claim.len() + 1) * width];
    let get =
        |lengths: &[u16], i: usize, j: usize| lengths.get(i * width + j).copied().unwrap_or(0);
    for (i, one) in claim.iter().enumerate().rev() {
        for (j, two) in sentence.iter().enumerate().rev() {
            let length = if one.stem == two.stem {
                get(&lengths, i + 1, j + 1) + 1
            } else {
                get(&lengths, i + 1, j).max(get(&lengths, i, j + 1))
            };
            if let Some(slot) = lengths.get_mut(i * width + j) {
                *slot = length;
            }
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut pairs = Vec::new();
    while let (Some(one), Some(two)) = (claim.get(i), sentence.get(j)) {
        if one.stem == two.stem {
            pairs.push((i, j));
            i += 1;
            j += 1;
        } else if get(&lengths, i + 1, j) >= get(&lengths, i, j + 1) {
            i += 1;
        } else {
            j += 1;
        }
    }
    pairs
}

fn other_word(
    claim: &[Token],
    sentence: &[Token],
    pairs: &[(usize, usize)],
    nearby: &HashSet<&str>,
) -> bool {
    let ends = (claim.len(), sentence.len());
    let mut from = (0, 0);
    pairs.iter().copied().chain([ends]).any(|upto| {
        let claimed = claim.get(from.0..upto.0).unwrap_or_default();
        let found = sentence.get(from.1..upto.1).unwrap_or_default();
        let at_end = from == (0, 0) || upto == ends;
        from = (upto.0 + 1, upto.1 + 1);
        let longest = if at_end {
            LONGEST_AT_ENDS
        } else {
            LONGEST_FOUND
        };
        differs(claimed, found, longest, nearby)
    })
}

/// Whether a few words of the claim name something that the few words in their place do not.
fn differs(claimed: &[Token], found: &[Token], longest: usize, nearby: &HashSet<&str>) -> bool {
    let claimed: Vec<&Token> = claimed.iter().filter(|token| counts(token)).collect();
    let found: Vec<&Token> = found.iter().filter(|token| counts(token)).collect();
    let short =
        (1..=LONGEST_CLAIMED).contains(&claimed.len()) && (1..=longest).contains(&found.len());
    short
        && claimed.iter().any(|token| {
            !nearby.contains(token.stem.as_str())
                && !found.iter().any(|other| means_the_same(token, other))
        })
}

/// Whether a difference in this word counts: adverbs change little, and numbers are compared elsewhere.
fn counts(token: &Token) -> bool {
    token.is_content() && token.class != Class::Number && !token.lower.ends_with("ly")
}

fn means_the_same(one: &Token, other: &Token) -> bool {
    common_beginning(&one.stem, &other.stem) >= AKIN_LETTERS || one.is_synonym_of(other)
}

#[cfg(test)]
mod tests {
    use super::super::tokens::tokens;
    use super::*;

    fn other_word_in(claim: &str, sentence: &str) -> bool {
        align(&tokens(claim), &tokens(sentence), &HashSet::new()).has_other_word
    }

    #[test]
    fn another_word_in_the_same_place_is_seen() {
        let sentence = "Large objects are not replicated to the subscriber.";
        assert!(other_word_in(
            "Triggers are not replicated to the subscriber.",
            sentence
        ));
        assert!(!other_word_in(
            "Large objects are not replicated.",
            sentence
        ));
        assert!(other_word_in(
            "The table is locked until the index has been made.",
            "The table is locked until the checkpoint has been made."
        ));
        assert!(!other_word_in(
            "The rows are usually removed at the end of the day.",
            "The rows are normally deleted at the end of the day."
        ));
    }

    #[test]
    fn order_counts() {
        let share =
            |claim: &str, text: &str| align(&tokens(claim), &tokens(text), &HashSet::new()).share;
        assert!((share("a red lamp", "it is a red lamp") - 1.0).abs() < 1e-9);
        assert!(share("lamp red a", "it is a red lamp") < 0.5);
    }
}
