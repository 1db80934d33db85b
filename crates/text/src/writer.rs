//! Writes running text with the breaks that a document's structure requires: white space is
//! collapsed, paragraphs are separated by a blank line and cells by ` | `, the offsets of headings
//! and pages are recorded, and notes and comments are written after the paragraph or table that
//! they belong to.

use super::builder::TextBuilder;
use super::{ExtractFailure, ExtractLimits, Extracted, Page, Section};

/// The break before the next text; of several, the largest applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Break {
    /// No break.
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

/// The text so far, and the state of what comes next.
pub(super) struct Writer<'a> {
    out: TextBuilder<'a>,
    pending: Break,
    /// Whether a bullet is written before the next word.
    bullet: bool,
    verbatim: usize,
    /// Whether the current row has a cell already.
    in_row: bool,
    /// Whether the current cell is still empty.
    cell_is_empty: bool,
    heading: Option<Section>,
    sections: Vec<Section>,
    pages: Vec<Page>,
    /// Notes and comments to write after the current paragraph or table.
    asides: Vec<String>,
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
            pages: Vec::new(),
            asides: Vec::new(),
        }
    }

    pub(super) fn break_before(&mut self, by: Break) {
        self.pending = self.pending.max(by);
    }

    /// Begins a block; at the start of a cell this writes no break.
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

    /// Begins a row on the next line, whatever blocks the row before ended with.
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
            // Limits a heading that is never closed.
            if heading.title.len() < MAX_TITLE_BYTES {
                heading.title.push_str(word);
            }
        }
        self.out.push(word)
    }

    fn verbatim_text(&mut self, text: &str) -> Result<(), ExtractFailure> {
        let begins = self.pending == Break::Paragraph;
        // The first newline after `<pre>` is not part of the text.
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

    /// Writes the pending break, and the bullet of a new item.
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

    /// Writes a whole paragraph.
    pub(super) fn paragraph(&mut self, text: &str) -> Result<(), ExtractFailure> {
        self.break_before(Break::Paragraph);
        self.text(text)?;
        self.break_before(Break::Paragraph);
        Ok(())
    }

    /// Writes a whole heading.
    pub(super) fn heading(&mut self, level: u8, title: &str) -> Result<(), ExtractFailure> {
        self.break_before(Break::Paragraph);
        self.begin_heading(level);
        self.text(title)?;
        self.end_heading();
        Ok(())
    }

    /// Begins a section whose name is not written into the text.
    pub(super) fn unwritten_section(&mut self, level: u8, title: String) {
        self.break_before(Break::Paragraph);
        self.sections.push(Section {
            char_start: self.next_start(),
            level,
            title,
        });
    }

    /// Keeps a note or comment until [`Writer::write_asides`].
    pub(super) fn aside(&mut self, text: String) {
        if !text.trim().is_empty() {
            self.asides.push(text);
        }
    }

    /// Writes the kept notes and comments, each as a paragraph.
    pub(super) fn write_asides(&mut self) -> Result<(), ExtractFailure> {
        for aside in std::mem::take(&mut self.asides) {
            self.paragraph(&aside)?;
        }
        Ok(())
    }

    /// Begins a page; it ends where the next one begins, or with [`Writer::end_page`].
    pub(super) fn begin_page(&mut self, number: u32) {
        self.end_page();
        self.break_before(Break::Paragraph);
        let start = self.next_start();
        self.pages.push(Page {
            number,
            char_start: start,
            char_end: usize::MAX,
        });
    }

    /// Ends the page that was begun last.
    pub(super) fn end_page(&mut self) {
        let end = self.out.chars();
        if let Some(page) = self.pages.last_mut().filter(|page| page.char_end > end) {
            page.char_start = page.char_start.min(end);
            page.char_end = end;
        }
    }

    /// The offset of the next word.
    fn next_start(&self) -> usize {
        if self.out.as_str().is_empty() {
            0
        } else {
            self.out.chars() + self.pending.as_str().chars().count()
        }
    }

    /// Begins preformatted lines after a blank line; they are written to [`Writer::builder`].
    pub(super) fn begin_lines(&mut self) -> Result<(), ExtractFailure> {
        self.break_before(Break::Paragraph);
        self.flush()
    }

    /// Ends preformatted lines.
    pub(super) fn end_lines(&mut self) {
        self.out.trim_end_matches(&['\n']);
        self.break_before(Break::Paragraph);
    }

    /// Takes preformatted lines, between [`Writer::begin_lines`] and [`Writer::end_lines`].
    pub(super) fn builder(&mut self) -> &mut TextBuilder<'a> {
        &mut self.out
    }

    /// The text with its pages and sections.
    pub(super) fn finish(mut self) -> Extracted {
        self.end_heading();
        self.end_page();
        Extracted {
            text: self.out.finish(),
            pages: self.pages,
            sections: self.sections,
            ..Extracted::default()
        }
    }
}

/// White space that HTML collapses; the non-breaking space becomes an ordinary one.
fn is_space(c: char) -> bool {
    c.is_ascii_whitespace() || c == '\u{a0}'
}
