//! Text to passages. A passage is cut where the text itself is cut: at sections first, then pages,
//! paragraphs, lines, sentences, words. Its text is exactly `text[char_start..char_end]`, so that a
//! citation can point; neighbours overlap only inside one section.

mod boundaries;
mod plan;

use super::{Extracted, Section};
use boundaries::Place;

/// How long passages are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkSettings {
    /// The longest passage, in characters; at least 50.
    pub size_chars: usize,
    /// How much of the passage before may be repeated, in characters; less than half of the size.
    pub overlap_chars: usize,
}

impl Default for ChunkSettings {
    fn default() -> Self {
        Self {
            size_chars: 1000,
            overlap_chars: 100,
        }
    }
}

impl ChunkSettings {
    /// The settings within their bounds.
    fn sane(self) -> Self {
        let size_chars = self.size_chars.max(50);
        Self {
            size_chars,
            overlap_chars: self.overlap_chars.min(size_chars / 2),
        }
    }
}

/// A passage to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// Its place among the document's passages, from 0.
    pub ordinal: i64,
    /// The text, without white space around it.
    pub text: String,
    /// The headings above all of it, outermost first, joined by ` › `.
    pub heading: String,
    /// The page that most of it stands on, from 1, where the format has pages.
    pub page: Option<i64>,
    /// Where it begins in the extracted text, in Unicode scalar values.
    pub char_start: i64,
    /// Where it ends (exclusive).
    pub char_end: i64,
    /// Whether it only leads elsewhere: a table of contents or an index, which answers nothing.
    pub is_directory: bool,
}

/// Cuts a document into passages; none without text.
pub fn chunk(extracted: &Extracted, settings: &ChunkSettings) -> Vec<Chunk> {
    let settings = settings.sane();
    let boundaries = boundaries::find(extracted, settings.size_chars);
    let mut sections = Headings::new(&extracted.sections);
    let mut chunks: Vec<Chunk> = Vec::new();
    for (start, end) in plan::spans(&boundaries, &settings) {
        let Some((start, end, text)) = trimmed(&extracted.text, start, end) else {
            continue;
        };
        // Only white space follows what the passage before has already.
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

/// Offsets fit: memory ends before `i64` does.
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

/// The page with the most of `from..to`.
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

/// Walks the sections beside the passages, which come in the same order.
struct Headings<'a> {
    sections: &'a [Section],
    next: usize,
    /// The headings open at the start of the present passage, outermost first.
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

    /// The headings that hold for all of `from..to`: those open at its start that no heading inside
    /// it ends.
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
