//! What all event streams share: their start, their end and how it is counted.

pub(crate) mod outcome;
