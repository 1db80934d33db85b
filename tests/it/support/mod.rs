//! What several subjects need to set up the real thing.

pub mod database;
