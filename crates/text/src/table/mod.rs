//! Tables of every format: rows of cells become lines that can be understood separately. Below a row of
//! headers each row is an item with its headers, `- Name: Ann | Age: 30`; without headers it has the
//! values in their columns, `Ann | | 30`. What a cell that spans rows or columns says stands in each of
//! them. The numbers of rows and columns and the length of cells are limited. Knows no file format.

mod grid;
mod headers;
mod kind;
mod sheet;
mod spans;
mod writer;

pub(super) use sheet::SheetWriter;
pub(super) use spans::Spans;
pub(super) use writer::{TableWriter, Trust};

/// A cell as its format states it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Cell {
    /// Its column, from 0; `None`: the next that no cell of this row and no cell from above takes.
    pub(super) column: Option<usize>,
    /// How many columns it spans; 0 counts as 1.
    pub(super) columns: usize,
    /// How many rows it spans; 0 counts as 1.
    pub(super) rows: usize,
    /// Whether it continues the cell above it.
    pub(super) continues: bool,
    /// What it says; empty in a cell that continues another: what that one says.
    pub(super) text: String,
}

impl Cell {
    /// A cell of one row and one column.
    pub(super) fn at(column: usize, text: String) -> Self {
        Self {
            column: Some(column),
            text,
            ..Self::default()
        }
    }
}

/// A row as its format states it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) cells: Vec<Cell>,
    /// Whether the format says that it holds headers.
    pub(super) is_header: bool,
}

impl From<Vec<Cell>> for Row {
    fn from(cells: Vec<Cell>) -> Self {
        Self {
            cells,
            is_header: false,
        }
    }
}
