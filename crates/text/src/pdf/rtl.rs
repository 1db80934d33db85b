//! Lines of scripts that run from right to left. Programs draw their letters in either order, so the
//! letters of a line are put into the order in which they are seen, and from there into the order in
//! which they are read (Unicode Standard Annex 9).

use super::layout::{Extent, Line, PlacedGlyph};
use unicode_bidi::{BidiInfo, Level};
use unicode_normalization::UnicodeNormalization;

/// A gap wider than this, in font sizes, is a space.
const SPACE: f64 = 0.15;
/// Baselines nearer to each other than this, in font sizes, are one line.
const SAME_LINE: f64 = 0.4;

/// Whether most letters of a page run from right to left.
pub(super) fn is_page_of(glyphs: &[PlacedGlyph]) -> bool {
    let letters = Letters::of(glyphs);
    letters.right_to_left > 0 && letters.right_to_left >= letters.left_to_right
}

/// Whether any letter runs from right to left.
pub(super) fn has_letters(glyphs: &[PlacedGlyph]) -> bool {
    glyphs
        .iter()
        .any(|glyph| glyph.text.chars().any(is_right_to_left))
}

/// How many letters run in which direction.
struct Letters {
    right_to_left: usize,
    left_to_right: usize,
}

impl Letters {
    fn of<'a>(glyphs: impl IntoIterator<Item = &'a PlacedGlyph>) -> Self {
        let mut letters = Self {
            right_to_left: 0,
            left_to_right: 0,
        };
        for c in glyphs.into_iter().flat_map(|glyph| glyph.text.chars()) {
            letters.right_to_left += usize::from(is_right_to_left(c));
            letters.left_to_right += usize::from(is_left_to_right(c));
        }
        letters
    }
}

fn is_left_to_right(c: char) -> bool {
    c.is_alphabetic() && !is_right_to_left(c)
}

/// Letters of Hebrew, Arabic and the scripts between them, with their presentation forms.
fn is_right_to_left(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}')
}

/// The lines of a page, each in the order in which it is read.
pub(super) fn lines(glyphs: &[PlacedGlyph]) -> Vec<Line> {
    let extent = extent(glyphs);
    baselines(glyphs)
        .into_iter()
        .filter_map(|glyphs| line(glyphs, extent))
        .collect()
}

/// From the first to the last glyph of a page.
pub(super) fn extent(glyphs: &[PlacedGlyph]) -> Extent {
    let nothing = Extent {
        start: f64::INFINITY,
        end: f64::NEG_INFINITY,
    };
    glyphs.iter().fold(nothing, |page, glyph| Extent {
        start: page.start.min(glyph.start),
        end: page.end.max(glyph.end),
    })
}

/// Parts glyphs where the next one is drawn on another baseline.
pub(super) fn baselines(glyphs: &[PlacedGlyph]) -> Vec<&[PlacedGlyph]> {
    glyphs
        .chunk_by(|before, glyph| {
            (before.y - glyph.y).abs() < SAME_LINE * before.size.max(glyph.size)
        })
        .collect()
}

/// The glyphs of one baseline as a line; `None` without glyphs.
pub(super) fn line(glyphs: &[PlacedGlyph], page: Extent) -> Option<Line> {
    let mut glyphs: Vec<&PlacedGlyph> = glyphs.iter().collect();
    glyphs.sort_by(|a, b| a.start.total_cmp(&b.start));
    let first = *glyphs.first()?;
    let mut seen = String::new();
    let mut end = first.start;
    for glyph in &glyphs {
        let is_apart = glyph.start - end > SPACE * glyph.size;
        if is_apart && !seen.is_empty() && !seen.ends_with(' ') && !glyph.text.starts_with(' ') {
            seen.push(' ');
        }
        seen.push_str(&glyph.text);
        end = end.max(glyph.end);
    }
    let mut line = Line {
        text: String::new(),
        start: first.start,
        end,
        y: first.y,
        size: first.size,
        cells: Vec::new(),
    };
    let level = if begins_at_left(&seen, &Letters::of(glyphs), &line, page) {
        Level::ltr()
    } else {
        Level::rtl()
    };
    line.text = as_read(seen.trim(), level);
    Some(line)
}

/// Whether a line is one of a left to right text with words of the other direction in it: most of its
/// letters are, and it has such letters at both ends, or stands at the left margin only.
fn begins_at_left(seen: &str, letters: &Letters, line: &Line, page: Extent) -> bool {
    let mut directed = seen
        .chars()
        .filter(|c| is_left_to_right(*c) || is_right_to_left(*c));
    let first = directed.next();
    let last = directed.next_back().or(first);
    let at_both_ends = first.is_some_and(is_left_to_right) && last.is_some_and(is_left_to_right);
    let at_left_only =
        line.start - page.start < 2.0 * line.size && page.end - line.end > 4.0 * line.size;
    letters.left_to_right > letters.right_to_left && (at_both_ends || at_left_only)
}

/// A line that was put down as it is seen, from the left, in the order in which it is read.
fn as_read(seen: &str, level: Level) -> String {
    // Arabic letters are drawn in the shape that their neighbours ask for; they are letters all the same.
    let seen: String = seen.nfkc().collect();
    // Ordering is its own inverse for a line of two levels.
    let info = BidiInfo::new(&seen, Some(level));
    let Some(paragraph) = info.paragraphs.first() else {
        return seen;
    };
    let read = info.reorder_line(paragraph, paragraph.range.clone());
    with_brackets(&read)
}

/// Some programs keep the shape of a bracket, others its meaning: the one that opens comes first.
fn with_brackets(text: &str) -> String {
    let is_turned = match (text.find(')'), text.find('(')) {
        (Some(closing), Some(opening)) => closing < opening,
        _ => false,
    };
    if !is_turned {
        return text.to_owned();
    }
    let turned = text.chars().map(|c| match c {
        '(' => ')',
        ')' => '(',
        other => other,
    });
    turned.collect()
}

#[cfg(test)]
mod tests {
    use super::super::layout::{Extent, PlacedGlyph};
    use super::{as_read, line};
    use unicode_bidi::Level;

    #[test]
    fn lines_are_read_from_the_right() {
        for (seen, read) in [
            ("םולש", "שלום"),
            ("18:40 העשב תאצוי תרובעמה", "המעבורת יוצאת בשעה 18:40"),
            ("PDF ץבוק", "קובץ PDF"),
            ("(3) ףיעס", "סעיף (3)"),
        ] {
            assert_eq!(as_read(seen, Level::rtl()), read);
        }
    }

    #[test]
    fn words_in_a_line_from_the_left_are_turned_alone() {
        assert_eq!(
            as_read("The word הירפס means library.", Level::ltr()),
            "The word ספריה means library."
        );
    }

    #[test]
    fn the_direction_of_a_line_is_that_of_its_letters_and_its_margin() {
        let page = Extent {
            start: 50.0,
            end: 550.0,
        };
        for (seen, start, end, read) in [
            (
                "Word הירפס is library",
                50.0,
                200.0,
                "Word ספריה is library",
            ),
            ("A library is הירפס", 50.0, 200.0, "A library is ספריה"),
            ("Windows ןקתומ", 450.0, 550.0, "מותקן Windows"),
            ("םולש", 50.0, 100.0, "שלום"),
        ] {
            let glyph = PlacedGlyph {
                text: seen.to_owned(),
                start,
                end,
                y: 10.0,
                size: 10.0,
            };
            assert_eq!(line(&[glyph], page).unwrap().text, read);
        }
    }
}
