//! Workbooks: one page and one section for each visible sheet, with its rows as lines, then its
//! comments. Cells are read one after another as they are in the file, so that the declared size of
//! a sheet costs nothing. Hidden sheets are left out, but count for the page numbers.

mod cells;

use super::super::table::{Row, TableWriter};
use super::super::writer::Writer;
use super::super::xml::{XmlReader, characters};
use super::super::{ExtractFailure, ExtractLimits, Extracted};
use super::package::Package;
use calamine::{Reader, SheetVisible, Xlsx, XlsxError};
use std::collections::HashMap;
use std::io::Cursor;

/// Reads the text of a workbook.
///
/// # Errors
/// Those of the container and of its XML, and `too_large` by the limits of tables.
pub(in super::super) fn extract(
    bytes: &[u8],
    limits: &ExtractLimits,
) -> Result<Extracted, ExtractFailure> {
    let mut package = Package::open(bytes, "spreadsheetml", limits)?;
    check_parts(&mut package)?;
    let title = package.title()?;
    let mut comments = comments_by_sheet(&mut package)?;
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|error| broken(&error))?;
    let sheets: Vec<_> = book.sheets_metadata().to_vec();
    if sheets.len() > limits.pages {
        return Err(ExtractFailure::too_large(format!(
            "it has {} sheets; {} are allowed",
            sheets.len(),
            limits.pages
        )));
    }
    let mut writer = Writer::new(limits);
    for (sheet, number) in sheets.iter().zip(1_u32..) {
        if sheet.visible != SheetVisible::Visible {
            continue;
        }
        writer.begin_page(number);
        writer.heading(1, &sheet.name)?;
        write_cells(&mut book, &sheet.name, &mut writer, limits)?;
        for comment in comments.remove(&sheet.name).unwrap_or_default() {
            writer.paragraph(&comment)?;
        }
        writer.end_page();
    }
    let mut extracted = writer.finish();
    extracted.title = title;
    Ok(extracted)
}

/// Inflates every part once within the container's limits, and reads those that are XML within the
/// limits of XML, because the reader of workbooks has no limits.
fn check_parts(package: &mut Package<'_>) -> Result<(), ExtractFailure> {
    for index in 0..package.archive.len() {
        let part = package.archive.read_at(index)?;
        let start = part.trim_ascii_start();
        if !start.starts_with(b"<") && !start.starts_with(b"\xef\xbb\xbf<") {
            continue;
        }
        let part = characters(part)?;
        let mut reader = XmlReader::new(&part, package.limits);
        while reader.next()?.is_some() {}
    }
    Ok(())
}

fn write_cells(
    book: &mut Xlsx<Cursor<&[u8]>>,
    sheet: &str,
    writer: &mut Writer<'_>,
    limits: &ExtractLimits,
) -> Result<(), ExtractFailure> {
    let mut cells = match book.worksheet_cells_reader(sheet) {
        Ok(cells) => cells,
        // Sheets of charts and macros.
        Err(XlsxError::NotAWorksheet(_)) => return Ok(()),
        Err(error) => return Err(broken(&error)),
    };
    writer.begin_lines()?;
    let mut table = TableWriter::new(limits);
    let mut row: Row = Vec::new();
    let mut row_number = 0;
    loop {
        let cell = cells.next_cell().map_err(|error| broken(&error))?;
        let at = cell.as_ref().map(calamine::Cell::get_position);
        let ended = at.is_none_or(|(number, _)| number != row_number);
        // A row with too many cells is refused before it is read to its end.
        if (ended || row.len() > limits.table_columns) && !row.is_empty() {
            table.row(std::mem::take(&mut row), writer.builder())?;
        }
        let (Some(cell), Some((number, column))) = (cell, at) else {
            break;
        };
        row_number = number;
        let text = cells::text(cell.get_value());
        if !text.is_empty() {
            row.push((column as usize, text));
        }
    }
    table.finish(writer.builder())?;
    writer.end_lines();
    Ok(())
}

/// The comments on cells, by the name of their sheet.
fn comments_by_sheet(
    package: &mut Package<'_>,
) -> Result<HashMap<String, Vec<String>>, ExtractFailure> {
    let main = package.main.clone();
    let mut relations = package.relations(&main)?;
    let workbook = package.part(&main)?.unwrap_or_default();
    let mut reader = XmlReader::new(&workbook, package.limits);
    let mut comments: HashMap<String, Vec<String>> = HashMap::new();
    while let Some(tag) = reader.next_start()? {
        if tag.name() == "sheet"
            && let Some(name) = tag.attr("name")
            && let Some(sheet) = tag.relation("id").and_then(|id| relations.remove(&id))
            && let Some(part) = package.related(&sheet.target, "comments")?
        {
            let found = cells::comments(&part, package.limits)?;
            comments.entry(name).or_default().extend(found);
        }
    }
    Ok(comments)
}

fn broken(error: &XlsxError) -> ExtractFailure {
    ExtractFailure::corrupt(format!("the workbook is broken: {error}"))
}
