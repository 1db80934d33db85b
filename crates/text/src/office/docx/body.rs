//! The main part of a Word document, node by node (ECMA-376 part 1, 17).

use super::super::super::writer::{Break, Writer};
use super::super::super::xml::{Node, Tag, XmlReader};
use super::super::super::{ExtractFailure, ExtractLimits, Extracted};
use super::super::package::described;
use super::notes::Notes;
use super::styles::{Role, Styles, is_list, outline_level};

/// Reads the body of a document.
pub(super) struct Body<'a> {
    reader: XmlReader<'a>,
    writer: Writer<'a>,
    styles: Styles,
    notes: Notes,
    /// The open paragraphs; those within another one are in its text boxes.
    open: Vec<Paragraph>,
    /// Whether the break before the innermost paragraph is still to be written, once its properties
    /// or text are read.
    break_is_due: bool,
    tables: usize,
    /// The paragraph in the style of a title.
    title: Option<String>,
}

/// What the properties of a paragraph say.
#[derive(Clone, Copy, Default)]
struct Paragraph {
    role: Role,
    is_item: bool,
}

impl<'a> Body<'a> {
    pub(super) fn new(
        part: &'a str,
        styles: Styles,
        notes: Notes,
        limits: &'a ExtractLimits,
    ) -> Self {
        Self {
            reader: XmlReader::new(part, limits),
            writer: Writer::new(limits),
            styles,
            notes,
            open: Vec::new(),
            break_is_due: false,
            tables: 0,
            title: None,
        }
    }

    /// The text, and the text of the paragraph in the style of a title.
    ///
    /// # Errors
    /// Those of tables that are still open.
    pub(super) fn finish(self) -> Result<(Extracted, Option<String>), ExtractFailure> {
        Ok((self.writer.finish()?, self.title))
    }

    pub(super) fn read(&mut self) -> Result<(), ExtractFailure> {
        while let Some(node) = self.reader.next()? {
            match node {
                Node::Start(tag) => self.start(&tag)?,
                Node::End(tag) => self.end(tag.name())?,
                Node::Text(_) => {}
            }
        }
        self.writer.write_asides()
    }

    fn start(&mut self, tag: &Tag<'a>) -> Result<(), ExtractFailure> {
        match tag.name() {
            "p" => self.begin_paragraph(),
            "pPr" => self.paragraph_properties()?,
            "rPr" => self.run_properties()?,
            "t" => {
                let text = self.reader.text_with_space()?;
                return self.text(&text);
            }
            "tab" | "ptab" => self.writer.break_before(Break::Space),
            "br" | "cr" => self.writer.break_before(Break::Line),
            "noBreakHyphen" => return self.text("-"),
            "tbl" => {
                self.tables += 1;
                self.writer.begin_table()?;
            }
            "tr" => self.writer.begin_row()?,
            "trPr" => self.row_properties()?,
            "tc" => self.writer.begin_cell(),
            "tcPr" => self.cell_properties()?,
            "docPr" => self.picture(tag)?,
            "footnoteReference" => self.refer("footnote", tag),
            "endnoteReference" => self.refer("endnote", tag),
            "commentReference" => self.refer("comment", tag),
            "del" | "moveFrom" | "delText" | "delInstrText" | "instrText" | "Fallback"
            | "sdtPr" | "sectPr" | "tblPr" | "rt" => self.reader.skip()?,
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, name: &str) -> Result<(), ExtractFailure> {
        match name {
            "p" => return self.end_paragraph(),
            "tr" => self.writer.break_before(Break::Line),
            "tbl" => {
                self.writer.end_table()?;
                self.tables = self.tables.saturating_sub(1);
                if self.tables == 0 {
                    return self.writer.write_asides();
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn begin_paragraph(&mut self) {
        self.open.push(Paragraph::default());
        self.break_is_due = true;
    }

    /// Writes the break before the innermost paragraph. In a table that is only a space, because a
    /// row is one line.
    fn write_break(&mut self) {
        if !std::mem::take(&mut self.break_is_due) {
            return;
        }
        let found = self.open.last().copied().unwrap_or_default();
        if self.tables > 0 {
            self.writer.break_before(Break::Space);
        } else if let Role::Heading(level) = found.role {
            self.writer.begin_block();
            self.writer.begin_heading(level);
        } else if found.is_item {
            self.writer.begin_item();
        } else {
            self.writer.begin_block();
        }
    }

    fn end_paragraph(&mut self) -> Result<(), ExtractFailure> {
        self.break_is_due = false;
        let ended = self.open.pop().unwrap_or_default();
        if self.tables > 0 {
            self.writer.break_before(Break::Space);
            return Ok(());
        }
        match ended.role {
            Role::Heading(_) => self.writer.end_heading(),
            _ if ended.is_item => self.writer.break_before(Break::Line),
            _ => self.writer.break_before(Break::Paragraph),
        }
        if self.open.is_empty() {
            self.writer.write_asides()?;
        }
        Ok(())
    }

    fn paragraph_properties(&mut self) -> Result<(), ExtractFailure> {
        let found = self.read_paragraph()?;
        if let Some(open) = self.open.last_mut() {
            *open = found;
        }
        self.write_break();
        Ok(())
    }

    fn read_paragraph(&mut self) -> Result<Paragraph, ExtractFailure> {
        let mut found = Paragraph::default();
        while let Some(node) = self.reader.next()? {
            match node {
                Node::Start(tag) => match tag.name() {
                    "pStyle" => {
                        let id = tag.attr("val").unwrap_or_default();
                        found.role = self.styles.role(&id);
                        found.is_item = self.styles.is_item(&id);
                    }
                    "outlineLvl" => found.role = outline_level(&tag).unwrap_or(found.role),
                    "numId" => found.is_item = is_list(&tag),
                    "rPr" | "pPrChange" | "sectPr" => self.reader.skip()?,
                    _ => {}
                },
                Node::End(tag) if tag.name() == "pPr" => break,
                _ => {}
            }
        }
        Ok(found)
    }

    /// Skips the rest of a hidden run.
    fn run_properties(&mut self) -> Result<(), ExtractFailure> {
        let mut hidden = false;
        while let Some(node) = self.reader.next()? {
            match node {
                Node::Start(tag) if tag.name() == "vanish" => hidden = is_on(&tag),
                Node::Start(tag) if tag.name() == "rPrChange" => self.reader.skip()?,
                Node::End(tag) if tag.name() == "rPr" => break,
                _ => {}
            }
        }
        if hidden { self.reader.skip() } else { Ok(()) }
    }

    /// Skips the rest of a row that is hidden or deleted.
    fn row_properties(&mut self) -> Result<(), ExtractFailure> {
        let mut is_removed = false;
        while let Some(node) = self.reader.next()? {
            match node {
                Node::Start(tag) if tag.name() == "del" => is_removed = true,
                Node::Start(tag) if tag.name() == "hidden" => is_removed = is_on(&tag),
                Node::Start(tag) if tag.name() == "tblHeader" && is_on(&tag) => {
                    self.writer.mark_header_row();
                }
                Node::Start(tag) if tag.name() == "gridBefore" => {
                    self.writer.skip_columns(number(&tag).unwrap_or(0));
                }
                Node::End(tag) if tag.name() == "trPr" => break,
                _ => {}
            }
        }
        if is_removed {
            self.reader.skip()
        } else {
            Ok(())
        }
    }

    /// Reads which columns and rows a cell covers.
    fn cell_properties(&mut self) -> Result<(), ExtractFailure> {
        let mut columns = 1;
        while let Some(node) = self.reader.next()? {
            match node {
                Node::Start(tag) => match tag.name() {
                    "gridSpan" => columns = number(&tag).unwrap_or(1),
                    "vMerge" if tag.attr("val").is_none_or(|how| how != "restart") => {
                        self.writer.continue_cell_above();
                    }
                    "tcPrChange" => self.reader.skip()?,
                    _ => {}
                },
                Node::End(tag) if tag.name() == "tcPr" => break,
                _ => {}
            }
        }
        self.writer.span_cell(columns, 1);
        Ok(())
    }

    /// Writes the description of a picture, if its author has given one.
    fn picture(&mut self, tag: &Tag<'_>) -> Result<(), ExtractFailure> {
        match described(tag) {
            Some(description) => {
                self.writer.break_before(Break::Space);
                self.text(&description)?;
                self.writer.break_before(Break::Space);
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn refer(&mut self, label: &'static str, tag: &Tag<'_>) {
        let note = self.notes.take(label, &tag.attr("id").unwrap_or_default());
        self.writer.aside(note.unwrap_or_default());
    }

    fn text(&mut self, text: &str) -> Result<(), ExtractFailure> {
        self.write_break();
        match self.open.last().map(|open| open.role) {
            // The table of contents answers nothing.
            Some(Role::Contents) => return Ok(()),
            Some(Role::Title) => {
                let title = self.title.get_or_insert_default();
                if title.len() < LONGEST_TITLE_BYTES {
                    title.push_str(text);
                }
            }
            _ => {}
        }
        self.writer.text(text)
    }
}

const LONGEST_TITLE_BYTES: usize = 300;

fn number(tag: &Tag<'_>) -> Option<usize> {
    tag.attr("val")?.parse().ok()
}

/// Whether a toggle is on: it is if it is present, unless its value is negative.
fn is_on(tag: &Tag<'_>) -> bool {
    tag.attr("val")
        .is_none_or(|value| !["0", "false", "off"].contains(&value.as_str()))
}
