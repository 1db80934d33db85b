//! What several subjects need to set up the real thing.

pub mod app;
pub mod database;
pub mod embeddings;
pub mod office;
pub mod pdf;
pub mod picture;
pub mod process;
pub mod qdrant;
pub mod redis;
pub mod scripted;
pub mod skip;
pub mod sse;
pub mod until;
pub mod world;
