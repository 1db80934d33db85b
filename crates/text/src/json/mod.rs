//! JSON and JSON lines: each value becomes a line `path: value`, so that names and values are found
//! together, lists of values share a line, and each object of an array begins a paragraph. Values
//! are visited while the text is parsed; no tree is built.

mod lines;
mod walk;

use super::{ExtractFailure, ExtractLimits, Extracted};
use lines::Lines;
use serde::de::DeserializeSeed;
use walk::Walk;

/// Extracts one JSON text.
///
/// # Errors
/// `corrupt` with the position of the error, `too_deep` and `too_large` by the limits.
pub(super) fn extract(text: &str, limits: &ExtractLimits) -> Result<Extracted, ExtractFailure> {
    let mut lines = Lines::new(limits);
    walk(text, true, &mut lines).map_err(ExtractFailure::corrupt)?;
    lines.finish()
}

/// Extracts one JSON text per line; each is a paragraph.
///
/// # Errors
/// As for [`extract`], with the number of the line.
pub(super) fn extract_lines(
    text: &str,
    limits: &ExtractLimits,
) -> Result<Extracted, ExtractFailure> {
    let mut lines = Lines::new(limits);
    for (line, number) in text.lines().zip(1_u64..) {
        if line.trim().is_empty() {
            continue;
        }
        lines.begin_record();
        walk(line, false, &mut lines)
            .map_err(|message| ExtractFailure::corrupt(format!("line {number}: {message}")))?;
        if lines.has_failed() {
            break;
        }
    }
    lines.finish()
}

/// Visits the values of a text. Errors of the JSON are returned; failures of limits are kept in
/// `lines`.
fn walk(text: &str, is_whole: bool, lines: &mut Lines<'_>) -> Result<(), String> {
    let mut parser = serde_json::Deserializer::from_str(text.trim_start_matches('\u{feff}'));
    let walked = Walk::new(lines, is_whole).deserialize(&mut parser);
    let ended = walked.and_then(|()| parser.end());
    match ended {
        Err(error) if !lines.has_failed() => Err(format!("it is not valid JSON: {error}")),
        _ => Ok(()),
    }
}
