//! Running heads and page numbers: lines at the top or bottom of pages that say the same on each,
//! numbers aside. They would cut sentences that go on over the page and answer no question.

use super::glyphs::Sheet;
use super::lines::Line;
use std::collections::{HashMap, HashSet};

/// The part of the height at the top, and at the bottom, where running lines stand.
const MARGIN: f64 = 0.15;
/// Fewer pages than this say nothing about what is repeated.
const FEWEST_PAGES: usize = 3;

/// Takes the running lines out of all pages.
pub(super) fn remove(sheets: &mut [Sheet]) {
    if sheets.len() < FEWEST_PAGES {
        return;
    }
    let repeated = repeated(sheets);
    let slots = slots(sheets, &repeated);
    for sheet in sheets.iter_mut() {
        let doomed: HashSet<usize> = outermost(sheet)
            .filter(|(_, line)| {
                repeated.contains(&key(line))
                    || (slots.contains(&slot(line)) && line.text.len() < 100)
            })
            .map(|(at, _)| at)
            .collect();
        let mut at = 0;
        sheet.lines.retain(|_| {
            at += 1;
            !doomed.contains(&(at - 1))
        });
    }
}

/// The lines that stand at one place and say the same on three pages or more.
fn repeated(sheets: &[Sheet]) -> HashSet<(i64, String)> {
    let mut counts: HashMap<(i64, String), usize> = HashMap::new();
    for sheet in sheets {
        let on_page: HashSet<_> = outermost(sheet).map(|(_, line)| key(line)).collect();
        for key in on_page {
            *counts.entry(key).or_default() += 1;
        }
    }
    counts
        .into_iter()
        .filter(|(_, count)| *count >= FEWEST_PAGES)
        .map(|(key, _)| key)
        .collect()
}

/// The heights at which so many pages have a running line that any other line there is one, too: the
/// name of a short chapter.
fn slots(sheets: &[Sheet], repeated: &HashSet<(i64, String)>) -> HashSet<(i64, i64)> {
    let mut counts: HashMap<(i64, i64), usize> = HashMap::new();
    for sheet in sheets {
        let on_page: HashSet<_> = outermost(sheet)
            .filter(|(_, line)| repeated.contains(&key(line)))
            .map(|(_, line)| slot(line))
            .collect();
        for slot in on_page {
            *counts.entry(slot).or_default() += 1;
        }
    }
    counts
        .into_iter()
        .filter(|(_, count)| count * 5 >= sheets.len() * 2)
        .map(|(slot, _)| slot)
        .collect()
}

/// The two highest and the two lowest lines of a page that stand in its margins.
fn outermost(sheet: &Sheet) -> impl Iterator<Item = (usize, &Line)> {
    let mut by_height: Vec<_> = sheet.lines.iter().enumerate().collect();
    by_height.sort_by(|(_, a), (_, b)| a.y.total_cmp(&b.y));
    let bottom = by_height.len().saturating_sub(2).max(2);
    let height = sheet.height;
    by_height
        .into_iter()
        .enumerate()
        .filter(move |(rank, (_, line))| {
            (*rank < 2 && line.y < MARGIN * height)
                || (*rank >= bottom && line.y > (1.0 - MARGIN) * height)
        })
        .map(|(_, found)| found)
}

/// Place and wording, numbers aside.
fn key(line: &Line) -> (i64, String) {
    (slot(line).0, without_numbers(&line.text))
}

/// Height in steps of three points, and font size in tenths.
fn slot(line: &Line) -> (i64, i64) {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "float to integer casts saturate, and pages are small"
    )]
    let whole = |length: f64| length.round() as i64;
    (whole(line.y / 3.0), whole(line.size * 10.0))
}

fn without_numbers(text: &str) -> String {
    let is_roman = !text.is_empty() && text.chars().all(|c| "ivxlcdm".contains(c));
    if is_roman {
        return "#".to_owned();
    }
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        if !c.is_ascii_digit() {
            plain.push(c);
        } else if !plain.ends_with('#') {
            plain.push('#');
        }
    }
    plain
}
