//! Numbers with their units, however they are written: "2 GB", "2048MB", "two gigabytes", "25%",
//! "200 million", "1,600". Two quantities are equal when they are in the same unit's family and come
//! to the same amount; a bare number agrees with any unit. Sizes count in powers of 1,024, as
//! manuals of software do.

use super::tokens::{Class, Token};

/// What a quantity measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dimension {
    None,
    Bytes,
    Seconds,
    Percent,
}

/// An amount.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Quantity {
    /// As written.
    value: f64,
    /// In bytes, seconds or parts of a hundred.
    amount: f64,
    dimension: Dimension,
}

const WORDS: [(&str, f64); 29] = [
    ("zero", 0.0),
    ("one", 1.0),
    ("two", 2.0),
    ("three", 3.0),
    ("four", 4.0),
    ("five", 5.0),
    ("six", 6.0),
    ("seven", 7.0),
    ("eight", 8.0),
    ("nine", 9.0),
    ("ten", 10.0),
    ("eleven", 11.0),
    ("twelve", 12.0),
    ("thirteen", 13.0),
    ("fourteen", 14.0),
    ("fifteen", 15.0),
    ("sixteen", 16.0),
    ("seventeen", 17.0),
    ("eighteen", 18.0),
    ("nineteen", 19.0),
    ("twenty", 20.0),
    ("thirty", 30.0),
    ("forty", 40.0),
    ("fifty", 50.0),
    ("sixty", 60.0),
    ("seventy", 70.0),
    ("eighty", 80.0),
    ("ninety", 90.0),
    ("dozen", 12.0),
];
const MULTIPLIERS: [(&str, f64); 4] = [
    ("hundred", 1e2),
    ("thousand", 1e3),
    ("million", 1e6),
    ("billion", 1e9),
];

/// The quantities that a claim states. "One" alone is a pronoun as often as a number, so it counts
/// only before a unit.
pub(super) fn stated(tokens: &[Token]) -> Vec<Quantity> {
    let at = |at: usize| quantity(tokens, at).filter(|(_, certain)| *certain);
    (0..tokens.len()).filter_map(at).map(|(q, _)| q).collect()
}

/// Every quantity that a text can be read to hold: also "a minute" as one, "both" as two.
pub(super) fn held(tokens: &[Token]) -> Vec<Quantity> {
    let mut held: Vec<Quantity> = (0..tokens.len())
        .filter_map(|at| quantity(tokens, at))
        .map(|(quantity, _)| quantity)
        .collect();
    for pair in tokens.windows(2) {
        let [first, second] = pair else { continue };
        let (dimension, scale) = unit(&second.lower);
        let implied = matches!(first.lower.as_str(), "a" | "an" | "per" | "each" | "every");
        if implied && dimension != Dimension::None {
            held.push(Quantity::new(1.0, dimension, scale));
        }
    }
    for token in tokens {
        match token.lower.as_str() {
            "single" | "once" => held.push(Quantity::new(1.0, Dimension::None, 1.0)),
            "both" | "twice" | "pair" => held.push(Quantity::new(2.0, Dimension::None, 1.0)),
            "half" => held.push(Quantity::new(50.0, Dimension::Percent, 1.0)),
            _ => {}
        }
    }
    held
}

impl Quantity {
    fn new(value: f64, dimension: Dimension, scale: f64) -> Self {
        Self {
            value,
            amount: value * scale,
            dimension,
        }
    }

    /// Whether both say the same amount.
    pub(super) fn agrees(&self, other: &Self) -> bool {
        let equal = |a: f64, b: f64| (a - b).abs() <= 1e-9 * a.abs().max(b.abs());
        if self.dimension == other.dimension {
            return equal(self.amount, other.amount);
        }
        match (self.dimension, other.dimension) {
            (Dimension::None, Dimension::Percent) => {
                equal(self.value, other.value) || equal(self.value * 100.0, other.value)
            }
            (Dimension::Percent, Dimension::None) => other.agrees(self),
            (Dimension::None, _) | (_, Dimension::None) => equal(self.value, other.value),
            _ => false,
        }
    }
}

/// The quantity whose number is the token at `at`, and whether it can be nothing else.
fn quantity(tokens: &[Token], at: usize) -> Option<(Quantity, bool)> {
    let token = tokens.get(at)?;
    let (mut value, suffix) = match token.class {
        Class::Number => digits(&token.lower)?,
        Class::Word => (compound(tokens, at)?, ""),
        Class::Name => return None,
    };
    let mut next = tokens.get(at + 1);
    if tens(tokens, at).is_some() && units(tokens, at + 1).is_some() {
        next = tokens.get(at + 2);
    }
    if let Some(following) = next
        && let Some((_, factor)) = MULTIPLIERS
            .iter()
            .find(|(name, _)| following.lower == *name)
    {
        value *= factor;
        next = next.and(tokens.get(at + 2));
    }
    let (dimension, scale) = if token.is_percent {
        (Dimension::Percent, 1.0)
    } else if suffix.is_empty() {
        next.map_or((Dimension::None, 1.0), |next| unit(&next.lower))
    } else {
        unit(suffix)
    };
    let certain = token.lower != "one" || dimension != Dimension::None;
    Some((Quantity::new(value, dimension, scale), certain))
}

/// Whether a word with digits is an amount, perhaps with its unit behind it: not a name such as
/// `int8`, an address or a version.
pub(super) fn is_quantity(written: &str) -> bool {
    digits(&written.to_lowercase()).is_some()
}

/// Whether the token at `at` is the unit of the number before it.
pub(super) fn is_unit_at(tokens: &[Token], at: usize) -> bool {
    let is_unit = tokens
        .get(at)
        .is_some_and(|token| unit(&token.lower).0 != Dimension::None);
    let before = at.checked_sub(1);
    is_unit && before.is_some_and(|before| quantity(tokens, before).is_some())
}

/// The number at the start of a word, and what is written behind it.
fn digits(word: &str) -> Option<(f64, &str)> {
    let end = word
        .char_indices()
        .find(|&(at, c)| !(c.is_ascii_digit() || matches!(c, '.' | ',') || at == 0 && c == '-'))
        .map_or(word.len(), |(at, _)| at);
    let (number, suffix) = word.split_at(end);
    let number = number.trim_end_matches(['.', ',']).replace(',', "");
    let value: f64 = number.parse().ok()?;
    let ordinal = matches!(suffix, "st" | "nd" | "rd" | "th");
    let known = suffix.is_empty() || ordinal || unit(suffix).0 != Dimension::None;
    match suffix {
        "k" => Some((value * 1e3, "")),
        _ if known => Some((value, suffix)),
        _ => None,
    }
}

/// A number word at `at`, with the unit behind a ten ("twenty-five"); `None` for that unit itself.
fn compound(tokens: &[Token], at: usize) -> Option<f64> {
    let value = word(tokens, at)?;
    let counted = at
        .checked_sub(1)
        .and_then(|before| tens(tokens, before))
        .is_some();
    if counted && units(tokens, at).is_some() {
        return None;
    }
    let behind = tens(tokens, at).and_then(|_| units(tokens, at + 1));
    Some(value + behind.unwrap_or(0.0))
}

fn tens(tokens: &[Token], at: usize) -> Option<f64> {
    word(tokens, at).filter(|value| *value >= 20.0)
}

fn units(tokens: &[Token], at: usize) -> Option<f64> {
    word(tokens, at).filter(|value| (1.0..10.0).contains(value))
}

fn word(tokens: &[Token], at: usize) -> Option<f64> {
    let lower = tokens.get(at)?.lower.as_str();
    let known = WORDS.iter().find(|(name, _)| *name == lower);
    known.map(|(_, value)| *value)
}

fn unit(lower: &str) -> (Dimension, f64) {
    const KILO: f64 = 1024.0;
    match lower {
        "b" | "byte" | "bytes" => (Dimension::Bytes, 1.0),
        "kb" | "kib" | "kilobyte" | "kilobytes" => (Dimension::Bytes, KILO),
        "mb" | "mib" | "megabyte" | "megabytes" => (Dimension::Bytes, KILO * KILO),
        "gb" | "gib" | "gigabyte" | "gigabytes" => (Dimension::Bytes, KILO * KILO * KILO),
        "tb" | "tib" | "terabyte" | "terabytes" => (Dimension::Bytes, KILO.powi(4)),
        "us" | "µs" | "microsecond" | "microseconds" => (Dimension::Seconds, 1e-6),
        "ms" | "millisecond" | "milliseconds" => (Dimension::Seconds, 1e-3),
        "s" | "sec" | "second" | "seconds" => (Dimension::Seconds, 1.0),
        "m" | "min" | "minute" | "minutes" => (Dimension::Seconds, 60.0),
        "h" | "hour" | "hours" => (Dimension::Seconds, 3_600.0),
        "d" | "day" | "days" => (Dimension::Seconds, 86_400.0),
        "week" | "weeks" => (Dimension::Seconds, 604_800.0),
        "percent" | "per cent" => (Dimension::Percent, 1.0),
        _ => (Dimension::None, 1.0),
    }
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
