//! Operators' routes that belong to no other resource.

pub(crate) mod cache;
pub(crate) mod database;
pub(crate) mod stats;
