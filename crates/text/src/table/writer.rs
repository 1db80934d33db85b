//! Writes the rows of one table, or of several below each other, with the headers of each.

use super::Row;
use super::grid::{Grid, GridRow, Placed};
pub(crate) use super::headers::Trust;
use super::headers::{self, Headers};
use super::kind::Kind;
use crate::builder::TextBuilder;
use crate::{ExtractFailure, ExtractLimits};

/// How many rows are read before it is decided which of them are headers.
const ROWS_AHEAD: usize = 6;
/// A value that spans more columns stands under the first only.
const MOST_COLUMNS_REPEATED: usize = 16;
/// More empty cells in a row are written as one.
const MOST_EMPTY_CELLS: usize = 8;
/// A longer text over all columns is a note, not a label of the rows below it.
const LONGEST_GROUP_CHARS: usize = 60;

/// Writes the rows of one table.
pub(crate) struct TableWriter<'a> {
    grid: Grid<'a>,
    trust: Trust,
    /// The first column of the table in its sheet.
    first_column: usize,
    /// Rows that wait for the decision about headers; `None` after it.
    waiting: Option<Vec<GridRow>>,
    headers: Option<Headers>,
    /// The label over the rows that follow it.
    group: Option<String>,
    is_after_gap: bool,
    /// Whether rows of names and values wait, and empty rows came after them.
    pairs_before_gap: bool,
}

impl<'a> TableWriter<'a> {
    pub(crate) fn new(trust: Trust, limits: &'a ExtractLimits) -> Self {
        Self {
            grid: Grid::new(limits),
            trust,
            first_column: 0,
            waiting: Some(Vec::new()),
            headers: None,
            group: None,
            is_after_gap: false,
            pairs_before_gap: false,
        }
    }

    /// The same, for a table that begins at a column of its sheet.
    pub(super) fn beginning_at(self, first_column: usize) -> Self {
        Self {
            first_column,
            ..self
        }
    }

    /// Writes a row, now or when the headers are known; one without text is left out.
    ///
    /// # Errors
    /// `too_large` by the limits.
    pub(crate) fn row(
        &mut self,
        row: Row,
        out: &mut TextBuilder<'_>,
    ) -> Result<(), ExtractFailure> {
        let row = self.grid.place(row)?;
        if row.cells.is_empty() {
            return Ok(());
        }
        if std::mem::take(&mut self.pairs_before_gap) {
            if is_wide_header(&row) {
                self.write_waiting_plain(out)?;
            } else {
                self.decide(out)?;
            }
            self.waiting = Some(Vec::new());
            self.is_after_gap = true;
        }
        let Some(waiting) = &mut self.waiting else {
            return self.write(&row, out);
        };
        waiting.push(row);
        if waiting.len() < ROWS_AHEAD {
            return Ok(());
        }
        self.decide(out)
    }

    /// Tells that empty rows come next: another table, with headers of its own, may follow them.
    ///
    /// # Errors
    /// `too_large` by the limits.
    pub(crate) fn gap(&mut self, out: &mut TextBuilder<'_>) -> Result<(), ExtractFailure> {
        // Names and values above a wider table describe it; what follows tells.
        let are_pairs = |rows: &Vec<GridRow>| {
            let mut wide = rows.iter().filter(|row| row.cells.len() > 1).peekable();
            wide.peek().is_some() && wide.all(is_pair)
        };
        if self.headers.is_none() && self.waiting.as_ref().is_some_and(are_pairs) {
            self.pairs_before_gap = true;
            return Ok(());
        }
        // Titles, and headers above an empty row, still wait for what they belong to.
        let has_values =
            |rows: &Vec<GridRow>| rows.iter().filter(|row| row.cells.len() > 1).count() > 1;
        if self.waiting.as_ref().is_none_or(has_values) || self.headers.is_some() {
            self.decide(out)?;
            self.waiting = Some(Vec::new());
            self.is_after_gap = true;
        }
        Ok(())
    }

    /// Writes the rows that still wait.
    ///
    /// # Errors
    /// `too_large` by the limits.
    pub(crate) fn finish(mut self, out: &mut TextBuilder<'_>) -> Result<(), ExtractFailure> {
        self.decide(out)
    }

    fn write_waiting_plain(&mut self, out: &mut TextBuilder<'_>) -> Result<(), ExtractFailure> {
        for row in self.waiting.take().unwrap_or_default() {
            self.write_plain(&row, out)?;
        }
        Ok(())
    }

    fn decide(&mut self, out: &mut TextBuilder<'_>) -> Result<(), ExtractFailure> {
        let Some(rows) = self.waiting.take() else {
            return Ok(());
        };
        let mut rows = rows.as_slice();
        // A title above the table is a row of one cell.
        while let Some((first, rest)) = rows.split_first() {
            if is_title(first, rest) {
                for cell in &first.cells {
                    out.push(&cell.text)?;
                }
                out.push("\n")?;
            } else if is_preamble(first, rest) {
                self.write_plain(first, out)?;
            } else {
                break;
            }
            rows = rest;
        }
        let found = headers::find(rows, self.trust);
        let continues = self.headers.as_ref().is_some_and(|headers| {
            let values = rows.get(found.rows..).unwrap_or_default();
            !found.is_certain && rows.iter().chain(values).all(|row| headers.cover(row))
        });
        let mut header_rows = 0;
        if !continues {
            self.group = None;
            header_rows = found.rows;
            let names = rows.get(..header_rows).unwrap_or_default();
            self.headers = (header_rows > 0).then(|| Headers::joined(names));
        }
        // Lines of one cell below a table are notes, not values of its first column.
        let is_note = |row: &GridRow| {
            row.only_cell()
                .is_some_and(|cell| cell.column == self.first_column)
        };
        let are_notes = self.is_after_gap && rows.iter().all(is_note);
        for (at, row) in rows.iter().enumerate() {
            if at < header_rows || are_notes {
                self.write_plain(row, out)?;
            } else {
                self.write(row, out)?;
            }
        }
        Ok(())
    }

    fn write(&mut self, row: &GridRow, out: &mut TextBuilder<'_>) -> Result<(), ExtractFailure> {
        let Some(headers) = &self.headers else {
            return self.write_plain(row, out);
        };
        if let Some(label) = row
            .only_cell()
            .filter(|cell| cell.columns >= headers.width().max(2))
        {
            let ends_sentence = label.text.ends_with(['.', '!', '?', ';']);
            let is_label = label.text.chars().count() <= LONGEST_GROUP_CHARS && !ends_sentence;
            self.group = is_label.then(|| label.text.clone());
            return self.write_plain(row, out);
        }
        out.push("- ")?;
        let mut is_first = true;
        if let Some(group) = &self.group {
            out.push(group)?;
            is_first = false;
        }
        for cell in &row.cells {
            write_named(cell, headers, &mut is_first, out)?;
        }
        out.push("\n")
    }

    /// Writes the values in their columns.
    fn write_plain(&self, row: &GridRow, out: &mut TextBuilder<'_>) -> Result<(), ExtractFailure> {
        let mut column = self.first_column;
        for (at, cell) in row.cells.iter().enumerate() {
            if at > 0 {
                out.push(" | ")?;
            }
            let empty = match cell.column.saturating_sub(column) {
                // A single cell far from the first column belongs to no table.
                far if far > MOST_EMPTY_CELLS => usize::from(at > 0),
                near => near,
            };
            for _ in 0..empty {
                out.push("| ")?;
            }
            out.push(&cell.text)?;
            // Of a cell over several columns the text stands in the first.
            column = cell.column + 1;
        }
        out.push("\n")
    }
}

fn write_named(
    cell: &Placed,
    headers: &Headers,
    is_first: &mut bool,
    out: &mut TextBuilder<'_>,
) -> Result<(), ExtractFailure> {
    let covered = if cell.columns > MOST_COLUMNS_REPEATED {
        1
    } else {
        cell.columns
    };
    let mut last_name = None;
    for column in cell.column..cell.column + covered {
        let name = headers.of(column);
        // Without a name of its own, or with the same, nothing new is said about the column.
        if column > cell.column && (name.is_none() || name == last_name) {
            continue;
        }
        last_name = name;
        if !std::mem::take(is_first) {
            out.push(" | ")?;
        }
        if let Some(name) = name {
            out.push(name)?;
            out.push(": ")?;
        }
        out.push(&cell.text)?;
    }
    Ok(())
}

/// Whether a row is a name and its value above a wider table (`Created | 2024-03-05`), as exports begin.
fn is_preamble(row: &GridRow, below: &[GridRow]) -> bool {
    is_pair(row) && below.iter().any(is_wide_header)
}

/// Whether a row is a name and a value of another kind.
fn is_pair(row: &GridRow) -> bool {
    let [name, value] = row.cells.as_slice() else {
        return false;
    };
    let is_at_start = name.column == 0 && name.columns == 1 && value.column == 1;
    let differ = name.text.ends_with(':') || (is_words(name) && !is_words(value));
    is_at_start && value.columns == 1 && !row.is_header && differ
}

/// Whether a row names three columns or more.
fn is_wide_header(row: &GridRow) -> bool {
    row.cells.len() > 2 && row.cells.iter().all(is_words)
}

fn is_words(cell: &Placed) -> bool {
    Kind::of(&cell.text) == Kind::Words
}

/// Whether a row is a title above the rows that follow: one cell over all their columns, or one cell
/// that is not the header of the column beside one without a name.
fn is_title(row: &GridRow, below: &[GridRow]) -> bool {
    let Some(cell) = row.only_cell() else {
        return false;
    };
    let width = below.iter().map(GridRow::width).max().unwrap_or(0);
    let is_above_columns = below.iter().any(|row| row.cells.len() > 1);
    let can_be_header = row.is_header || (cell.column > 0 && width <= 2);
    is_above_columns && (cell.columns >= width || !can_be_header)
}
