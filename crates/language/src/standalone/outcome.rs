//! What a question is without the turns before it.

/// What a question is without the turns before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standalone {
    /// It stands alone.
    AsAsked,
    /// It depends on the turns before, and this is how it stands alone.
    Rewritten(String),
    /// It depends on the turns before, and they name nothing that it could be about.
    Unknown,
}
