//! Glyphs to lines. The order in which a page is drawn is nearly always the order in which it is
//! read, columns included, so it is kept; only a page drawn in disorder is sorted by place.

use super::glyphs::Spot;
use super::wording;
use std::collections::HashSet;

/// A line of text; lengths in points, y downwards from the top of the page.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    pub(super) text: String,
    pub(super) start: f64,
    pub(super) end: f64,
    /// Where its baseline lies.
    pub(super) y: f64,
    /// The font size of most of it.
    pub(super) size: f64,
}

/// A gap of this part of the font size is a space: less than the narrowest that justified text
/// shows (0.2), more than any kerning (0.1).
const SPACE: f64 = 0.15;
/// Baselines this near to each other, in font sizes, are one line: it holds sub- and superscripts.
const SAME_LINE: f64 = 0.4;

/// The lines of glyphs that are drawn in this order.
pub(super) fn of(spots: &[Spot]) -> Vec<Line> {
    let mut lines = join(runs(spots));
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
    }
    lines.retain(|line| !line.text.is_empty());
    lines
}

/// Glyphs that follow each other on one baseline.
fn runs(spots: &[Spot]) -> Vec<Line> {
    let mut runs: Vec<Line> = Vec::new();
    let mut sizes = Sizes::default();
    let mut drawn = HashSet::new();
    for spot in spots {
        if !drawn.insert(place(spot)) {
            // Drawn again, slightly aside, to look bold.
            continue;
        }
        match runs.last_mut().filter(|run| continues(run, spot)) {
            Some(run) => {
                let gap = spot.start - run.end;
                if gap > SPACE * spot.size.min(run.size) && !run.text.ends_with(' ') {
                    run.text.push(' ');
                }
                if !(spot.text.starts_with(' ') && run.text.ends_with(' ')) {
                    run.text.push_str(&spot.text);
                }
                run.end = run.end.max(spot.end);
                sizes.add(run, spot);
            }
            None => {
                sizes = Sizes::default();
                runs.push(Line {
                    text: spot.text.clone(),
                    start: spot.start,
                    end: spot.end,
                    y: spot.y,
                    size: spot.size,
                });
                if let Some(run) = runs.last_mut() {
                    sizes.add(run, spot);
                }
            }
        }
    }
    runs
}

/// How much of a run is in its main size, so that a footnote mark does not change it.
#[derive(Default)]
struct Sizes {
    width_in_main: f64,
}

impl Sizes {
    fn add(&mut self, run: &mut Line, spot: &Spot) {
        let width = spot.end - spot.start;
        if (spot.size - run.size).abs() < 0.1 {
            self.width_in_main += width;
        } else if width > self.width_in_main {
            run.size = spot.size;
            run.y = spot.y;
            self.width_in_main = width;
        }
    }
}

/// A fifth of the font size is finer than any two real glyphs of the same character can be apart.
fn place(spot: &Spot) -> (i64, i64, &str) {
    let cell = (0.2 * spot.size).max(0.1);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "float to integer casts saturate, and pages are small"
    )]
    let at = |length: f64| (length / cell).round() as i64;
    (at(spot.start), at(spot.y), &spot.text)
}

fn continues(run: &Line, spot: &Spot) -> bool {
    let size = run.size.max(spot.size);
    let on_baseline = (spot.y - run.y).abs() < SAME_LINE * size;
    on_baseline && spot.start > run.end - 0.6 * size && spot.start < run.end + 2.5 * size
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
            }
            _ => lines.push(run),
        }
    }
    lines
}

fn on_one_line(line: &Line, run: &Line) -> bool {
    (line.y - run.y).abs() < 0.3 * line.size.min(run.size) && run.start > line.end - 1.0
}

/// Whether lines often lie above the line drawn before them without being another column.
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
