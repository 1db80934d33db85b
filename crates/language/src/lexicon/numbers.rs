//! Numbers in words, and units of measure.

use super::list::named_words;
use std::collections::HashMap;
use std::sync::LazyLock;

/// What a quantity measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Dimension {
    /// An amount of data.
    Bytes,
    /// A time.
    Seconds,
    /// Parts of a hundred.
    Percent,
}

/// A unit of measure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Unit {
    /// What it measures.
    pub(crate) dimension: Dimension,
    /// How many bytes, seconds or parts of a hundred it is.
    pub(crate) scale: f64,
}

/// A word that stands for a number.
#[derive(Debug, Clone, Copy)]
enum NumberWord {
    Number(f64),
    Multiplier(f64),
}

static NUMBERS: LazyLock<HashMap<&'static str, NumberWord>> = LazyLock::new(|| {
    named_words(include_str!("../../data/numbers.txt"))
        .filter_map(|(name, word)| Some((word, number_word(name)?)))
        .collect()
});

static UNITS: LazyLock<HashMap<&'static str, Unit>> = LazyLock::new(|| {
    named_words(include_str!("../../data/units.txt"))
        .filter_map(|(name, word)| Some((word, measure(name)?)))
        .collect()
});

/// `number 12` or `multiplier 100`.
fn number_word(name: &str) -> Option<NumberWord> {
    let (kind, value) = name.split_once(' ')?;
    let value = value.parse().ok()?;
    match kind {
        "number" => Some(NumberWord::Number(value)),
        "multiplier" => Some(NumberWord::Multiplier(value)),
        _ => None,
    }
}

/// `bytes 1024`.
fn measure(name: &str) -> Option<Unit> {
    let (dimension, scale) = name.split_once(' ')?;
    Some(Unit {
        dimension: dimension.parse().ok()?,
        scale: scale.parse().ok()?,
    })
}

/// The value of a lower-case number word ("twelve").
pub(crate) fn number(lower: &str) -> Option<f64> {
    match NUMBERS.get(lower)? {
        NumberWord::Number(value) => Some(*value),
        NumberWord::Multiplier(_) => None,
    }
}

/// What a lower-case word multiplies the number before it with ("million").
pub(crate) fn multiplier(lower: &str) -> Option<f64> {
    match NUMBERS.get(lower)? {
        NumberWord::Multiplier(factor) => Some(*factor),
        NumberWord::Number(_) => None,
    }
}

/// The unit that a lower-case word names.
pub(crate) fn unit(lower: &str) -> Option<Unit> {
    UNITS.get(lower).copied()
}

#[cfg(test)]
mod tests {
    use super::super::list::named;
    use super::*;

    #[test]
    fn every_line_is_read() {
        let numbers = named(include_str!("../../data/numbers.txt"));
        for (name, words) in numbers {
            assert!(number_word(name).is_some(), "{name}: {words}");
        }
        for (name, words) in named(include_str!("../../data/units.txt")) {
            assert!(measure(name).is_some(), "{name}: {words}");
        }
        assert_eq!(number("dozen"), Some(12.0));
        assert_eq!(multiplier("million"), Some(1e6));
        assert_eq!((number("million"), multiplier("two")), (None, None));
        let kib = Unit {
            dimension: Dimension::Bytes,
            scale: 1024.0,
        };
        assert_eq!(unit("kib"), Some(kib));
    }
}
