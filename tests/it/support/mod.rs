//! What several subjects need to drive the real thing.

pub mod pdf;
