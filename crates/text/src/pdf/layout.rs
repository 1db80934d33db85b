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
