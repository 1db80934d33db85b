//! The content of an OpenDocument text or presentation, node by node.

use super::super::writer::{Break, Writer};
use super::super::xml::{Node, Tag, XmlReader};
use super::super::{ExtractFailure, ExtractLimits, Extracted};

/// Reads `content.xml`.
///
/// # Errors
/// Those of XML, and `too_large` for more slides than pages are allowed.
pub(super) fn read(content: &str, limits: &ExtractLimits) -> Result<Extracted, ExtractFailure> {
    let mut body = Body {
        reader: XmlReader::new(content, limits),
        writer: Writer::new(limits),
        open: 0,
        tables: 0,
        in_header_rows: false,
        is_item: false,
        in_title: false,
        slides: 0,
        untitled: false,
        limits,
    };
    while let Some(node) = body.reader.next()? {
        match node {
            Node::Start(tag) => body.start(&tag)?,
            Node::End(tag) => body.end(tag.name())?,
            Node::Text(text) if body.open > 0 => body.writer.text(&text)?,
            Node::Text(_) => {}
        }
    }
    body.writer.write_asides()?;
    body.writer.finish()
}

struct Body<'a> {
    reader: XmlReader<'a>,
    writer: Writer<'a>,
    /// How many paragraphs and headings are open; only these have text.
    open: usize,
    tables: usize,
    in_header_rows: bool,
    /// Whether the next paragraph is the first of a list's item.
    is_item: bool,
    /// Whether the frame that is open holds the slide's title.
    in_title: bool,
    slides: u32,
    /// Whether the current slide has no title so far.
    untitled: bool,
    limits: &'a ExtractLimits,
}

impl<'a> Body<'a> {
    fn start(&mut self, tag: &Tag<'a>) -> Result<(), ExtractFailure> {
        match tag.name() {
            "h" => self.begin_heading(tag),
            "p" => self.begin_paragraph(),
            "list-item" | "list-header" => self.is_item = true,
            "s" | "tab" => self.writer.break_before(Break::Space),
            "line-break" => self.writer.break_before(Break::Line),
            "table" => {
                self.tables += 1;
                self.writer.begin_table()?;
            }
            "table-header-rows" => self.in_header_rows = true,
            "table-row" => self.begin_row()?,
            "table-cell" => self.begin_cell(tag),
            "note" => self.note()?,
            "annotation" => self.comment()?,
            "page" => self.begin_slide()?,
            "frame" => self.in_title = tag.attr("class").is_some_and(|class| class == "title"),
            "notes" => self.slide_notes()?,
            "section" if tag.attr("display").is_some_and(|how| how == "none") => {
                self.reader.skip()?;
            }
            "tracked-changes" | "table-of-content" | "forms" | "scripts" | "font-face-decls"
            | "automatic-styles" | "hidden-text" | "hidden-paragraph" | "covered-table-cell"
            | "date-time-decl" | "footer-decl" | "header-decl" | "title" | "binary-data"
            | "page-number" | "ruby-text" => self.reader.skip()?,
            "desc" => {
                let text = self.reader.text_of(&[], &[])?;
                self.writer.aside(text);
            }
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, name: &str) -> Result<(), ExtractFailure> {
        match name {
            "h" | "p" => {
                self.open = self.open.saturating_sub(1);
                if name == "h" || self.in_title {
                    self.writer.end_heading();
                }
                self.end_paragraph()?;
            }
            "table-row" => self.writer.break_before(Break::Line),
            "table-header-rows" => self.in_header_rows = false,
            "table" => {
                self.tables = self.tables.saturating_sub(1);
                self.writer.end_table()?;
            }
            "list-item" => self.is_item = false,
            "frame" => self.in_title = false,
            "page" => {
                self.writer.write_asides()?;
                self.writer.end_page();
            }
            _ => {}
        }
        Ok(())
    }

    fn begin_row(&mut self) -> Result<(), ExtractFailure> {
        self.writer.begin_row()?;
        if self.in_header_rows {
            self.writer.mark_header_row();
        }
        Ok(())
    }

    fn begin_cell(&mut self, tag: &Tag<'_>) {
        let number = |name| tag.attr(name).and_then(|value| value.parse().ok());
        // Only empty cells are repeated in texts: the columns after them move.
        for _ in 1..number("number-columns-repeated")
            .unwrap_or(1)
            .min(MOST_CELLS_REPEATED)
        {
            self.writer.begin_cell();
        }
        self.writer.begin_cell();
        let columns = number("number-columns-spanned").unwrap_or(1);
        self.writer
            .span_cell(columns, number("number-rows-spanned").unwrap_or(1));
    }

    fn begin_heading(&mut self, tag: &Tag<'_>) {
        self.open += 1;
        self.is_item = false;
        let level = tag
            .attr("outline-level")
            .and_then(|level| level.parse().ok());
        if self.tables == 0 {
            self.writer.break_before(Break::Paragraph);
            self.writer.begin_heading(level.unwrap_or(1).clamp(1, 9));
        }
    }

    fn begin_paragraph(&mut self) {
        self.open += 1;
        let is_item = std::mem::take(&mut self.is_item);
        if self.untitled && !self.in_title {
            self.untitled = false;
            self.writer
                .unwritten_section(1, format!("Slide {}", self.slides));
        }
        if self.tables > 0 {
            self.writer.break_before(Break::Space);
        } else if self.in_title {
            self.untitled = false;
            self.writer.break_before(Break::Paragraph);
            self.writer.begin_heading(1);
        } else if is_item {
            self.writer.begin_item();
        } else {
            self.writer.begin_block();
        }
    }

    fn end_paragraph(&mut self) -> Result<(), ExtractFailure> {
        if self.tables > 0 {
            self.writer.break_before(Break::Space);
            return Ok(());
        }
        self.writer.break_before(Break::Line);
        if self.open == 0 {
            self.writer.write_asides()?;
        }
        Ok(())
    }

    fn begin_slide(&mut self) -> Result<(), ExtractFailure> {
        self.slides += 1;
        if self.slides as usize > self.limits.pages {
            return Err(ExtractFailure::too_large(format!(
                "it has more than {} slides",
                self.limits.pages
            )));
        }
        self.writer.begin_page(self.slides);
        self.untitled = true;
        Ok(())
    }

    /// A footnote or endnote is written after its paragraph, without its number.
    fn note(&mut self) -> Result<(), ExtractFailure> {
        let text = self.reader.text_of(BREAKS, &["note-citation"])?;
        if !text.is_empty() {
            self.writer.aside(format!("Note: {text}"));
        }
        Ok(())
    }

    fn comment(&mut self) -> Result<(), ExtractFailure> {
        let text = self
            .reader
            .text_of(BREAKS, &["creator", "date", "creator-initials"])?;
        if !text.is_empty() {
            self.writer.aside(format!("Comment: {text}"));
        }
        Ok(())
    }

    fn slide_notes(&mut self) -> Result<(), ExtractFailure> {
        let text = self.reader.text_of(BREAKS, &["page-number", "title"])?;
        if !text.is_empty() {
            self.writer.aside(format!("Notes: {text}"));
        }
        Ok(())
    }
}

const MOST_CELLS_REPEATED: usize = 100;

const BREAKS: &[&str] = &["p", "h", "s", "tab", "line-break", "table-cell"];
