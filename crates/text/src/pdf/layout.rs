//! What stands where on a page: its glyphs, its lines, and the whole of a page, as plain data.

/// A glyph on a page; lengths in points, `y` downwards, turned so that its text runs to the right.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PlacedGlyph {
    pub(super) text: String,
    pub(super) start: f64,
    pub(super) end: f64,
    /// Where its baseline lies.
    pub(super) y: f64,
    /// The font size.
    pub(super) size: f64,
}

/// A line of text; lengths in points, `y` downwards from the top of the page.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    pub(super) text: String,
    pub(super) start: f64,
    pub(super) end: f64,
    /// Where its baseline lies.
    pub(super) y: f64,
    /// The font size of most of it.
    pub(super) size: f64,
    /// Where each part begins and ends that wide gaps separate, if there are at least two: the cells
    /// of a row.
    pub(super) cells: Vec<Extent>,
}

/// From where to where something reaches on a line, in points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Extent {
    pub(super) start: f64,
    pub(super) end: f64,
}

/// How near two edges are that stand below each other, in points.
const ALIGNED: f64 = 3.0;

impl Line {
    /// Where its last cell begins.
    pub(super) fn last_cell_start(&self) -> f64 {
        self.cells.last().map_or(self.start, |cell| cell.start)
    }

    /// Whether it and another line are rows of one table: at least two of their cells begin, or end,
    /// below each other.
    pub(super) fn is_row_with(&self, other: &Self) -> bool {
        let aligned = self.cells.iter().filter(|cell| {
            other.cells.iter().any(|other| {
                (cell.start - other.start).abs() < ALIGNED || (cell.end - other.end).abs() < ALIGNED
            })
        });
        aligned.count() >= 2
    }
}

/// What was found on one page.
pub(super) struct PageLayout {
    /// Its lines in reading order.
    pub(super) lines: Vec<Line>,
    /// Its height, in points; `Line::y` counts down from the top.
    pub(super) height: f64,
    /// How many characters it has.
    pub(super) characters: usize,
    /// How many glyphs have no known character.
    pub(super) unknown: usize,
    /// How many pictures it has.
    pub(super) pictures: usize,
}
