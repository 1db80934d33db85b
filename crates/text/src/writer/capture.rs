//! A table while it is read: its cells are kept until it is known whether it holds data, which is
//! written row by row with its headers, or only arranges text on the page, which is written as text.

use super::breaks::Break;
use crate::table::{Cell, Row, TableWriter};

/// A table with more rows, or more text, holds data, if it has columns.
const MOST_ROWS_KEPT: usize = 50;
const MOST_BYTES_KEPT: usize = 500_000;
/// A longer cell is text that a table arranges.
const LONGEST_CELL_BYTES: usize = 4_000;

/// The tables that are open.
#[derive(Default)]
pub(super) struct Tables<'a> {
    /// The innermost one, unless it arranges text.
    pub(super) kept: Option<Capture>,
    /// Writes its rows, once it is known to hold data.
    pub(super) rows: Option<TableWriter<'a>>,
    /// How many that arrange text are around it.
    pub(super) around: usize,
}

/// What was asked of the writer while a table was kept.
pub(super) enum Step {
    Text(String),
    Break(Break),
    Block,
    Heading(u8),
    EndHeading,
    Item,
    Verbatim,
    EndVerbatim,
    Row,
    Cell,
}

/// What a table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Rows and columns of data.
    Data,
    /// A frame for text.
    Layout,
    /// Not known yet.
    Open,
}

/// A table while it is read.
pub(super) struct Capture {
    verdict: Verdict,
    /// Everything so far, to write it as text after all; empty once the table holds data.
    steps: Vec<Step>,
    bytes: usize,
    /// The text before the first row: the caption.
    caption: String,
    /// The rows that are complete and not written.
    rows: Vec<Row>,
    complete: usize,
    has_columns: bool,
    row: Option<OpenRow>,
    /// How many tables within its cells are open; only a table of data has some.
    nested: usize,
}

#[derive(Default)]
struct OpenRow {
    row: Row,
    /// How many of its cells are headers.
    headers: usize,
    /// Columns to leave free before the next cell.
    skipped: usize,
}

impl Capture {
    pub(super) fn new() -> Self {
        Self {
            verdict: Verdict::Open,
            steps: Vec::new(),
            bytes: 0,
            caption: String::new(),
            rows: Vec::new(),
            complete: 0,
            has_columns: false,
            row: None,
            nested: 0,
        }
    }

    pub(super) fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Takes a step that is not text.
    pub(super) fn step(&mut self, step: Step) {
        match step {
            Step::Heading(_) | Step::Verbatim if self.verdict == Verdict::Open => {
                self.verdict = Verdict::Layout;
            }
            Step::Item => self.append(" - "),
            _ => self.append(" "),
        }
        self.keep(step, 0);
    }

    pub(super) fn text(&mut self, text: &str) {
        self.append(text);
        if self.verdict != Verdict::Data {
            self.keep(Step::Text(text.to_owned()), text.len());
        }
    }

    fn keep(&mut self, step: Step, bytes: usize) {
        if self.verdict != Verdict::Data {
            self.bytes += size_of::<Step>() + bytes;
            self.steps.push(step);
        }
    }

    /// Adds to the open cell, or to the caption before the first row.
    fn append(&mut self, text: &str) {
        let Some(row) = &mut self.row else {
            if self.complete == 0 {
                self.caption.push_str(text);
            }
            return;
        };
        let Some(cell) = row.row.cells.last_mut() else {
            return;
        };
        cell.text.push_str(text);
        if self.verdict == Verdict::Open && cell.text.len() > LONGEST_CELL_BYTES {
            self.verdict = Verdict::Layout;
        }
    }

    pub(super) fn begin_row(&mut self) {
        if self.nested > 0 {
            return self.append("; ");
        }
        self.end_row();
        self.keep(Step::Row, 0);
        self.row = Some(OpenRow::default());
        if self.verdict == Verdict::Open
            && (self.complete > MOST_ROWS_KEPT || self.bytes > MOST_BYTES_KEPT)
        {
            self.decide();
        }
    }

    pub(super) fn begin_cell(&mut self) {
        if self.nested > 0 {
            return self.append(", ");
        }
        self.keep(Step::Cell, 0);
        let row = self.row.get_or_insert_default();
        row.row.cells.push(Cell {
            column: (row.skipped > 0).then_some(row.skipped),
            ..Cell::default()
        });
        row.skipped = 0;
    }

    /// Says of the cell that was begun last how many columns and rows it spans.
    pub(super) fn span(&mut self, columns: usize, rows: usize) {
        if let Some(cell) = self.open_cell() {
            (cell.columns, cell.rows) = (columns, rows);
        }
    }

    /// Says of the cell that was begun last that it continues the one above.
    pub(super) fn continue_above(&mut self) {
        if let Some(cell) = self.open_cell() {
            cell.continues = true;
        }
    }

    /// Says of the cell that was begun last whether it is a header.
    pub(super) fn header_cell(&mut self, is_header: bool) {
        if self.nested == 0
            && let Some(row) = &mut self.row
        {
            row.headers += usize::from(is_header);
        }
    }

    /// Says that the open row holds headers.
    pub(super) fn header_row(&mut self) {
        if self.nested == 0
            && let Some(row) = &mut self.row
        {
            row.row.is_header = true;
        }
    }

    /// Leaves columns free before the first cell of the open row.
    pub(super) fn skip_columns(&mut self, columns: usize) {
        if self.nested == 0
            && let Some(row) = &mut self.row
        {
            row.skipped = columns;
        }
    }

    fn open_cell(&mut self) -> Option<&mut Cell> {
        if self.nested > 0 {
            return None;
        }
        self.row.as_mut()?.row.cells.last_mut()
    }

    fn end_row(&mut self) {
        let Some(mut ended) = self.row.take() else {
            return;
        };
        let row = &mut ended.row;
        row.is_header |= ended.headers > 0 && ended.headers == row.cells.len();
        self.has_columns |= row.cells.len() > 1;
        self.complete += 1;
        self.rows.push(ended.row);
    }

    /// Begins a table within a cell of a table of data.
    pub(super) fn nest(&mut self) {
        self.nested += 1;
    }

    /// Ends such a table. `false`: there is none, so this table itself ends.
    pub(super) fn unnest(&mut self) -> bool {
        let was_nested = self.nested > 0;
        self.nested = self.nested.saturating_sub(1);
        was_nested
    }

    /// Ends the last row; it is known then what the table is.
    pub(super) fn end(&mut self) {
        self.end_row();
        if self.verdict == Verdict::Open {
            self.decide();
        }
    }

    fn decide(&mut self) {
        self.verdict = if self.has_columns && self.complete > 1 {
            self.steps.clear();
            Verdict::Data
        } else {
            Verdict::Layout
        };
    }

    /// Takes the caption of a table of data.
    pub(super) fn take_caption(&mut self) -> String {
        std::mem::take(&mut self.caption)
    }

    /// Takes the complete rows.
    pub(super) fn take_rows(&mut self) -> Vec<Row> {
        std::mem::take(&mut self.rows)
    }

    /// Everything in its order, to write it as text.
    pub(super) fn into_steps(self) -> Vec<Step> {
        self.steps
    }
}
