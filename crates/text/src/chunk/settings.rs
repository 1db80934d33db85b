//! The length and overlap of passages.

/// How long passages are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkSettings {
    /// The longest passage, in characters; at least 50.
    pub size_chars: usize,
    /// The most characters repeated from the passage before; less than half of the size.
    pub overlap_chars: usize,
}

impl Default for ChunkSettings {
    fn default() -> Self {
        Self {
            size_chars: 1000,
            overlap_chars: 100,
        }
    }
}

impl ChunkSettings {
    /// The settings, clamped to their bounds.
    pub(super) fn clamped(self) -> Self {
        let size_chars = self.size_chars.max(50);
        Self {
            size_chars,
            overlap_chars: self.overlap_chars.min(size_chars / 2),
        }
    }
}
