//! Workbooks: one page and one section for each visible sheet, with its rows as lines, then its
//! comments. Cells are read one after another as they are in the file, so that the declared size of
//! a sheet costs nothing. Hidden sheets are left out, but count for the page numbers.

mod cells;
mod formats;
mod locales;

use super::super::builder::TextBuilder;
use super::super::table::{Cell, Row, SheetWriter, Spans};
use super::super::writer::Writer;
use super::super::xml::{XmlReader, characters};
use super::super::{ExtractFailure, ExtractLimits, Extracted};
use super::package::Package;
use calamine::{Dimensions, Reader, SheetVisible, Xlsx, XlsxError};
use formats::Formats;
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
    let mut extracted = writer.finish()?;
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
    // Sheets of charts and macros have no cells.
    let merged = book.merge_cells_by_sheet_name(sheet).unwrap_or_default();
    let merged: HashMap<(u32, u32), Dimensions> = merged
        .into_iter()
        .map(|range| (range.start, range))
        .collect();
    let has_1904_epoch = book.has_1904_epoch();
    let mut cells = match book.worksheet_cells_reader(sheet) {
        Ok(cells) => cells,
        Err(XlsxError::NotAWorksheet(_)) => return Ok(()),
        Err(error) => return Err(broken(&error)),
    };
    let formats = Formats::of(cells.styles(), has_1904_epoch);
    writer.begin_lines()?;
    let mut rows = Rows {
        sheet: SheetWriter::new(limits),
        spans: Spans::default(),
        number: 0,
        cells: Vec::new(),
        starting: Vec::new(),
    };
    while let Some((cell, style)) = cells
        .next_cell_with_style_id()
        .map_err(|error| broken(&error))?
    {
        let (number, column) = cell.get_position();
        // A row with too many cells is refused before it is read to its end.
        if number as usize != rows.number || rows.cells.len() > limits.table_columns {
            rows.end(writer.builder())?;
            rows.number = number as usize;
        }
        let text = cells::text(cell.get_value(), formats.of_style(style));
        if text.is_empty() {
            continue;
        }
        let mut placed = Cell::at(column as usize, text);
        if let Some(range) = merged.get(&(number, column)) {
            placed.columns = (range.end.1 - range.start.1) as usize + 1;
            if range.end.0 > number {
                rows.starting.push((placed.clone(), range.end.0 as usize));
            }
        }
        rows.cells.push(placed);
    }
    rows.end(writer.builder())?;
    rows.sheet.finish(writer.builder())?;
    writer.end_lines();
    Ok(())
}

/// The rows of a sheet while they are read.
struct Rows<'a> {
    sheet: SheetWriter<'a>,
    spans: Spans,
    number: usize,
    cells: Vec<Cell>,
    /// The cells of the open row that reach further down, with the last row they cover.
    starting: Vec<(Cell, usize)>,
}

impl Rows<'_> {
    fn end(&mut self, out: &mut TextBuilder<'_>) -> Result<(), ExtractFailure> {
        if self.cells.is_empty() {
            return Ok(());
        }
        let mut cells = self.spans.reaching(self.number);
        cells.append(&mut self.cells);
        for (cell, last_row) in self.starting.drain(..) {
            self.spans.add(&cell, last_row);
        }
        self.sheet.row(self.number, Row::from(cells), out)
    }
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
