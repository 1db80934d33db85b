//! Cells of a sheet that span rows: what they say is put into each of the rows that are written.

use super::Cell;

/// The spans that reach into the rows to come.
#[derive(Default)]
pub(crate) struct Spans(Vec<Span>);

struct Span {
    column: usize,
    columns: usize,
    /// The last row that it covers.
    last_row: usize,
    text: String,
}

impl Spans {
    /// Notes that a cell covers rows up to `last_row`.
    pub(crate) fn add(&mut self, cell: &Cell, last_row: usize) {
        if let Some(column) = cell.column {
            self.0.push(Span {
                column,
                columns: cell.columns.max(1),
                last_row,
                text: cell.text.clone(),
            });
        }
    }

    /// The cells that spans from above put into a row; rows come in their order.
    pub(crate) fn reaching(&mut self, row: usize) -> Vec<Cell> {
        self.0.retain(|span| span.last_row >= row);
        let cells = self.0.iter().map(|span| Cell {
            column: Some(span.column),
            columns: span.columns,
            rows: 1,
            continues: true,
            text: span.text.clone(),
        });
        cells.collect()
    }
}
