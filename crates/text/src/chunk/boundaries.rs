//! The places where a text may be cut, and how strong a boundary each is: one pass over its
//! characters.

use super::super::{Extracted, Page, Section};

/// An offset in a text, both in bytes and in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) byte: usize,
    pub(super) char: usize,
}

/// The strength of a boundary, the weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cut {
    /// Inside a word that is longer than a passage.
    Word,
    /// Between words.
    Space,
    /// Between sentences.
    Sentence,
    /// Between lines.
    Line,
    /// At a blank line.
    Paragraph,
    /// Between pages, where a sentence ends.
    Page,
    /// Before a heading inside a top-level section.
    Section,
    /// Before a heading of the top level, and at both ends of the text.
    Part,
}

/// A place where a passage may begin or end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Boundary {
    pub(super) at: Place,
    pub(super) cut: Cut,
}

/// All boundaries in order; the first is the start and the last the end of the text. Neighbours are
/// at most a quarter of `size_chars` apart.
pub(super) fn find(extracted: &Extracted, size_chars: usize) -> Vec<Boundary> {
    let mut finder = Finder {
        sections: &extracted.sections,
        top_level: top_level(&extracted.sections),
        pages: &extracted.pages,
        found: Vec::new(),
        longest: (size_chars / 4).max(1),
    };
    finder.run(&extracted.text);
    finder.found
}

/// The outermost level that has more than one heading: a lone `h1` is the document's title.
fn top_level(sections: &[Section]) -> u8 {
    (1..=u8::MAX)
        .take(9)
        .find(|level| {
            let of_level = sections.iter().filter(|section| section.level == *level);
            of_level.take(2).count() == 2
        })
        .unwrap_or(0)
}

struct Finder<'a> {
    /// The sections not reached yet.
    sections: &'a [Section],
    top_level: u8,
    /// The pages not reached yet.
    pages: &'a [Page],
    found: Vec<Boundary>,
    longest: usize,
}

/// What the characters before the current one mean for a boundary there.
#[derive(Default)]
struct Before {
    /// The last characters that are not white space, newest first.
    last: [char; 3],
    in_space: bool,
    newlines: usize,
}

impl Finder<'_> {
    fn run(&mut self, text: &str) {
        let mut before = Before::default();
        let mut at = Place { byte: 0, char: 0 };
        self.push(at, Cut::Part);
        for c in text.chars() {
            if let Some(cut) = self.structure(at.char, &before).max(before.cut(c)) {
                self.push(at, cut);
            } else if self.since_last(at) >= self.longest {
                self.push(at, Cut::Word);
            }
            before.read(c);
            at.byte += c.len_utf8();
            at.char += 1;
        }
        self.push(at, Cut::Part);
    }

    fn push(&mut self, at: Place, cut: Cut) {
        match self.found.last_mut().filter(|last| last.at == at) {
            Some(last) => last.cut = last.cut.max(cut),
            None => self.found.push(Boundary { at, cut }),
        }
    }

    fn since_last(&self, at: Place) -> usize {
        self.found.last().map_or(0, |last| at.char - last.at.char)
    }

    /// The cut at a section or page that begins at `char`.
    fn structure(&mut self, char: usize, before: &Before) -> Option<Cut> {
        let mut cut = None;
        while let Some((section, rest)) = self.sections.split_first()
            && section.char_start <= char
        {
            let is_top = section.level <= self.top_level;
            cut = cut.max(Some(if is_top { Cut::Part } else { Cut::Section }));
            self.sections = rest;
        }
        while let Some((page, rest)) = self.pages.split_first()
            && page.char_start <= char
        {
            cut = cut.max(before.ends_sentence().then_some(Cut::Page));
            self.pages = rest;
        }
        cut
    }
}

impl Before {
    fn read(&mut self, c: char) {
        if c.is_whitespace() {
            self.in_space = true;
            self.newlines += usize::from(c == '\n' || c == '\u{c}');
        } else {
            let [newest, second, _] = self.last;
            self.last = [c, newest, second];
            self.in_space = false;
            self.newlines = 0;
        }
    }

    /// The cut between what was read and the character `next`.
    fn cut(&self, next: char) -> Option<Cut> {
        let [newest, ..] = self.last;
        if next.is_whitespace() {
            return None;
        }
        if "。！？".contains(newest) {
            return Some(Cut::Sentence);
        }
        if !self.in_space {
            return None;
        }
        Some(match self.newlines {
            // Text after a colon on the same line belongs to it: `Price: 12`.
            0 if newest != ':' && self.ends_sentence() && !next.is_lowercase() => Cut::Sentence,
            0 => Cut::Space,
            1 => Cut::Line,
            _ => Cut::Paragraph,
        })
    }

    /// Whether the last word ends a sentence: with a full stop that is not an initial's (`J. Doe`).
    fn ends_sentence(&self) -> bool {
        let [newest, second, third] = self.last;
        let (mark, before, earlier) = if "\"'”’)]»".contains(newest) {
            (second, third, ' ')
        } else {
            (newest, second, third)
        };
        match mark {
            '!' | '?' | '。' | '！' | '？' | ':' => true,
            '.' => !before.is_uppercase() || earlier.is_alphanumeric(),
            _ => false,
        }
    }
}
