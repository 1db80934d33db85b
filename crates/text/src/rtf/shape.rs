//! What the definition of a row (`\trowd` … `\cellx`) says of its cells: which are merged.

/// The shape of a row.
#[derive(Debug, Clone, Default)]
pub(super) struct RowShape {
    pub(super) is_header: bool,
    /// How the cell that is being defined is merged.
    pub(super) next: Merge,
    cells: Vec<Merge>,
}

/// How a cell is merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Merge {
    #[default]
    None,
    /// It continues the cell above.
    Above,
    /// It continues the cell to its left.
    Left,
}

/// More cells have no shape of their own.
const MOST_CELLS: usize = 1_000;

impl RowShape {
    /// Ends the definition of a cell.
    pub(super) fn end_cell(&mut self) {
        let merge = std::mem::take(&mut self.next);
        if self.cells.len() < MOST_CELLS {
            self.cells.push(merge);
        }
    }

    /// How a cell of the row is merged.
    pub(super) fn of_cell(&self, at: usize) -> Merge {
        self.cells.get(at).copied().unwrap_or_default()
    }

    /// How many columns a cell covers, with those merged into it.
    pub(super) fn columns(&self, at: usize) -> usize {
        let merged = self.cells.iter().skip(at + 1);
        1 + merged.take_while(|merge| **merge == Merge::Left).count()
    }
}
