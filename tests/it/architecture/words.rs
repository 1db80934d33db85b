//! The private vocabulary that the code began with, and that nobody else knows. Names are read word by
//! word: `FlightKey`, `flight_key` and "a flight's key" are the same.

use super::Files;

/// The words, each with the field's own.
const OLD: &[(&str, &str)] = &[
    ("door", "AppState, entry point"),
    ("doors", "entry points"),
    ("bell", "notifier"),
    ("bells", "notifiers"),
    ("deed", "audit event"),
    ("deeds", "audit events"),
    ("house", "application"),
    ("steering", "overrides"),
    ("steers", "overrides"),
    ("flight", "call that is shared"),
    ("flights", "calls that are shared"),
    ("teller", "publisher"),
    ("tellers", "publishers"),
    ("floor", "layer"),
    ("floors", "layers"),
    ("wall", "adapter"),
    ("walls", "adapters"),
    ("aloud", "logged, printed"),
    ("for good", "permanently"),
    ("is none", "is not a …, is malformed"),
    ("sign of life", "heartbeat"),
    ("signs of life", "heartbeats"),
    ("is away", "is unavailable"),
    ("are away", "are unavailable"),
    ("stays away", "stays unavailable"),
    ("mend", "repair"),
    ("mends", "repairs"),
    ("mended", "repaired"),
    ("mending", "repairing"),
    ("depart", "start"),
];

/// What has such a word and means something else.
const ALLOWED: &[&str] = &[
    "in flight",
    "single flight",
    "there is none",
    "floor char boundary",
    "wall clock",
    "wall ms",
    "wall seconds",
];

/// The old words in `files`, each with its line.
pub fn word_faults(files: &Files) -> Vec<String> {
    let mut faults = Vec::new();
    for (path, text) in files {
        let lower = text.to_lowercase();
        let near: Vec<_> = OLD.iter().filter(|(old, _)| lower.contains(old)).collect();
        for (number, line) in (1..).zip(text.lines()) {
            for (old, new) in &near {
                if says(line, old) {
                    faults.push(format!("{path}:{number}: '{old}' (say: {new})"));
                }
            }
        }
    }
    faults
}

/// Whether `line` has this word, in a name or in a sentence, or this phrase, in a sentence.
fn says(line: &str, old: &str) -> bool {
    if !line.to_lowercase().contains(old) {
        return false;
    }
    // The function that rounds down.
    let line = line.replace(".floor()", "");
    let is_phrase = old.contains(' ');
    let mut words = format!(" {} ", words(&line, is_phrase).join(" "));
    for allowed in ALLOWED {
        let allowed = format!(" {allowed} ");
        // Two in a row share the space between them: one pass would leave the second.
        while words.contains(&allowed) {
            words = words.replace(&allowed, " … ");
        }
    }
    words.contains(&format!(" {old} "))
}

/// The words of a line in lower case; names are taken apart at `_` and at capitals, unless they are to
/// be `whole`.
fn words(line: &str, whole: bool) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for c in line.chars() {
        let is_part = c.is_alphanumeric() || (whole && c == '_');
        let begins = c.is_uppercase() && was_lower && !whole;
        if (!is_part || begins) && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        if let (Some(word), true) = (words.last_mut(), is_part) {
            word.extend(c.to_lowercase());
        }
        was_lower = c.is_lowercase();
    }
    words
}
