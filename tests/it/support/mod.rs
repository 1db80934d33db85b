//! What several subjects need to set up the real thing.

pub mod app;
pub mod database;
pub mod pdf;
pub mod picture;
pub mod upstream;
pub mod upstream_reply;
