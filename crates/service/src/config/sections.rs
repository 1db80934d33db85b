//! The sections of a configuration file, each with the type that holds it: the struct [`Config`], how
//! it is read from TOML, and the list of every setting.

use super::setting::Setting;
use super::{
    AuthConfig, CacheConfig, ChatConfig, DatabaseConfig, EmbeddingConfig, EncryptionConfig, Faults,
    IndexConfig, IngestConfig, JobsConfig, LlmConfig, LogConfig, MemoryConfig, RerankConfig,
    RetrievalConfig, ServerConfig, SessionsConfig,
};
use serde::de::DeserializeOwned;
use toml::{Table, Value};

macro_rules! sections {
    ($($(#[doc = $doc:literal])+ $field:ident: $type:ident;)+) => {
        /// Everything that can be set, one field a section.
        #[derive(Debug, Clone, serde::Serialize)]
        pub struct Config {
            $(
                $(#[doc = $doc])+
                pub $field: $type,
            )+
        }

        /// The settings of each section.
        pub(super) const SECTIONS: &[&[Setting]] = &[$($type::SETTINGS),+];

        impl Config {
            /// Takes the sections out of `settings`; `None` when one of them cannot be read.
            pub(super) fn read(settings: &mut Table, faults: &mut Faults) -> Option<Self> {
                // Each is read before any is required, so that the faults of all are reported.
                $(let $field = section(settings, $type::NAME, faults);)+
                Some(Self { $($field: $field?),+ })
            }

            /// Checks every value by itself.
            pub(super) fn check_values(&self, faults: &mut Faults) {
                $(self.$field.check_values(faults);)+
            }
        }
    };
}

sections! {
    /// Where and how the server listens, and where it keeps its data.
    server: ServerConfig;
    /// What is logged, and where.
    log: LogConfig;
    /// The SQL database.
    database: DatabaseConfig;
    /// The vector index.
    index: IndexConfig;
    /// Who may call.
    auth: AuthConfig;
    /// Encryption of private text at rest.
    encryption: EncryptionConfig;
    /// The language models that answer.
    llm: LlmConfig;
    /// The model that makes vectors.
    embedding: EmbeddingConfig;
    /// How passages are found and ranked.
    retrieval: RetrievalConfig;
    /// The model that reorders the best passages.
    rerank: RerankConfig;
    /// How documents are taken in.
    ingest: IngestConfig;
    /// Background jobs.
    jobs: JobsConfig;
    /// The cache.
    cache: CacheConfig;
    /// How questions are answered.
    chat: ChatConfig;
    /// How long conversations live.
    sessions: SessionsConfig;
    /// Summaries of long conversations.
    memory: MemoryConfig;
}

/// Every setting, section by section in the order of `config/default.toml`.
pub fn settings() -> impl Iterator<Item = &'static Setting> {
    SECTIONS.iter().flat_map(|section| section.iter())
}

fn section<T: DeserializeOwned>(
    settings: &mut Table,
    name: &str,
    faults: &mut Faults,
) -> Option<T> {
    let value = settings
        .remove(name)
        .unwrap_or_else(|| Value::Table(Table::new()));
    match value.try_into() {
        Ok(section) => Some(section),
        Err(error) => {
            faults.add(name, error.to_string().trim().replace('\n', " "));
            None
        }
    }
}

#[cfg(test)]
#[path = "sections_tests.rs"]
mod tests;
