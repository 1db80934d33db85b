//! Removes running heads and page numbers: lines at the top or bottom of pages that are the same on
//! each except for a number that counts the pages. They would interrupt sentences across pages, and
//! they answer no question. Rows of a table, its repeated header included, stay.

use super::layout::{Line, PageLayout};
use std::collections::{BTreeMap, HashMap, HashSet};

/// The fraction of the height at the top, and at the bottom, in which running lines are looked for.
const MARGIN: f64 = 0.15;
/// With fewer pages, repetition means nothing.
const FEWEST_PAGES: usize = 3;

/// Removes the running lines from all pages, and says how many there were.
pub(super) fn remove(layouts: &mut [PageLayout]) -> usize {
    if layouts.len() < FEWEST_PAGES {
        return 0;
    }
    let repeated = repeated(layouts);
    let slots = slots(layouts, &repeated);
    let mut removed = 0;
    for layout in layouts.iter_mut() {
        let running: HashSet<usize> = outermost(layout)
            .filter(|(_, line)| {
                repeated.contains(&key(line))
                    || (slots.contains(&slot(line)) && line.text.len() < 100)
            })
            .map(|(at, _)| at)
            .collect();
        removed += running.len();
        let mut at = 0;
        layout.lines.retain(|_| {
            at += 1;
            !running.contains(&(at - 1))
        });
    }
    removed
}

/// The lines with the same position and text on at least three pages, but for a number that counts them.
fn repeated(layouts: &[PageLayout]) -> HashSet<(i64, String)> {
    let mut found: HashMap<(i64, String), BTreeMap<i64, Vec<i64>>> = HashMap::new();
    for (page, layout) in (0_i64..).zip(layouts) {
        for (_, line) in outermost(layout) {
            let numbers = numbers(&line.text);
            found.entry(key(line)).or_default().insert(page, numbers);
        }
    }
    found
        .into_iter()
        .filter(|(_, pages)| pages.len() >= FEWEST_PAGES && count_pages(pages))
        .map(|(key, _)| key)
        .collect()
}

/// Whether the numbers of lines on different pages are the same, or rise by one with each page; of
/// lines that do not keep to that, as few as the pages that count anew are allowed.
fn count_pages(pages: &BTreeMap<i64, Vec<i64>>) -> bool {
    let steps: Vec<bool> = pages
        .iter()
        .zip(pages.iter().skip(1))
        .map(|((page, numbers), (next_page, next_numbers))| {
            let mut pairs = numbers.iter().zip(next_numbers);
            pairs.all(|(number, next)| {
                next == number || next.checked_sub(*number) == Some(next_page - page)
            })
        })
        .collect();
    let kept = steps.iter().filter(|kept| **kept).count();
    kept >= FEWEST_PAGES - 1 && kept * 4 >= steps.len() * 3
}

/// The numbers in a line; a roman one counts as none, so that it is the same on all pages.
fn numbers(text: &str) -> Vec<i64> {
    let groups = text.split(|c: char| !c.is_ascii_digit());
    let groups = groups.filter(|digits| !digits.is_empty());
    groups
        .map(|digits| digits.parse().unwrap_or(i64::MAX))
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
    let is_in_table = |rank: usize| {
        let line = by_height.get(rank).map(|(_, line)| *line);
        let beside = [rank.checked_sub(1), rank.checked_add(1)]
            .into_iter()
            .flatten();
        let mut beside = beside.filter_map(|at| Some(by_height.get(at)?.1));
        line.is_some_and(|line| beside.any(|other| is_near(line, other) && line.is_row_with(other)))
    };
    let found: Vec<(usize, &Line)> = by_height
        .iter()
        .enumerate()
        .filter(|(rank, (_, line))| {
            let is_outermost = (*rank < 2 && line.y < MARGIN * height)
                || (*rank >= bottom && line.y > (1.0 - MARGIN) * height);
            is_outermost && !is_in_table(*rank)
        })
        .map(|(_, found)| *found)
        .collect();
    found.into_iter()
}

/// Whether two lines are as near as rows of a table.
fn is_near(line: &Line, other: &Line) -> bool {
    (line.y - other.y).abs() < 3.5 * line.size.max(other.size)
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
