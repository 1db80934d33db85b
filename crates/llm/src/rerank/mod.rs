//! Reranking: an upstream that reads question and text together scores texts. [`Reranker`] calls it
//! behind a breaker; what happens without its scores is the caller's decision.

mod client;
mod reranker;
mod wire;

pub use client::RerankerSettings;
pub use reranker::{Reranker, Skipped};
pub use wire::RerankWire;
