//! Lines of scripts that run from right to left. Programs draw their letters in either order, so the
//! letters of a line are put into the order in which they are seen, and from there into the order in
//! which they are read (Unicode Standard Annex 9).

use super::layout::{Line, PlacedGlyph};
use unicode_bidi::{BidiInfo, Level};
use unicode_normalization::UnicodeNormalization;

/// A gap wider than this, in font sizes, is a space.
const SPACE: f64 = 0.15;
/// Baselines nearer to each other than this, in font sizes, are one line.
const SAME_LINE: f64 = 0.4;

/// Whether most letters of a page run from right to left.
pub(super) fn is_page_of(glyphs: &[PlacedGlyph]) -> bool {
    let letters = || glyphs.iter().flat_map(|glyph| glyph.text.chars());
    let right_to_left = letters().filter(|c| is_right_to_left(*c)).count();
    let all = letters().filter(|c| c.is_alphabetic()).count();
    right_to_left > 0 && right_to_left * 2 >= all
}

/// Letters of Hebrew, Arabic and the scripts between them, with their presentation forms.
fn is_right_to_left(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}')
}

/// The lines of a page, each in the order in which it is read.
pub(super) fn lines(glyphs: &[PlacedGlyph]) -> Vec<Line> {
    let mut lines: Vec<Vec<&PlacedGlyph>> = Vec::new();
    for glyph in glyphs {
        let last = lines.last_mut().filter(|line| {
            line.last().is_some_and(|last| {
                (last.y - glyph.y).abs() < SAME_LINE * last.size.max(glyph.size)
            })
        });
        match last {
            Some(line) => line.push(glyph),
            None => lines.push(vec![glyph]),
        }
    }
    lines.into_iter().filter_map(line).collect()
}

fn line(mut glyphs: Vec<&PlacedGlyph>) -> Option<Line> {
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
    Some(Line {
        text: as_read(seen.trim()),
        start: first.start,
        end,
        y: first.y,
        size: first.size,
        cells: Vec::new(),
    })
}

/// A line that was put down as it is seen, from the left, in the order in which it is read.
fn as_read(seen: &str) -> String {
    // Arabic letters are drawn in the shape that their neighbours ask for; they are letters all the same.
    let seen: String = seen.nfkc().collect();
    // Ordering is its own inverse for a line of two levels.
    let info = BidiInfo::new(&seen, Some(Level::rtl()));
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
    use super::as_read;

    #[test]
    fn lines_are_read_from_the_right() {
        for (seen, read) in [
            ("םולש", "שלום"),
            ("18:40 העשב תאצוי תרובעמה", "המעבורת יוצאת בשעה 18:40"),
            ("PDF ץבוק", "קובץ PDF"),
            ("(3) ףיעס", "סעיף (3)"),
        ] {
            assert_eq!(as_read(seen), read);
        }
    }
}
