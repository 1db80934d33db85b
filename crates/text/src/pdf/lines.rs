//! Joins glyphs to lines. The order in which a page is drawn is nearly always its reading order,
//! columns included, so it is kept; only a page that is drawn out of order is sorted by position.

use super::layout::{Extent, Line, PlacedGlyph};
use super::{rtl, wording};
use std::collections::HashSet;

/// A gap wider than this, in font sizes, is a space: less than the narrowest space in justified
/// text (0.2), more than any kerning (0.1).
const SPACE: f64 = 0.15;
/// A gap wider than this, in font sizes, separates cells: more than justified text has.
const CELL: f64 = 1.5;
/// Baselines nearer to each other than this, in font sizes, are one line, with sub- and
/// superscripts.
const SAME_LINE: f64 = 0.4;

/// The lines of glyphs that were drawn in this order.
pub(super) fn of(glyphs: &[PlacedGlyph]) -> Vec<Line> {
    let glyphs = &drawn_once(glyphs);
    if rtl::is_page_of(glyphs) {
        return rtl::lines(glyphs);
    }
    let mut lines = join(if rtl::has_letters(glyphs) {
        runs_of_both_directions(glyphs)
    } else {
        runs(glyphs)
    });
    if is_disordered(&lines) {
        let by_place = |a: &Line, b: &Line| {
            let rows = (a.y / 2.0).round().total_cmp(&(b.y / 2.0).round());
            rows.then(a.start.total_cmp(&b.start))
        };
        lines.sort_by(by_place);
        lines = join(lines);
    }
    for line in &mut lines {
        line.text = wording::without_leaders(line.text.trim());
        if line.cells.len() < 2 {
            line.cells.clear();
        }
    }
    lines.retain(|line| !line.text.is_empty());
    lines
}

/// The glyphs without those that are drawn again with a slight offset, to look bold.
fn drawn_once(glyphs: &[PlacedGlyph]) -> Vec<PlacedGlyph> {
    let mut drawn = HashSet::new();
    let first = glyphs.iter().filter(|glyph| drawn.insert(position(glyph)));
    first.cloned().collect()
}

/// The runs of a page on which some words run from right to left.
fn runs_of_both_directions(glyphs: &[PlacedGlyph]) -> Vec<Line> {
    let page = rtl::extent(glyphs);
    let baselines = rtl::baselines(glyphs).into_iter();
    baselines
        .flat_map(|glyphs| {
            if rtl::has_letters(glyphs) {
                rtl::line(glyphs, page).into_iter().collect()
            } else {
                runs(glyphs)
            }
        })
        .collect()
}

/// Joins glyphs that follow each other on one baseline.
fn runs(glyphs: &[PlacedGlyph]) -> Vec<Line> {
    let mut runs: Vec<Line> = Vec::new();
    let mut sizes = Sizes::default();
    for glyph in glyphs {
        match runs.last_mut().filter(|run| continues(run, glyph)) {
            Some(run) => {
                let gap = glyph.start - run.end;
                if gap > SPACE * glyph.size.min(run.size) && !run.text.ends_with(' ') {
                    run.text.push(' ');
                }
                if !(glyph.text.starts_with(' ') && run.text.ends_with(' ')) {
                    run.text.push_str(&glyph.text);
                }
                run.end = run.end.max(glyph.end);
                extend_cells(run, glyph.extent(), glyph.size);
                sizes.add(run, glyph);
            }
            None => {
                sizes = Sizes::default();
                runs.push(Line {
                    text: glyph.text.clone(),
                    start: glyph.start,
                    end: glyph.end,
                    y: glyph.y,
                    size: glyph.size,
                    cells: vec![glyph.extent()],
                });
                if let Some(run) = runs.last_mut() {
                    sizes.add(run, glyph);
                }
            }
        }
    }
    runs
}

/// Adds a part to the cells of a line, as a cell of its own behind a wide gap.
fn extend_cells(line: &mut Line, part: Extent, size: f64) {
    match line.cells.last_mut() {
        Some(last) if part.start - last.end <= CELL * size.min(line.size) => {
            last.end = last.end.max(part.end);
        }
        _ => line.cells.push(part),
    }
}

impl PlacedGlyph {
    fn extent(&self) -> Extent {
        Extent {
            start: self.start,
            end: self.end,
        }
    }
}

/// The width of a run that is in its main font size, so that a footnote mark does not change the
/// size.
#[derive(Default)]
struct Sizes {
    width_in_main: f64,
}

impl Sizes {
    fn add(&mut self, run: &mut Line, glyph: &PlacedGlyph) {
        let width = glyph.end - glyph.start;
        if (glyph.size - run.size).abs() < 0.1 {
            self.width_in_main += width;
        } else if width > self.width_in_main {
            run.size = glyph.size;
            run.y = glyph.y;
            self.width_in_main = width;
        }
    }
}

/// The position in steps of a fifth of the font size, less than the distance of any two different
/// glyphs of the same character.
fn position(glyph: &PlacedGlyph) -> (i64, i64, &str) {
    let cell = (0.2 * glyph.size).max(0.1);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "float to integer casts saturate, and pages are small"
    )]
    let at = |length: f64| (length / cell).round() as i64;
    (at(glyph.start), at(glyph.y), &glyph.text)
}

fn continues(run: &Line, glyph: &PlacedGlyph) -> bool {
    let size = run.size.max(glyph.size);
    let on_baseline = (glyph.y - run.y).abs() < SAME_LINE * size;
    on_baseline && glyph.start > run.end - 0.6 * size && glyph.start < run.end + 2.5 * size
}

/// Joins runs on one baseline that follow each other: the cells of a row, a label and its text.
fn join(runs: Vec<Line>) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for run in runs {
        match lines.last_mut() {
            Some(line) if on_one_line(line, &run) => {
                if !line.text.ends_with(' ') && !run.text.starts_with(' ') {
                    line.text.push(' ');
                }
                line.text.push_str(&run.text);
                line.end = line.end.max(run.end);
                for cell in &run.cells {
                    extend_cells(line, *cell, run.size);
                }
            }
            _ => lines.push(run),
        }
    }
    lines
}

fn on_one_line(line: &Line, run: &Line) -> bool {
    (line.y - run.y).abs() < 0.3 * line.size.min(run.size) && run.start > line.end - 1.0
}

/// Whether lines are often above the line drawn before them without being another column.
fn is_disordered(lines: &[Line]) -> bool {
    let jumps = lines
        .windows(2)
        .filter(|pair| match pair {
            [before, after] => {
                let up = after.y < before.y - 0.5 * before.size;
                let beside = after.start > before.end || after.end < before.start;
                up && !beside
            }
            _ => false,
        })
        .count();
    jumps > 3 && jumps * 10 > lines.len()
}
