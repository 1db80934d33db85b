//! Writes the rows of a sheet, which may hold several tables: below each other, with empty rows
//! between them, or beside each other, with empty columns between them.

use super::writer::{TableWriter, Trust};
use super::{Cell, Row};
use crate::builder::TextBuilder;
use crate::{ExtractFailure, ExtractLimits};
use std::collections::BTreeMap;

/// How many rows are read before it is decided whether tables stand beside each other.
const ROWS_AHEAD: usize = 1_000;

/// Writes the rows of one sheet.
pub(crate) struct SheetWriter<'a> {
    limits: &'a ExtractLimits,
    /// The first rows, with their numbers, until the decision.
    ahead: Vec<(usize, Row)>,
    tables: Vec<Side<'a>>,
}

/// A table, or several below each other, in some columns of the sheet.
struct Side<'a> {
    columns: Columns,
    writer: TableWriter<'a>,
    /// The number of its last row.
    last_row: Option<usize>,
    /// What it has written; the first writes to the sheet itself.
    text: TextBuilder<'a>,
}

/// Columns that are used, and the rows from the first to the last that use them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Columns {
    first: usize,
    /// The last of them.
    last: usize,
    first_row: usize,
    last_row: usize,
}

impl<'a> SheetWriter<'a> {
    pub(crate) fn new(limits: &'a ExtractLimits) -> Self {
        Self {
            limits,
            ahead: Vec::new(),
            tables: Vec::new(),
        }
    }

    /// Writes the row with this number in the sheet; rows come in their order.
    ///
    /// # Errors
    /// `too_large` by the limits.
    pub(crate) fn row(
        &mut self,
        number: usize,
        row: Row,
        out: &mut TextBuilder<'_>,
    ) -> Result<(), ExtractFailure> {
        if !self.tables.is_empty() {
            return self.write(number, row, out);
        }
        self.ahead.push((number, row));
        if self.ahead.len() < ROWS_AHEAD {
            return Ok(());
        }
        self.decide(out)
    }

    /// Writes what waits, and the tables beside the first one after it.
    ///
    /// # Errors
    /// `too_large` by the limits.
    pub(crate) fn finish(mut self, out: &mut TextBuilder<'_>) -> Result<(), ExtractFailure> {
        if self.tables.is_empty() {
            self.decide(out)?;
        }
        for (at, side) in self.tables.into_iter().enumerate() {
            if at == 0 {
                side.writer.finish(out)?;
                continue;
            }
            let mut text = side.text;
            side.writer.finish(&mut text)?;
            out.push(&text.finish())?;
        }
        Ok(())
    }

    fn decide(&mut self, out: &mut TextBuilder<'_>) -> Result<(), ExtractFailure> {
        let ahead = std::mem::take(&mut self.ahead);
        let sides = sides(&ahead);
        self.tables = sides
            .into_iter()
            .map(|columns| Side {
                columns,
                writer: TableWriter::new(Trust::Data, self.limits).beginning_at(columns.first),
                last_row: None,
                text: TextBuilder::new(self.limits),
            })
            .collect();
        for (number, row) in ahead {
            self.write(number, row, out)?;
        }
        Ok(())
    }

    fn write(
        &mut self,
        number: usize,
        row: Row,
        out: &mut TextBuilder<'_>,
    ) -> Result<(), ExtractFailure> {
        let mut rest = row.cells;
        for at in 0..self.tables.len() {
            let until = self.tables.get(at + 1).map(|next| next.columns.first);
            let (own, others) = rest.into_iter().partition(|cell: &Cell| {
                until.is_none_or(|until| cell.column.is_none_or(|column| column < until))
            });
            rest = others;
            if let Some(side) = self.tables.get_mut(at) {
                let own = Row {
                    cells: own,
                    is_header: row.is_header,
                };
                side.row(number, own, (at == 0).then_some(&mut *out))?;
            }
        }
        Ok(())
    }
}

impl Side<'_> {
    fn row(
        &mut self,
        number: usize,
        row: Row,
        out: Option<&mut TextBuilder<'_>>,
    ) -> Result<(), ExtractFailure> {
        let is_empty = |cell: &Cell| cell.continues || cell.text.trim().is_empty();
        if row.cells.iter().all(is_empty) {
            return Ok(());
        }
        let follows_gap = self.last_row.is_some_and(|last| number > last + 1);
        self.last_row = Some(number);
        // The two have lifetimes of their own.
        match out {
            Some(out) => write_row(&mut self.writer, row, follows_gap, out),
            None => write_row(&mut self.writer, row, follows_gap, &mut self.text),
        }
    }
}

fn write_row(
    writer: &mut TableWriter<'_>,
    row: Row,
    follows_gap: bool,
    out: &mut TextBuilder<'_>,
) -> Result<(), ExtractFailure> {
    if follows_gap {
        writer.gap(out)?;
    }
    writer.row(row, out)
}

/// The columns of each table, from the left. Empty columns part tables only if the rows on both sides
/// do not begin and end together, because an empty column also stands within a table.
fn sides(rows: &[(usize, Row)]) -> Vec<Columns> {
    let used = used_columns(rows);
    let mut sides: Vec<Columns> = Vec::new();
    for (column, (first_row, last_row)) in used {
        match sides.last_mut().filter(|side| side.last + 1 >= column) {
            Some(side) => {
                side.last = column;
                side.first_row = side.first_row.min(first_row);
                side.last_row = side.last_row.max(last_row);
            }
            None => sides.push(Columns {
                first: column,
                last: column,
                first_row,
                last_row,
            }),
        }
    }
    let are_tables = sides
        .iter()
        .all(|side| side.last > side.first && side.last_row > side.first_row);
    let differ = sides.windows(2).all(
        |pair| matches!(pair, [a, b] if (a.first_row, a.last_row) != (b.first_row, b.last_row)),
    );
    if are_tables && differ && !sides.is_empty() {
        return sides;
    }
    let first = sides.first().map_or(0, |side| side.first);
    vec![Columns {
        first,
        last: first,
        first_row: 0,
        last_row: 0,
    }]
}

/// The first and last row of each column in use. Titles and notes, rows of one cell, do not count.
fn used_columns(rows: &[(usize, Row)]) -> BTreeMap<usize, (usize, usize)> {
    let mut used = BTreeMap::new();
    for (number, row) in rows {
        let cells: Vec<&Cell> = row
            .cells
            .iter()
            .filter(|cell| !cell.text.trim().is_empty())
            .collect();
        if cells.len() < 2 {
            continue;
        }
        for cell in cells {
            let first = cell.column.unwrap_or(0);
            for column in first..first + cell.columns.max(1) {
                let (_, last) = used.entry(column).or_insert((*number, *number));
                *last = *number;
            }
        }
    }
    used
}
