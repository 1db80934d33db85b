//! Whether two texts say the opposite of each other: which of their words are negated, and which
//! words are antonyms (`before`, `after`). A negation applies to what follows it in its clause; the
//! first words after it matter most. The word lists are in the lexicon.

use super::token::{Class, Token};
use crate::lexicon::{direction, is_prefixed_opposite, negation};
use std::collections::BTreeMap;

/// A negation applies to so many content words after it, …
const SCOPE: usize = 5;
/// … and the first so many are what it denies.
const HEADS: usize = 2;

/// Negations are compared when at least this share of the claim's words is in order: below, the
/// wording differs too much.
const COMPARABLE: f64 = 0.4;
/// From this share on the claim is a copy, and every difference counts.
const COPIED: f64 = 0.7;

/// Whether a word, or an axis of antonyms, occurs affirmed, denied or both.
#[derive(Debug, Clone, Copy, Default)]
struct Signs {
    affirmed: bool,
    denied: bool,
}

impl Signs {
    fn note(&mut self, denied: bool) {
        if denied {
            self.denied = true;
        } else {
            self.affirmed = true;
        }
    }

    fn opposes(self, other: Self) -> bool {
        let only = |signs: Self| signs.affirmed != signs.denied;
        only(self) && only(other) && self.affirmed != other.affirmed
    }
}

/// A text's words and axes with their signs.
#[derive(Debug, Default)]
pub(super) struct Polarity<'a> {
    words: BTreeMap<&'a str, Signs>,
    axes: BTreeMap<&'static str, Signs>,
    /// What each negation denies: the first words after it.
    denials: Vec<Vec<&'a str>>,
    is_soft: bool,
}

impl<'a> Polarity<'a> {
    /// Collects the signs of a text.
    pub(super) fn of(tokens: &'a [Token]) -> Self {
        let mut polarity = Self {
            is_soft: tokens.iter().any(|token| negation(&token.lower).is_soft),
            ..Self::default()
        };
        let mut left = 0;
        for (at, token) in tokens.iter().enumerate() {
            let lower = token.lower.as_str();
            let role = negation(lower);
            if token.begins_clause || role.is_conjunction {
                left = 0;
            }
            let cue = is_cue(tokens, at);
            if cue {
                left = SCOPE;
                polarity.denials.push(Vec::new());
            }
            // "Never" is the other end of "always" as well.
            let denied = left > 0 && !cue;
            if let Some(direction) = direction(lower) {
                let signs = polarity.axes.entry(direction.axis).or_default();
                signs.note(direction.is_one_way == denied);
            }
            if token.is_content() && !role.is_light && !role.is_cue {
                let word = token.stem.as_str();
                polarity.words.entry(word).or_default().note(denied);
                if denied
                    && let Some(heads) = polarity.denials.last_mut()
                    && heads.len() < HEADS
                {
                    heads.push(word);
                }
                left = left.saturating_sub(1);
            }
        }
        polarity
    }

    /// Whether this claim says the opposite of `evidence`. `order` is the share of its words that it
    /// has in the same order: the higher, the stricter the comparison.
    pub(super) fn contradicts(&self, evidence: &Self, order: f64) -> bool {
        let words = order >= COMPARABLE
            && (self.denies(evidence, order, true) || evidence.denies(self, order, false));
        words || self.axes_conflict(evidence) || self.prefixes_conflict(evidence)
    }

    /// Whether a negation here denies what `other` affirms. The evidence must deny what the claim
    /// denies; the claim need not mention what the evidence denies.
    fn denies(&self, other: &Self, order: f64, is_claim: bool) -> bool {
        let is_copy = order >= COPIED;
        if other.is_soft && !is_copy {
            return false;
        }
        self.denials.iter().any(|heads| {
            let signs = |word: &&str| other.words.get(*word).copied().unwrap_or_default();
            let denied = heads.iter().any(|word| signs(word).denied);
            let affirmed = |word: &&str| signs(word).affirmed;
            let first = heads.first().is_some_and(affirmed);
            let affirmed = first || is_copy && is_claim && heads.iter().any(affirmed);
            affirmed && !denied
        })
    }

    fn axes_conflict(&self, evidence: &Self) -> bool {
        self.axes.iter().any(|(name, claimed)| {
            evidence
                .axes
                .get(name)
                .is_some_and(|found| claimed.opposes(*found))
        })
    }

    fn prefixes_conflict(&self, evidence: &Self) -> bool {
        let opposed = |longer: &Self, shorter: &Self| {
            longer.words.iter().any(|(long, signs)| {
                shorter.words.iter().any(|(short, others)| {
                    is_prefixed_opposite(long, short)
                        && !longer.words.contains_key(short)
                        && !shorter.words.contains_key(long)
                        && signs.affirmed == others.affirmed
                })
            })
        };
        opposed(self, evidence) || opposed(evidence, self)
    }
}

/// Whether the token negates what follows: not in "not only", "no more than", "whether or not".
fn is_cue(tokens: &[Token], at: usize) -> bool {
    let lower = |at: usize| tokens.get(at).map_or("", |token| token.lower.as_str());
    let word = lower(at);
    // `NOT NULL` is a name.
    let is_word = tokens
        .get(at)
        .is_some_and(|token| token.class == Class::Word);
    if !is_word || !(negation(word).is_cue || word.ends_with("n't")) {
        return false;
    }
    let next = lower(at + 1);
    let bounded =
        matches!(next, "more" | "less" | "later" | "fewer" | "greater") && lower(at + 2) == "than";
    let idle = matches!(next, "only" | "just" | "to") && word == "not";
    let alternative = at > 0 && lower(at - 1) == "or";
    !(bounded || idle || alternative)
}

#[cfg(test)]
mod tests {
    use super::super::alignment::align;
    use super::super::tokens::tokens;
    use super::*;
    use std::collections::HashSet;

    fn contradict(claim: &str, text: &str) -> bool {
        let (claim, text) = (tokens(claim), tokens(text));
        let order = align(&claim, &text, &HashSet::new()).share;
        Polarity::of(&claim).contradicts(&Polarity::of(&text), order)
    }

    #[test]
    fn opposites_contradict() {
        for (claim, text) in [
            ("Unused days are paid out.", "Unused days are not paid out."),
            ("Logs are never rotated.", "Logs are always rotated."),
            ("The cache is enabled.", "The cache is disabled."),
            ("It runs before the commit.", "It runs after the commit."),
            ("Cookies are forbidden.", "Cookies are allowed."),
            ("The list is limited.", "The list is unlimited."),
            ("It can't be undone.", "It can be undone."),
            ("Sets the maximum delay.", "Sets the minimum delay."),
            ("The token no longer expires.", "The token expires."),
        ] {
            assert!(contradict(claim, text), "{claim} / {text}");
        }
    }

    #[test]
    fn other_words_for_the_same_do_not() {
        for (claim, text) in [
            ("Cookies are not allowed.", "Cookies are forbidden."),
            ("It holds no more than five rows.", "It holds five rows."),
            (
                "A view cannot be replicated.",
                "Attempts to replicate a view result in an error.",
            ),
            ("It is not only fast.", "It is fast."),
            (
                "Triggers do not fire, and rules fire.",
                "Rules fire. Triggers do not fire.",
            ),
            (
                "Unused days are not paid out.",
                "Days that are left are not paid out.",
            ),
        ] {
            assert!(!contradict(claim, text), "{claim} / {text}");
        }
    }
}
