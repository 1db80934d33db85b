//! Writes running text with the breaks that a page's structure asks for: white space collapses,
//! paragraphs are a blank line apart, cells are joined by ` | `, and headings are noted with their
//! place.

use super::super::builder::TextBuilder;
use super::super::{ExtractFailure, ExtractLimits, Section};

/// How far what comes next stands from what was written; the larger wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Break {
    /// Nothing between.
    None,
    /// A space.
    Space,
    /// The next cell of the row.
    Cell,
    /// The next line.
    Line,
    /// A blank line.
    Paragraph,
}

impl Break {
    const fn as_str(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Space => " ",
            Self::Cell => " | ",
            Self::Line => "\n",
            Self::Paragraph => "\n\n",
        }
    }
}

const MAX_TITLE_BYTES: usize = 300;

pub(super) struct Writer<'a> {
    out: TextBuilder<'a>,
    pending: Break,
    /// Written before the next word of a list item.
    bullet: bool,
    verbatim: usize,
    /// Whether the present row has a cell already.
    in_row: bool,
    /// Whether nothing has been written into the present cell.
    cell_is_empty: bool,
    heading: Option<Section>,
    sections: Vec<Section>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(limits: &'a ExtractLimits) -> Self {
        Self {
            out: TextBuilder::new(limits),
            pending: Break::None,
            bullet: false,
            verbatim: 0,
            in_row: false,
            cell_is_empty: false,
            heading: None,
            sections: Vec::new(),
        }
    }

    pub(super) fn break_before(&mut self, by: Break) {
        self.pending = self.pending.max(by);
    }

    /// A block at the start of a cell does not part it from the cell before.
    pub(super) fn begin_block(&mut self) {
        if !self.cell_is_empty {
            self.break_before(Break::Paragraph);
        }
    }

    pub(super) fn begin_table(&mut self) {
        self.begin_block();
        self.in_row = false;
    }

    pub(super) fn begin_heading(&mut self, level: u8) {
        self.end_heading();
        self.heading = Some(Section {
            char_start: usize::MAX,
            level,
            title: String::new(),
        });
    }

    pub(super) fn end_heading(&mut self) {
        self.break_before(Break::Paragraph);
        if let Some(heading) = self.heading.take()
            && !heading.title.is_empty()
        {
            self.sections.push(heading);
        }
    }

    pub(super) fn begin_item(&mut self) {
        self.break_before(Break::Line);
        self.bullet = true;
    }

    /// A row follows the row before on the next line, whatever blocks that one ended with.
    pub(super) fn begin_row(&mut self) {
        if std::mem::take(&mut self.in_row) {
            self.pending = Break::Line;
        }
        self.cell_is_empty = false;
        self.break_before(Break::Line);
    }

    pub(super) fn begin_cell(&mut self) {
        if std::mem::replace(&mut self.in_row, true) {
            self.pending = Break::Cell;
        }
        self.cell_is_empty = true;
    }

    pub(super) fn begin_verbatim(&mut self) {
        self.break_before(Break::Paragraph);
        self.verbatim += 1;
    }

    pub(super) fn end_verbatim(&mut self) {
        self.out.trim_end_matches(&['\n', ' ', '\t', '\r']);
        self.break_before(Break::Paragraph);
        self.verbatim = self.verbatim.saturating_sub(1);
    }

    pub(super) fn text(&mut self, text: &str) -> Result<(), ExtractFailure> {
        if self.verbatim > 0 {
            return self.verbatim_text(text);
        }
        if text.is_empty() {
            return Ok(());
        }
        if text.starts_with(is_space) {
            self.break_before(Break::Space);
        }
        for word in text.split(is_space).filter(|word| !word.is_empty()) {
            self.word(word)?;
            self.break_before(Break::Space);
        }
        if !text.ends_with(is_space) && self.pending == Break::Space {
            self.pending = Break::None;
        }
        Ok(())
    }

    fn word(&mut self, word: &str) -> Result<(), ExtractFailure> {
        let parted = self.pending != Break::None;
        self.flush()?;
        if let Some(heading) = &mut self.heading {
            heading.char_start = heading.char_start.min(self.out.chars());
            if parted && !heading.title.is_empty() {
                heading.title.push(' ');
            }
            // A heading that nobody closed must not swallow the page.
            if heading.title.len() < MAX_TITLE_BYTES {
                heading.title.push_str(word);
            }
        }
        self.out.push(word)
    }

    fn verbatim_text(&mut self, text: &str) -> Result<(), ExtractFailure> {
        let begins = self.pending == Break::Paragraph;
        // The first newline after `<pre>` is no part of it.
        let text = if begins {
            text.trim_start_matches(['\r', '\n'])
        } else {
            text
        };
        if text.is_empty() {
            return Ok(());
        }
        self.flush()?;
        self.out.push(text)
    }

    /// Writes the break that is due, and the bullet of a new item.
    fn flush(&mut self) -> Result<(), ExtractFailure> {
        self.cell_is_empty = false;
        let due = std::mem::replace(&mut self.pending, Break::None);
        if !self.out.as_str().is_empty() {
            self.out.push(due.as_str())?;
        }
        if std::mem::take(&mut self.bullet) {
            self.out.push("- ")?;
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> (String, Vec<Section>) {
        self.end_heading();
        (self.out.finish(), self.sections)
    }
}

/// White space that HTML collapses; the non-breaking space becomes an ordinary one.
fn is_space(c: char) -> bool {
    c.is_ascii_whitespace() || c == '\u{a0}'
}
