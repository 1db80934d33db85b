//! What an index reports about itself: its position in the change log, and its health.

/// The position of an index in the change log. Positions of different builds are never equal, even
/// at the same sequence number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The number of the build that serves.
    pub build: u64,
    /// The sequence number of the last change that is durably applied; 0 before the first.
    pub sequence: i64,
}

/// The state of an index.
#[derive(Debug, Clone, PartialEq)]
pub struct Health {
    /// The number of passages, without deleted ones.
    pub passages: usize,
    /// The number of segments, each of which a search visits.
    pub segments: usize,
    /// The follower's position in the change log.
    pub position: Position,
    /// The average number of terms of a passage that the BM25 weights were computed with.
    pub built_average_terms: f32,
    /// The average over everything added to this build; `None` before the first passage. A rebuild
    /// is worthwhile when it is far from the built one.
    pub seen_average_terms: Option<f32>,
    /// Whether the index is being optimised now.
    pub optimizing: bool,
}
