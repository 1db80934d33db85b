//! What all event streams share: their start, their proper end, and how their end is counted.

pub(crate) mod end;
pub(crate) mod outcome;
pub(crate) mod started;
