//! What several subjects need to set up the real thing.

pub mod app;
pub mod database;
pub mod embeddings;
pub mod pdf;
pub mod qdrant;
pub mod upstream;
pub mod upstream_reply;
