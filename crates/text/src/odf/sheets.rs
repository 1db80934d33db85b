//! The content of an OpenDocument spreadsheet. Repeated cells and rows, of which a few bytes can
//! declare millions, are counted and not copied: a repeated empty cell only moves the column of
//! what follows, and a repeated value is written once.

use super::super::builder::TextBuilder;
use super::super::table::{Cell, Row, SheetWriter, Spans};
use super::super::writer::Writer;
use super::super::xml::{Node, Tag, XmlReader};
use super::super::{ExtractFailure, ExtractLimits, Extracted};

/// Reads `content.xml`.
///
/// # Errors
/// Those of XML, and `too_large` by the limits of tables and pages.
pub(super) fn read(content: &str, limits: &ExtractLimits) -> Result<Extracted, ExtractFailure> {
    let mut reader = XmlReader::new(content, limits);
    let mut writer = Writer::new(limits);
    let mut number = 0_u32;
    while let Some(tag) = reader.next_start()? {
        match tag.name() {
            "table" => {
                number += 1;
                if number as usize > limits.pages {
                    return Err(ExtractFailure::too_large(format!(
                        "it has more than {} sheets",
                        limits.pages
                    )));
                }
                writer.begin_page(number);
                let name = tag.attr("name");
                writer.heading(1, name.as_deref().unwrap_or("Sheet"))?;
                read_table(&mut reader, &mut writer, limits)?;
                writer.write_asides()?;
                writer.end_page();
            }
            "tracked-changes" | "automatic-styles" | "scripts" => reader.skip()?,
            _ => {}
        }
    }
    writer.finish()
}

fn read_table(
    reader: &mut XmlReader<'_>,
    writer: &mut Writer<'_>,
    limits: &ExtractLimits,
) -> Result<(), ExtractFailure> {
    writer.begin_lines()?;
    let mut rows = Rows {
        sheet: SheetWriter::new(limits),
        spans: Spans::default(),
        number: 0,
        row: Row::default(),
        column: 0,
        starting: Vec::new(),
        in_header: false,
    };
    let mut repeated_rows = 1;
    while let Some(node) = reader.next()? {
        match node {
            Node::Start(tag) => match tag.name() {
                "table-header-rows" => rows.in_header = true,
                "table-row" => repeated_rows = number(&tag, "number-rows-repeated"),
                "table-cell" | "covered-table-cell" => {
                    let text = read_cell(reader, writer)?;
                    rows.cell(&tag, text);
                }
                "shapes" | "forms" => reader.skip()?,
                _ => {}
            },
            Node::End(tag) => match tag.name() {
                "table-header-rows" => rows.in_header = false,
                "table-row" => rows.end(repeated_rows, writer.builder())?,
                "table" => break,
                _ => {}
            },
            Node::Text(_) => {}
        }
    }
    rows.sheet.finish(writer.builder())?;
    writer.end_lines();
    Ok(())
}

/// The rows of a sheet while they are read.
struct Rows<'a> {
    sheet: SheetWriter<'a>,
    spans: Spans,
    number: usize,
    row: Row,
    column: usize,
    /// The cells of the open row that reach further down, with the last row they cover.
    starting: Vec<(Cell, usize)>,
    in_header: bool,
}

impl Rows<'_> {
    fn cell(&mut self, tag: &Tag<'_>, text: String) {
        if !text.is_empty() {
            let mut cell = Cell::at(self.column, text);
            cell.columns = number(tag, "number-columns-spanned");
            let rows = number(tag, "number-rows-spanned");
            if rows > 1 {
                let last_row = self.number.saturating_add(rows - 1);
                self.starting.push((cell.clone(), last_row));
            }
            self.row.cells.push(cell);
        }
        let repeated = number(tag, "number-columns-repeated");
        self.column = self.column.saturating_add(repeated);
    }

    /// Ends a row, which is written once however often it is repeated.
    fn end(&mut self, repeated: usize, out: &mut TextBuilder<'_>) -> Result<(), ExtractFailure> {
        self.column = 0;
        let mut own = std::mem::take(&mut self.row.cells);
        if !own.is_empty() {
            let mut cells = self.spans.reaching(self.number);
            cells.append(&mut own);
            for (cell, last_row) in self.starting.drain(..) {
                self.spans.add(&cell, last_row);
            }
            let row = Row {
                cells,
                is_header: self.in_header,
            };
            self.sheet.row(self.number, row, out)?;
        }
        self.number = self.number.saturating_add(repeated);
        Ok(())
    }
}

/// The paragraphs of a cell in one line; its comment is written at the end of the sheet.
fn read_cell(
    reader: &mut XmlReader<'_>,
    writer: &mut Writer<'_>,
) -> Result<String, ExtractFailure> {
    let mut text = String::new();
    let mut paragraphs = 0_usize;
    while let Some(node) = reader.next()? {
        match node {
            Node::Start(tag) => match tag.name() {
                "annotation" => {
                    let hidden = &["creator", "date", "creator-initials"];
                    let comment = reader.text_of(&["p", "s", "tab", "line-break"], hidden)?;
                    if !comment.is_empty() {
                        writer.aside(format!("Comment: {comment}"));
                    }
                }
                "p" => {
                    paragraphs += 1;
                    text.push(' ');
                }
                "s" | "tab" | "line-break" => text.push(' '),
                // A nested table has cells of its own, which would end this one.
                "table" => reader.skip()?,
                _ => {}
            },
            Node::Text(more) if paragraphs > 0 => text.push_str(&more),
            Node::Text(_) => {}
            Node::End(tag) => match tag.name() {
                "p" => paragraphs = paragraphs.saturating_sub(1),
                "table-cell" | "covered-table-cell" => break,
                _ => {}
            },
        }
    }
    Ok(text.trim().to_owned())
}

/// A positive number in an attribute; 1 without it.
fn number(tag: &Tag<'_>, name: &str) -> usize {
    let value = tag.attr(name).and_then(|value| value.parse().ok());
    value.unwrap_or(1).max(1)
}
