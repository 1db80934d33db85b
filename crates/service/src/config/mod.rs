//! The configuration: what can be set, its defaults (`config/default.toml`, part of the binary),
//! the file that an operator gives, and the environment. All faults are reported at once. Holds no
//! behaviour: rooms read their section and act by it.

mod auth;
mod cache;
mod chat;
mod database;
mod embedding;
mod encryption;
mod environment;
mod faults;
mod index;
mod ingest;
mod jobs;
mod llm;
mod load;
mod log;
mod memory;
mod profile;
mod provider;
mod rerank;
mod retrieval;
mod server;
mod sessions;
mod wish;

pub use auth::AuthConfig;
pub use cache::CacheConfig;
pub use chat::ChatConfig;
pub use database::DatabaseConfig;
pub use embedding::{EmbeddingConfig, EmbeddingProvider, EmbeddingSource};
pub use encryption::EncryptionConfig;
pub use environment::{Variable, VariableKind, variables};
pub use faults::Faults;
pub use index::IndexConfig;
pub use ingest::{IngestConfig, OcrMode};
pub use jobs::{JobsConfig, Role};
pub use llm::LlmConfig;
pub use load::{Loaded, Sources};
pub use log::{LogConfig, LogFormat, LogLevel};
pub use memory::MemoryConfig;
pub use provider::{ProviderConfig, ProviderWire};
pub use rerank::{RerankConfig, RerankProvider};
pub use retrieval::{Fusion, RetrievalConfig};
pub use server::{AppEnv, ServerConfig};
pub use sessions::SessionsConfig;
pub use wish::EmbeddingWish;

use serde::Serialize;

/// Everything that can be set, one field a section.
#[derive(Debug, Clone, Serialize)]
pub struct Config {
    /// Where and how the server listens, and where it keeps its data.
    pub server: ServerConfig,
    /// What is logged, and where.
    pub log: LogConfig,
    /// The SQL database.
    pub database: DatabaseConfig,
    /// The vector index.
    pub index: IndexConfig,
    /// Who may call.
    pub auth: AuthConfig,
    /// Encryption of private text at rest.
    pub encryption: EncryptionConfig,
    /// The language models that answer.
    pub llm: LlmConfig,
    /// The model that makes vectors.
    pub embedding: EmbeddingConfig,
    /// How passages are found and ranked.
    pub retrieval: RetrievalConfig,
    /// Who orders the best passages once more.
    pub rerank: RerankConfig,
    /// How documents are taken in.
    pub ingest: IngestConfig,
    /// Durable work.
    pub jobs: JobsConfig,
    /// What is kept for a while, and where.
    pub cache: CacheConfig,
    /// How questions are answered.
    pub chat: ChatConfig,
    /// How long conversations live.
    pub sessions: SessionsConfig,
    /// What is remembered of long ones.
    pub memory: MemoryConfig,
}
