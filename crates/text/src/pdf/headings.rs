//! Sections of a PDF: from its outline if it has one, else by font size.

use super::super::{Page, Section};
use super::compose::PlacedLine;
use super::outline::Entry;

/// Lines in a font this much larger than that of the body are headings.
const LARGER: f64 = 1.15;
const MAX_HEADING_CHARS: usize = 150;

/// A section for each entry of the outline, at the line with its title, else at the start of its
/// page.
pub(super) fn by_outline(entries: &[Entry], pages: &[Page], text: &str) -> Vec<Section> {
    let texts = page_texts(pages, text);
    let mut sections: Vec<Section> = Vec::with_capacity(entries.len());
    for entry in entries {
        let (Some(page), Some(words)) = (pages.get(entry.page), texts.get(entry.page)) else {
            continue;
        };
        let after = sections
            .last()
            .map_or(page.char_start, |before| before.char_start + 1)
            .max(page.char_start);
        let found = find_line(words, &entry.title, after - page.char_start);
        let char_start = found.map_or(page.char_start, |at| page.char_start + at);
        let goes_back = sections
            .last()
            .is_some_and(|before| char_start < before.char_start);
        if !goes_back {
            sections.push(Section {
                char_start,
                level: entry.level,
                title: entry.title.clone(),
            });
        }
    }
    sections
}

fn page_texts<'a>(pages: &[Page], text: &'a str) -> Vec<&'a str> {
    let (mut rest, mut at) = (text, 0);
    let mut skip_to = |char_at: usize| {
        let bytes = rest
            .char_indices()
            .nth(char_at - at)
            .map_or(rest.len(), |(byte, _)| byte);
        let (before, after) = rest.split_at(bytes);
        (rest, at) = (after, char_at);
        before
    };
    pages
        .iter()
        .map(|page| {
            skip_to(page.char_start);
            skip_to(page.char_end)
        })
        .collect()
}

/// The offset in `page`, at least `from`, of the line with the text `title`, ignoring numbering.
fn find_line(page: &str, title: &str, from: usize) -> Option<usize> {
    let title = letters(title);
    let mut at = 0;
    let mut begins = None;
    for line in page.split('\n') {
        let found = letters(line);
        if at >= from && !title.is_empty() {
            if found == title {
                return Some(at);
            }
            // A long title continues in the next line, and a run-in title is followed by text.
            if found.len() >= 4 && (title.starts_with(&found) || found.starts_with(&title)) {
                begins = begins.or(Some(at));
            }
        }
        at += line.chars().count() + 1;
    }
    begins
}

/// The letters and digits after any numbering, in lower case.
fn letters(text: &str) -> String {
    let bare = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.' || c == ' ');
    let bare = if bare.is_empty() { text } else { bare };
    bare.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// Treats lines in a larger font as headings; the largest is the outermost level.
pub(super) fn by_size(placed: &[PlacedLine], text: &str) -> Vec<Section> {
    let body = body_size(placed);
    let large: Vec<&PlacedLine> = placed
        .iter()
        .filter(|line| line.size > LARGER * body && is_wordy(&line.text))
        .collect();
    // If many lines are large, size does not identify headings.
    if large.is_empty() || large.len() * 4 > placed.len() || text.is_empty() {
        return Vec::new();
    }
    let mut sizes: Vec<i64> = large.iter().map(|line| half_points(line.size)).collect();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    sizes.dedup();
    let mut sections: Vec<(Section, i64, usize)> = Vec::new();
    for line in large {
        let size = half_points(line.size);
        let rank = sizes.iter().take_while(|other| **other > size).count();
        let end = line.char_start + line.text.chars().count();
        match sections.last_mut() {
            // The second line of the same heading.
            Some((section, last, last_end))
                if *last == size
                    && line.char_start <= *last_end + 1
                    && section.title.len() < MAX_HEADING_CHARS =>
            {
                section.title.push(' ');
                section.title.push_str(&line.text);
                *last_end = end;
            }
            _ => sections.push((
                Section {
                    char_start: line.char_start,
                    level: u8::try_from(rank + 1).unwrap_or(6).min(6),
                    title: line.text.clone(),
                },
                size,
                end,
            )),
        }
    }
    sections
        .into_iter()
        .map(|(section, _, _)| section)
        .collect()
}

/// The first line in the largest font of the first page, if that is larger than the body.
pub(super) fn title(placed: &[PlacedLine], pages: &[Page]) -> Option<String> {
    let first_page_end = pages.first()?.char_end;
    let body = body_size(placed);
    placed
        .iter()
        .take_while(|line| line.char_start < first_page_end)
        .filter(|line| line.size > 1.3 * body && is_wordy(&line.text))
        .max_by(|a, b| {
            a.size
                .total_cmp(&b.size)
                .then(b.char_start.cmp(&a.char_start))
        })
        .map(|line| line.text.clone())
}

fn is_wordy(text: &str) -> bool {
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let chars = text.chars().count();
    // The labels of a drawing may be large too, but are short.
    let has_word = text
        .split(|c: char| !c.is_alphabetic())
        .any(|word| word.chars().count() >= 3);
    has_word && letters * 2 >= chars && chars <= MAX_HEADING_CHARS
}

/// The median font size of the characters.
fn body_size(placed: &[PlacedLine]) -> f64 {
    let mut sizes: Vec<(f64, usize)> = placed
        .iter()
        .map(|line| (line.size, line.text.len()))
        .collect();
    sizes.sort_by(|a, b| a.0.total_cmp(&b.0));
    let all: usize = sizes.iter().map(|(_, chars)| chars).sum();
    let mut seen = 0;
    sizes
        .iter()
        .find(|(_, chars)| {
            seen += chars;
            seen * 2 >= all
        })
        .map_or(0.0, |(size, _)| *size)
}

fn half_points(size: f64) -> i64 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "float to integer casts saturate, and font sizes are small"
    )]
    let halves = (size * 2.0).round() as i64;
    halves
}
