//! The content of an OpenDocument spreadsheet. Repeated cells and rows, of which a few bytes can
//! declare millions, are counted and not copied: a repeated empty cell only moves the column of
//! what follows, and a repeated value is written once.

use super::super::table::{Row, TableWriter};
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
    Ok(writer.finish())
}

fn read_table(
    reader: &mut XmlReader<'_>,
    writer: &mut Writer<'_>,
    limits: &ExtractLimits,
) -> Result<(), ExtractFailure> {
    writer.begin_lines()?;
    let mut table = TableWriter::new(limits);
    let mut row = Row::new();
    let mut column = 0_usize;
    while let Some(node) = reader.next()? {
        match node {
            Node::Start(tag) => match tag.name() {
                "table-cell" | "covered-table-cell" => {
                    let cell = read_cell(reader, writer)?;
                    if !cell.is_empty() {
                        row.push((column, cell));
                    }
                    column = column.saturating_add(repeated(&tag));
                }
                "shapes" | "forms" => reader.skip()?,
                _ => {}
            },
            Node::End(tag) => match tag.name() {
                "table-row" => {
                    column = 0;
                    table.row(std::mem::take(&mut row), writer.builder())?;
                }
                "table" => break,
                _ => {}
            },
            Node::Text(_) => {}
        }
    }
    table.finish(writer.builder())?;
    writer.end_lines();
    Ok(())
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

fn repeated(tag: &Tag<'_>) -> usize {
    tag.attr("number-columns-repeated")
        .and_then(|count| count.parse().ok())
        .unwrap_or(1)
}
