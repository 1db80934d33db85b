//! Divides text into passages, at the strongest boundaries of the text: sections first, then pages,
//! paragraphs, lines, sentences, words. The text of a passage is exactly
//! `text[char_start..char_end]`, so that citations can refer to it; neighbours overlap only inside
//! one section.

mod boundaries;
mod plan;
mod settings;

pub use settings::ChunkSettings;

use super::{Extracted, Section};
use boundaries::Place;

/// A passage of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// Its position among the document's passages, from 0.
    pub ordinal: i64,
    /// The text, without white space around it.
    pub text: String,
    /// The headings above all of it, outermost first, joined by ` › `.
    pub heading: String,
    /// The page that has most of it, from 1, if the format has pages.
    pub page: Option<i64>,
    /// Where it begins in the extracted text, in Unicode scalar values.
    pub char_start: i64,
    /// Where it ends (exclusive).
    pub char_end: i64,
    /// Whether it only refers to other places, as a table of contents or an index, which answers
    /// nothing.
    pub is_directory: bool,
}

/// Divides a document into passages; empty if it has no text.
pub fn chunk(extracted: &Extracted, settings: &ChunkSettings) -> Vec<Chunk> {
    let settings = settings.clamped();
    let boundaries = boundaries::find(extracted, settings.size_chars);
    let mut sections = Headings::new(&extracted.sections);
    let mut chunks: Vec<Chunk> = Vec::new();
    for (start, end) in plan::spans(&boundaries, &settings) {
        let Some((start, end, text)) = trimmed(&extracted.text, start, end) else {
            continue;
        };
        // The span adds only white space to the passage before.
        if chunks
            .last()
            .is_some_and(|before| before.char_end >= count(end.char))
        {
            continue;
        }
        chunks.push(Chunk {
            ordinal: count(chunks.len()),
            heading: sections.above(start.char, end.char),
            page: page(extracted, start.char, end.char),
            char_start: count(start.char),
            char_end: count(end.char),
            is_directory: is_directory(text),
            text: text.to_owned(),
        });
    }
    chunks
}

/// Offsets in memory always fit into `i64`.
fn count(chars: usize) -> i64 {
    i64::try_from(chars).unwrap_or(i64::MAX)
}

fn trimmed(text: &str, start: Place, end: Place) -> Option<(Place, Place, &str)> {
    let raw = text.get(start.byte..end.byte)?;
    let tail = raw.trim_start();
    let core = tail.trim_end();
    if core.is_empty() {
        return None;
    }
    let skipped = raw.get(..raw.len() - tail.len())?;
    let start = Place {
        byte: start.byte + skipped.len(),
        char: start.char + skipped.chars().count(),
    };
    let end = Place {
        byte: start.byte + core.len(),
        char: start.char + core.chars().count(),
    };
    Some((start, end, core))
}

/// The page with the largest part of `from..to`.
fn page(extracted: &Extracted, from: usize, to: usize) -> Option<i64> {
    let first = extracted
        .pages
        .partition_point(|page| page.char_end <= from);
    extracted
        .pages
        .iter()
        .skip(first)
        .take_while(|page| page.char_start < to)
        .map(|page| {
            let share = page
                .char_end
                .min(to)
                .saturating_sub(page.char_start.max(from));
            (share, i64::from(page.number))
        })
        .max_by_key(|(share, number)| (*share, -number))
        .map(|(_, number)| number)
}

/// Whether most lines end in a page number after a leader, or are entries of an index.
fn is_directory(text: &str) -> bool {
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let leading = lines
        .iter()
        .filter(|line| {
            let bare =
                line.trim_end_matches(|c: char| c.is_ascii_digit() || " ,–-ivxlc".contains(c));
            bare.len() < line.len() && (bare.ends_with('…') || bare.ends_with("...."))
        })
        .count();
    lines.len() >= 3 && leading * 2 > lines.len()
}

/// Walks the sections in parallel with the passages, which are in the same order.
struct Headings<'a> {
    sections: &'a [Section],
    next: usize,
    /// The headings open at the start of the current passage, outermost first.
    open: Vec<&'a Section>,
}

impl<'a> Headings<'a> {
    fn new(sections: &'a [Section]) -> Self {
        Self {
            sections,
            next: 0,
            open: Vec::new(),
        }
    }

    /// The headings above all of `from..to`: those open at its start that no heading inside it
    /// ends.
    fn above(&mut self, from: usize, to: usize) -> String {
        while let Some(section) = self.sections.get(self.next)
            && section.char_start <= from
        {
            self.open.retain(|open| open.level < section.level);
            self.open.push(section);
            self.next += 1;
        }
        let inside = self.sections.iter().skip(self.next);
        let outermost_inside = inside
            .take_while(|section| section.char_start < to)
            .map(|section| section.level)
            .min()
            .unwrap_or(u8::MAX);
        let path: Vec<&str> = self
            .open
            .iter()
            .filter(|section| section.level < outermost_inside)
            .map(|section| section.title.as_str())
            .collect();
        path.join(" › ")
    }
}
