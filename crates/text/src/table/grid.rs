//! Gives each cell of a row its columns, and puts the text of cells that span rows into the rows below.
//! The columns of cells without one are found as the HTML standard does (4.9.12, "forming a table").

use super::{Cell, Row};
use crate::{ExtractFailure, ExtractLimits};

/// The HTML standard's limits of spans.
const MOST_COLUMNS_SPANNED: usize = 1_000;
const MOST_ROWS_SPANNED: usize = 65_534;

/// A cell with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) column: usize,
    /// How many columns it covers, at least 1.
    pub(super) columns: usize,
    /// How many rows it covers from this one on, at least 1.
    pub(super) rows: usize,
    /// Whether it began in a row above.
    pub(super) from_above: bool,
    pub(super) text: String,
}

impl Placed {
    /// The first column after it.
    pub(super) fn end(&self) -> usize {
        self.column + self.columns
    }
}

/// A row in which every cell has text and a place, in the order of the columns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct GridRow {
    pub(super) cells: Vec<Placed>,
    pub(super) is_header: bool,
}

impl GridRow {
    /// The text over a column.
    pub(super) fn at(&self, column: usize) -> Option<&Placed> {
        self.cells
            .iter()
            .find(|cell| (cell.column..cell.end()).contains(&column))
    }

    /// The first column after the last cell.
    pub(super) fn width(&self) -> usize {
        self.cells.last().map_or(0, Placed::end)
    }

    /// The only cell with text, if there is only one.
    pub(super) fn only_cell(&self) -> Option<&Placed> {
        match self.cells.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }
}

/// Places the rows of one table.
pub(super) struct Grid<'a> {
    limits: &'a ExtractLimits,
    rows: usize,
    /// The cells that reach into the next row, in the order of their columns; `rows` counts from there.
    reaching: Vec<Placed>,
    /// The row before, for cells that continue it.
    before: Vec<Placed>,
}

impl<'a> Grid<'a> {
    pub(super) fn new(limits: &'a ExtractLimits) -> Self {
        Self {
            limits,
            rows: 0,
            reaching: Vec::new(),
            before: Vec::new(),
        }
    }

    /// # Errors
    /// `too_large` by the limits.
    pub(super) fn place(&mut self, row: Row) -> Result<GridRow, ExtractFailure> {
        self.rows += 1;
        if self.rows > self.limits.table_rows {
            return Err(ExtractFailure::too_large(format!(
                "a table has more than {} rows",
                self.limits.table_rows
            )));
        }
        let mut cells = std::mem::take(&mut self.reaching);
        let from_above = cells.len();
        let mut next = 0;
        for cell in row.cells {
            let placed = self.placed(cell, next, cells.get(..from_above).unwrap_or_default())?;
            next = placed.end();
            cells.push(placed);
        }
        // Stable: what the format puts over a cell from above comes after it, and is left out.
        cells.sort_by_key(|cell| cell.column);
        let mut covered = 0;
        cells.retain(|cell| {
            let is_free = cell.column >= covered;
            covered = covered.max(cell.end());
            is_free
        });
        self.reaching = cells
            .iter()
            .filter(|cell| cell.rows > 1)
            .map(|cell| Placed {
                rows: cell.rows - 1,
                from_above: true,
                ..cell.clone()
            })
            .collect();
        cells.retain(|cell| !cell.text.is_empty());
        self.before.clone_from(&cells);
        Ok(GridRow {
            cells,
            is_header: row.is_header,
        })
    }

    fn placed(
        &self,
        cell: Cell,
        next: usize,
        from_above: &[Placed],
    ) -> Result<Placed, ExtractFailure> {
        let mut column = cell.column.unwrap_or(next);
        if cell.column.is_none() {
            for above in from_above {
                if (above.column..above.end()).contains(&column) {
                    column = above.end();
                }
            }
        }
        let columns = cell.columns.clamp(1, MOST_COLUMNS_SPANNED);
        if column.saturating_add(columns) > self.limits.table_columns {
            return Err(ExtractFailure::too_large(format!(
                "row {} of a table has more than {} columns",
                self.rows, self.limits.table_columns
            )));
        }
        let text = if cell.continues && cell.text.trim().is_empty() {
            let above = self.before.iter().find(|above| above.column == column);
            above.map(|above| above.text.clone()).unwrap_or_default()
        } else {
            self.one_line(&cell.text)?
        };
        Ok(Placed {
            column,
            columns,
            rows: cell.rows.clamp(1, MOST_ROWS_SPANNED),
            from_above: cell.continues,
            text,
        })
    }

    /// The text with all white space, including line breaks, reduced to single spaces.
    fn one_line(&self, text: &str) -> Result<String, ExtractFailure> {
        let most = self.limits.cell_chars;
        if text.len() > most && text.chars().count() > most {
            return Err(ExtractFailure::too_large(format!(
                "a cell in row {} of a table has more than {most} characters",
                self.rows
            )));
        }
        Ok(text.split_whitespace().collect::<Vec<_>>().join(" "))
    }
}
