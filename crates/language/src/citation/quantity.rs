//! Numbers with their units, however they are written: "2 GB", "2048MB", "two gigabytes", "25%",
//! "200 million", "1,600". Two quantities agree when they measure the same thing and are the same
//! amount; a bare number agrees with any unit. The words for numbers and units are in the lexicon.

use super::token::{Class, Token};
use crate::lexicon::{Dimension, Unit, multiplier, number, unit};

const PERCENT: Unit = Unit {
    dimension: Dimension::Percent,
    scale: 1.0,
};

/// An amount.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Quantity {
    /// As written.
    value: f64,
    /// In bytes, seconds or parts of a hundred.
    amount: f64,
    /// What it measures; `None` for a bare number.
    dimension: Option<Dimension>,
}

/// A word that begins with digits.
struct Digits<'a> {
    value: f64,
    /// What is written after the number.
    suffix: &'a str,
}

/// The quantities that a claim states. "One" alone is a pronoun as often as a number, so it counts
/// only before a unit.
pub(super) fn stated(tokens: &[Token]) -> Vec<Quantity> {
    let is_certain = |at: usize, quantity: &Quantity| {
        quantity.dimension.is_some() || tokens.get(at).is_some_and(|token| token.lower != "one")
    };
    (0..tokens.len())
        .filter_map(|at| quantity(tokens, at).filter(|found| is_certain(at, found)))
        .collect()
}

/// Every quantity that a text can be read to hold: also "a minute" as one, "both" as two.
pub(super) fn held(tokens: &[Token]) -> Vec<Quantity> {
    let mut held: Vec<Quantity> = (0..tokens.len())
        .filter_map(|at| quantity(tokens, at))
        .collect();
    for pair in tokens.windows(2) {
        let [first, second] = pair else { continue };
        let implied = matches!(first.lower.as_str(), "a" | "an" | "per" | "each" | "every");
        if implied && let Some(unit) = unit(&second.lower) {
            held.push(Quantity::new(1.0, Some(unit)));
        }
    }
    for token in tokens {
        match token.lower.as_str() {
            "single" | "once" => held.push(Quantity::new(1.0, None)),
            "both" | "twice" | "pair" => held.push(Quantity::new(2.0, None)),
            "half" => held.push(Quantity::new(50.0, Some(PERCENT))),
            _ => {}
        }
    }
    held
}

impl Quantity {
    fn new(value: f64, unit: Option<Unit>) -> Self {
        Self {
            value,
            amount: value * unit.map_or(1.0, |unit| unit.scale),
            dimension: unit.map(|unit| unit.dimension),
        }
    }

    /// Whether both are the same amount.
    pub(super) fn agrees(&self, other: &Self) -> bool {
        let equal = |a: f64, b: f64| (a - b).abs() <= 1e-9 * a.abs().max(b.abs());
        if self.dimension == other.dimension {
            return equal(self.amount, other.amount);
        }
        match (self.dimension, other.dimension) {
            (None, Some(Dimension::Percent)) => {
                equal(self.value, other.value) || equal(self.value * 100.0, other.value)
            }
            (Some(Dimension::Percent), None) => other.agrees(self),
            (None, _) | (_, None) => equal(self.value, other.value),
            _ => false,
        }
    }
}

/// The quantity whose number begins at a token.
fn quantity(tokens: &[Token], at: usize) -> Option<Quantity> {
    let token = tokens.get(at)?;
    let Digits { mut value, suffix } = match token.class {
        Class::Number => digits(&token.lower)?,
        Class::Word => Digits {
            value: compound(tokens, at)?,
            suffix: "",
        },
        Class::Name => return None,
    };
    let is_compound = tens(tokens, at).is_some() && units(tokens, at + 1).is_some();
    let mut next = tokens.get(at + if is_compound { 2 } else { 1 });
    if let Some(factor) = next.and_then(|next| multiplier(&next.lower)) {
        value *= factor;
        next = tokens.get(at + 2);
    }
    let unit = if token.is_percent {
        Some(PERCENT)
    } else if suffix.is_empty() {
        next.and_then(|next| unit(&next.lower))
    } else {
        unit(suffix)
    };
    Some(Quantity::new(value, unit))
}

/// Whether a word with digits is an amount, perhaps with its unit after it: not a name such as
/// `int8`, an address or a version.
pub(super) fn is_quantity(written: &str) -> bool {
    digits(&written.to_lowercase()).is_some()
}

/// Whether the token at `at` is the unit of the number before it.
pub(super) fn is_unit_at(tokens: &[Token], at: usize) -> bool {
    let is_unit = tokens
        .get(at)
        .is_some_and(|token| unit(&token.lower).is_some());
    let before = at.checked_sub(1);
    is_unit && before.is_some_and(|before| quantity(tokens, before).is_some())
}

/// The number at the start of a lower-case word, and what is written after it.
fn digits(word: &str) -> Option<Digits<'_>> {
    let end = word
        .char_indices()
        .find(|&(at, c)| !(c.is_ascii_digit() || matches!(c, '.' | ',') || at == 0 && c == '-'))
        .map_or(word.len(), |(at, _)| at);
    let (number, suffix) = word.split_at(end);
    let number = number.trim_end_matches(['.', ',']).replace(',', "");
    let value: f64 = number.parse().ok()?;
    match suffix {
        "k" => Some(Digits {
            value: value * 1e3,
            suffix: "",
        }),
        "" | "st" | "nd" | "rd" | "th" => Some(Digits { value, suffix }),
        _ => unit(suffix).map(|_| Digits { value, suffix }),
    }
}

/// A number word at `at`, with the unit after a ten ("twenty-five"); `None` for that unit itself.
fn compound(tokens: &[Token], at: usize) -> Option<f64> {
    let value = word(tokens, at)?;
    let counted = at
        .checked_sub(1)
        .and_then(|before| tens(tokens, before))
        .is_some();
    if counted && units(tokens, at).is_some() {
        return None;
    }
    let after = tens(tokens, at).and_then(|_| units(tokens, at + 1));
    Some(value + after.unwrap_or(0.0))
}

fn tens(tokens: &[Token], at: usize) -> Option<f64> {
    word(tokens, at).filter(|value| *value >= 20.0)
}

fn units(tokens: &[Token], at: usize) -> Option<f64> {
    word(tokens, at).filter(|value| (1.0..10.0).contains(value))
}

fn word(tokens: &[Token], at: usize) -> Option<f64> {
    number(&tokens.get(at)?.lower)
}

#[cfg(test)]
mod tests {
    use super::super::tokens::tokens;
    use super::*;

    fn agree(claim: &str, text: &str) -> bool {
        let held = held(&tokens(text));
        let stated = stated(&tokens(claim));
        assert!(!stated.is_empty(), "{claim} states no number");
        stated
            .iter()
            .all(|one| held.iter().any(|two| one.agrees(two)))
    }

    #[test]
    fn one_amount_is_written_in_many_ways() {
        for (claim, text) in [
            ("2 GB", "two gigabytes"),
            ("2GB", "2048 MB"),
            ("1,600 columns", "1600 columns"),
            ("60 seconds", "one minute"),
            ("60 seconds", "every minute"),
            ("200 million", "200000000 rows"),
            ("25 percent", "25% of it"),
            ("3 levels", "three distinct levels"),
            ("45 rows", "forty-five rows"),
            ("zero", "the value 0"),
            ("20%", "a fraction of 0.2"),
            ("5 days", "from 5 to 10"),
            ("-1 means none", "set to -1 it"),
        ] {
            assert!(agree(claim, text), "{claim} / {text}");
        }
    }

    #[test]
    fn other_amounts_and_units_differ() {
        for (claim, text) in [
            ("2 GB", "2 MB"),
            ("10 seconds", "10 minutes"),
            ("1,600", "1,664"),
            ("two", "three"),
            ("50 percent", "5%"),
            ("1", "-1"),
        ] {
            assert!(!agree(claim, text), "{claim} / {text}");
        }
    }

    #[test]
    fn names_with_digits_are_no_amounts() {
        for name in [
            "int8",
            "utf8",
            "127.0.0.1",
            "sha-256",
            "2025-12-24",
            "15.2.1",
        ] {
            assert!(!is_quantity(name), "{name}");
        }
        assert!(stated(&tokens("do one commit at the end")).is_empty());
    }
}
