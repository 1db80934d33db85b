//! The wait that an upstream writes into the words of its error: "Please try again in 7.66s".

use std::time::Duration;

/// What stands before the wait.
const BEFORE: [&str; 3] = ["try again in ", "retry after ", "retry in "];
/// The units, longest name first where one begins another.
const UNITS: [(&str, f64); 10] = [
    ("milliseconds", 0.001),
    ("ms", 0.001),
    ("minutes", 60.0),
    ("minute", 60.0),
    ("m", 60.0),
    ("seconds", 1.0),
    ("second", 1.0),
    ("s", 1.0),
    ("hours", 3_600.0),
    ("h", 3_600.0),
];

/// The wait in a text, in whole milliseconds; `None` without one.
pub(super) fn in_words(text: &str) -> Option<Duration> {
    let text = text.to_ascii_lowercase();
    BEFORE.iter().find_map(|before| {
        let (_, after) = text.split_once(before)?;
        leading(after)
    })
}

/// The wait at the beginning of a text: `1m2.5s`, `350ms`, `20 seconds`.
fn leading(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut seconds = 0.0;
    let mut is_found = false;
    loop {
        let digits = rest
            .find(|c: char| !(c.is_ascii_digit() || c == '.'))
            .unwrap_or(rest.len());
        let (number, after) = rest.split_at(digits);
        let Ok(number) = number.trim_end_matches('.').parse::<f64>() else {
            break;
        };
        let after = after.trim_start_matches(' ');
        let Some((name, factor)) = UNITS.iter().find(|(name, _)| is_unit(after, name)) else {
            break;
        };
        seconds += number * factor;
        is_found = true;
        rest = after.get(name.len()..).unwrap_or_default();
    }
    let wait = Duration::try_from_secs_f64((seconds * 1_000.0).round() / 1_000.0).ok()?;
    is_found.then_some(wait)
}

/// Whether a text begins with a unit, and not with a word that begins like it.
fn is_unit(text: &str, name: &str) -> bool {
    text.strip_prefix(name)
        .is_some_and(|after| !after.starts_with(|c: char| c.is_ascii_alphabetic()))
}

#[cfg(test)]
mod tests {
    use super::in_words;
    use std::time::Duration;

    #[test]
    fn waits_are_read_as_vendors_write_them() {
        for (words, wait_ms) in [
            (
                "Rate limit reached. Please try again in 7.66s. Visit …",
                7_660,
            ),
            ("Please try again in 350ms.", 350),
            ("please try again in 1m2.5s", 62_500),
            ("Please try again in 2h3m1s.", 7_381_000),
            ("Try again in 20 seconds.", 20_000),
            ("You may retry after 3 minutes", 180_000),
            ("please retry in 6 s", 6_000),
        ] {
            let wait = Duration::from_millis(wait_ms);
            assert_eq!(in_words(words), Some(wait), "{words}");
        }
        for words in [
            "try again in a while",
            "try again in 5 sheep",
            "slow down",
            "retry after ",
        ] {
            assert_eq!(in_words(words), None, "{words}");
        }
    }
}
