//! Turns lines into running text: wrapped lines are joined, divided words are rejoined, and
//! paragraphs are separated by a blank line, so that sentences can be found. A line counts as
//! wrapped if the first word of the next line would not have fitted into it; a line that was broken
//! on purpose (code, lists, tables) stays a line.

use super::super::ExtractFailure;
use super::super::builder::TextBuilder;
use super::super::hyphen;
use super::layout::{Line, PageLayout};
use super::wording;
use std::collections::HashSet;

/// A line with its offset in the text, for finding headings.
pub(super) struct PlacedLine {
    pub(super) char_start: usize,
    pub(super) size: f64,
    pub(super) text: String,
}

/// How a line is connected with the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Link {
    /// The sentence goes on in the next line.
    Wrapped,
    /// A word goes on in the next line.
    Divided,
    /// The next line is a separate line.
    Line,
    /// The next line begins a paragraph.
    Paragraph,
}

/// Writes the break between the text so far and a page: a single line break within a sentence, else
/// a blank line.
pub(super) fn separate_from_page_before(
    out: &mut TextBuilder<'_>,
    layout: &PageLayout,
) -> Result<(), ExtractFailure> {
    let Some(first) = layout.lines.first() else {
        return Ok(());
    };
    if out.as_str().is_empty() {
        return Ok(());
    }
    let goes_on =
        first.text.starts_with(char::is_lowercase) && !out.as_str().ends_with(['.', '!', '?', ':']);
    out.push(if goes_on { "\n" } else { "\n\n" })
}

/// Writes a page and records its lines in `placed`.
pub(super) fn write(
    layout: &PageLayout,
    compounds: &HashSet<String>,
    out: &mut TextBuilder<'_>,
    placed: &mut Vec<PlacedLine>,
) -> Result<(), ExtractFailure> {
    let pitch = pitch(&layout.lines);
    for (at, line) in layout.lines.iter().enumerate() {
        placed.push(PlacedLine {
            char_start: out.chars(),
            size: line.size,
            text: line.text.clone(),
        });
        let Some(next) = layout.lines.get(at + 1) else {
            out.push(&line.text)?;
            break;
        };
        let whole = line.text.as_str();
        match link(line, next, right_edge(&layout.lines, at), pitch) {
            Link::Divided if !wording::keeps_hyphen(whole, &next.text, compounds) => {
                out.push(whole.strip_suffix('-').unwrap_or(whole))?;
            }
            Link::Divided => out.push(whole)?,
            Link::Wrapped => {
                out.push(whole)?;
                out.push(" ")?;
            }
            Link::Line => {
                out.push(whole)?;
                out.push("\n")?;
            }
            Link::Paragraph => {
                out.push(whole)?;
                out.push("\n\n")?;
            }
        }
    }
    Ok(())
}

/// Columns narrower than this, in font sizes, are lists and labels, not running text.
const NARROWEST: f64 = 12.0;

fn link(line: &Line, next: &Line, right: f64, pitch: f64) -> Link {
    let down = next.y - line.y;
    // A row of a table is a line whatever its last column's alignment; the text behind a label may wrap.
    let is_row = !line.cells.is_empty() && !next.cells.is_empty() && line.is_row_with(next);
    let one_size = (line.size - next.size).abs() < 0.12 * line.size.max(next.size);
    let is_prose = !is_row && line.end - line.last_cell_start() > NARROWEST * line.size;
    let wrapped = one_size
        && is_prose
        && line.end + first_word_width(next) > right
        && !stands_alone(line, next);
    let divided = wrapped && hyphen::is_divided(&line.text, &next.text);
    if divided {
        return Link::Divided;
    }
    let another_column = down < -0.5 * line.size;
    if another_column {
        let goes_on = wrapped && next.text.starts_with(char::is_lowercase);
        return if goes_on {
            Link::Wrapped
        } else {
            Link::Paragraph
        };
    }
    if !one_size || down > 1.25 * pitch {
        Link::Paragraph
    } else if wrapped {
        Link::Wrapped
    } else {
        Link::Line
    }
}

/// Whether `next` begins a line because it is an item of a list, or `line` ends in a page number.
fn stands_alone(line: &Line, next: &Line) -> bool {
    let item = ["• ", "- ", "– ", "* "]
        .iter()
        .any(|bullet| next.text.starts_with(bullet));
    let leads_to_page =
        line.text.contains(" … ") && line.text.ends_with(|c: char| c.is_ascii_digit());
    item || leads_to_page
}

/// The estimated width of the first word of a line with a space, as if all characters had one
/// width.
fn first_word_width(line: &Line) -> f64 {
    let word = line.text.split(' ').next().unwrap_or_default();
    let part = (word.chars().count() + 1) as f64 / line.text.chars().count().max(1) as f64;
    (line.end - line.start) * part.min(1.0)
}

/// Where the column of the line at `at` ends: the farthest end of the lines near it that are above
/// or below it.
fn right_edge(lines: &[Line], at: usize) -> f64 {
    const NEAR: usize = 12;
    let Some(line) = lines.get(at) else {
        return 0.0;
    };
    let near = lines
        .iter()
        .skip(at.saturating_sub(NEAR))
        .take(2 * NEAR + 1);
    near.filter(|other| other.start < line.end && other.end > line.start)
        .map(|other| other.end)
        .fold(line.end, f64::max)
}

/// The usual distance between two lines of a page: the median of the plausible distances.
fn pitch(lines: &[Line]) -> f64 {
    let mut distances: Vec<f64> = lines
        .windows(2)
        .filter_map(|pair| match pair {
            [line, next] => Some((next.y - line.y, line.size)),
            _ => None,
        })
        .filter(|(down, size)| *down > 0.8 * size && *down < 2.0 * size)
        .map(|(down, _)| down)
        .collect();
    distances.sort_by(f64::total_cmp);
    let median = distances.get(distances.len() / 2).copied();
    let size = lines.first().map_or(12.0, |line| line.size);
    median.unwrap_or(1.3 * size)
}
