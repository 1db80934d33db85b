//! The running text: words, blocks, headings, items, pages and asides.

use super::breaks::Break;
use super::capture::{Step, Tables};
use crate::builder::TextBuilder;
use crate::{ExtractFailure, ExtractLimits, Extracted, Page, Section};

const MAX_TITLE_BYTES: usize = 300;

/// The text so far, and the state of what comes next.
pub(crate) struct Writer<'a> {
    pub(super) out: TextBuilder<'a>,
    pub(super) pending: Break,
    /// Whether a bullet is written before the next word.
    bullet: bool,
    verbatim: usize,
    /// Whether the current row has a cell already.
    pub(super) in_row: bool,
    /// Whether the current cell is still empty.
    pub(super) cell_is_empty: bool,
    heading: Option<Section>,
    sections: Vec<Section>,
    pages: Vec<Page>,
    /// Notes and comments to write after the current paragraph or table.
    asides: Vec<String>,
    pub(super) tables: Tables<'a>,
    pub(super) limits: &'a ExtractLimits,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(limits: &'a ExtractLimits) -> Self {
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
            tables: Tables::default(),
            limits,
        }
    }

    pub(crate) fn break_before(&mut self, by: Break) {
        if !self.is_kept(|| Step::Break(by)) {
            self.pending = self.pending.max(by);
        }
    }

    /// Begins a block; at the start of a cell this writes no break.
    pub(crate) fn begin_block(&mut self) {
        if !self.is_kept(|| Step::Block) && !self.cell_is_empty {
            self.break_before(Break::Paragraph);
        }
    }

    pub(crate) fn begin_heading(&mut self, level: u8) {
        if self.is_kept(|| Step::Heading(level)) {
            return;
        }
        self.end_heading();
        self.heading = Some(Section {
            char_start: usize::MAX,
            level,
            title: String::new(),
        });
    }

    pub(crate) fn end_heading(&mut self) {
        if self.is_kept(|| Step::EndHeading) {
            return;
        }
        self.break_before(Break::Paragraph);
        if let Some(heading) = self.heading.take()
            && !heading.title.is_empty()
        {
            self.sections.push(heading);
        }
    }

    pub(crate) fn begin_item(&mut self) {
        if self.is_kept(|| Step::Item) {
            return;
        }
        self.break_before(Break::Line);
        self.bullet = true;
    }

    pub(crate) fn begin_verbatim(&mut self) {
        if self.is_kept(|| Step::Verbatim) {
            return;
        }
        self.break_before(Break::Paragraph);
        self.verbatim += 1;
    }

    pub(crate) fn end_verbatim(&mut self) {
        if self.is_kept(|| Step::EndVerbatim) {
            return;
        }
        self.out.trim_end_matches(&['\n', ' ', '\t', '\r']);
        self.break_before(Break::Paragraph);
        self.verbatim = self.verbatim.saturating_sub(1);
    }

    pub(crate) fn text(&mut self, text: &str) -> Result<(), ExtractFailure> {
        if self.is_text_kept(text)? {
            return Ok(());
        }
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
    pub(crate) fn paragraph(&mut self, text: &str) -> Result<(), ExtractFailure> {
        self.break_before(Break::Paragraph);
        self.text(text)?;
        self.break_before(Break::Paragraph);
        Ok(())
    }

    /// Writes a whole heading.
    pub(crate) fn heading(&mut self, level: u8, title: &str) -> Result<(), ExtractFailure> {
        self.break_before(Break::Paragraph);
        self.begin_heading(level);
        self.text(title)?;
        self.end_heading();
        Ok(())
    }

    /// Begins a section whose name is not written into the text.
    pub(crate) fn unwritten_section(&mut self, level: u8, title: String) {
        // Not a step of a table that is kept: its text comes after this break as well.
        self.pending = self.pending.max(Break::Paragraph);
        self.sections.push(Section {
            char_start: self.next_start(),
            level,
            title,
        });
    }

    /// Keeps a note or comment until [`Writer::write_asides`].
    pub(crate) fn aside(&mut self, text: String) {
        if !text.trim().is_empty() {
            self.asides.push(text);
        }
    }

    /// Writes the kept notes and comments, each as a paragraph.
    pub(crate) fn write_asides(&mut self) -> Result<(), ExtractFailure> {
        for aside in std::mem::take(&mut self.asides) {
            self.paragraph(&aside)?;
        }
        Ok(())
    }

    /// Begins a page; it ends where the next one begins, or with [`Writer::end_page`].
    pub(crate) fn begin_page(&mut self, number: u32) {
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
    pub(crate) fn end_page(&mut self) {
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
    pub(crate) fn begin_lines(&mut self) -> Result<(), ExtractFailure> {
        self.break_before(Break::Paragraph);
        self.flush()
    }

    /// Ends preformatted lines.
    pub(crate) fn end_lines(&mut self) {
        self.out.trim_end_matches(&['\n']);
        self.break_before(Break::Paragraph);
    }

    /// Takes preformatted lines, between [`Writer::begin_lines`] and [`Writer::end_lines`].
    pub(crate) fn builder(&mut self) -> &mut TextBuilder<'a> {
        &mut self.out
    }

    /// The text with its pages and sections.
    ///
    /// # Errors
    /// Those of tables that are still open.
    pub(crate) fn finish(mut self) -> Result<Extracted, ExtractFailure> {
        self.end_tables()?;
        self.end_heading();
        self.end_page();
        Ok(Extracted {
            text: self.out.finish(),
            pages: self.pages,
            sections: self.sections,
            ..Extracted::default()
        })
    }
}

/// White space that HTML collapses; the non-breaking space becomes an ordinary one.
fn is_space(c: char) -> bool {
    c.is_ascii_whitespace() || c == '\u{a0}'
}
