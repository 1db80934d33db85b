//! The configuration. Each section is one file with a table of its settings; the values come from
//! `config/default.toml` (part of the binary), the operator's file and the environment. All faults
//! are reported at once. The configuration does nothing by itself: each service reads its section.

mod auth;
mod cache;
mod chat;
mod database;
mod embedding;
mod embedding_override;
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
mod rules;
mod sections;
mod server;
mod sessions;
mod setting;
mod table;
mod trusted_proxy;

pub use auth::AuthConfig;
pub use cache::CacheConfig;
pub use chat::{ChatConfig, RewriteQuestions};
pub use database::DatabaseConfig;
pub use embedding::{EmbeddingConfig, EmbeddingProvider, EmbeddingSource};
pub use embedding_override::EmbeddingOverride;
pub use encryption::EncryptionConfig;
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
pub use sections::{Config, settings};
pub use server::{AppEnv, ServerConfig};
pub use sessions::SessionsConfig;
pub use setting::{Setting, SettingKind, SettingRange};
pub use trusted_proxy::TrustedProxy;
