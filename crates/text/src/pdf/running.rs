//! Removes running heads and page numbers: lines at the top or bottom of pages that are the same on
//! each except for numbers. They would interrupt sentences across pages, and they answer no
//! question.

use super::layout::{Line, PageLayout};
use std::collections::{HashMap, HashSet};

/// The fraction of the height at the top, and at the bottom, in which running lines are looked for.
const MARGIN: f64 = 0.15;
/// With fewer pages, repetition means nothing.
const FEWEST_PAGES: usize = 3;

/// Removes the running lines from all pages.
pub(super) fn remove(layouts: &mut [PageLayout]) {
    if layouts.len() < FEWEST_PAGES {
        return;
    }
    let repeated = repeated(layouts);
    let slots = slots(layouts, &repeated);
    for layout in layouts.iter_mut() {
        let running: HashSet<usize> = outermost(layout)
            .filter(|(_, line)| {
                repeated.contains(&key(line))
                    || (slots.contains(&slot(line)) && line.text.len() < 100)
            })
            .map(|(at, _)| at)
            .collect();
        let mut at = 0;
        layout.lines.retain(|_| {
            at += 1;
            !running.contains(&(at - 1))
        });
    }
}

/// The lines with the same position and text on at least three pages.
fn repeated(layouts: &[PageLayout]) -> HashSet<(i64, String)> {
    let mut counts: HashMap<(i64, String), usize> = HashMap::new();
    for layout in layouts {
        let on_page: HashSet<_> = outermost(layout).map(|(_, line)| key(line)).collect();
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

/// The heights at which so many pages have a running line that any other line there is one too,
/// such as the name of a short chapter.
fn slots(layouts: &[PageLayout], repeated: &HashSet<(i64, String)>) -> HashSet<(i64, i64)> {
    let mut counts: HashMap<(i64, i64), usize> = HashMap::new();
    for layout in layouts {
        let on_page: HashSet<_> = outermost(layout)
            .filter(|(_, line)| repeated.contains(&key(line)))
            .map(|(_, line)| slot(line))
            .collect();
        for slot in on_page {
            *counts.entry(slot).or_default() += 1;
        }
    }
    counts
        .into_iter()
        .filter(|(_, count)| count * 5 >= layouts.len() * 2)
        .map(|(slot, _)| slot)
        .collect()
}

/// The two highest and the two lowest lines of a page, as far as they are in its margins.
fn outermost(layout: &PageLayout) -> impl Iterator<Item = (usize, &Line)> {
    let mut by_height: Vec<_> = layout.lines.iter().enumerate().collect();
    by_height.sort_by(|(_, a), (_, b)| a.y.total_cmp(&b.y));
    let bottom = by_height.len().saturating_sub(2).max(2);
    let height = layout.height;
    by_height
        .into_iter()
        .enumerate()
        .filter(move |(rank, (_, line))| {
            (*rank < 2 && line.y < MARGIN * height)
                || (*rank >= bottom && line.y > (1.0 - MARGIN) * height)
        })
        .map(|(_, found)| found)
}

/// Height and text, without numbers.
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
