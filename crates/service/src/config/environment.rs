//! The variables of the environment: each name, the setting that it overrules, and its form. A
//! secret may also be given as a file, by the same name with `_FILE`.

use super::Faults;
use std::collections::HashMap;
use toml::Value;

/// The form of a variable's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VariableKind {
    /// Any text.
    Text,
    /// Text that is never shown; also as `NAME_FILE`.
    Secret,
    /// A whole number.
    Integer,
    /// A decimal number.
    Float,
    /// `true`, `1`, `yes`, `on` or their opposites, in any case.
    Boolean,
    /// Comma-separated texts.
    List,
    /// Comma-separated texts that are never shown.
    SecretList,
}

/// A variable of the environment.
#[derive(Debug, Clone, Copy)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// The setting, as `section.field`.
    pub setting: &'static str,
    /// The form of its value.
    pub kind: VariableKind,
}

const fn variable(name: &'static str, setting: &'static str, kind: VariableKind) -> Variable {
    Variable {
        name,
        setting,
        kind,
    }
}

use VariableKind::{Boolean, Float, Integer, List, Secret, SecretList, Text};

const VARIABLES: &[Variable] = &[
    variable("APP_ENV", "server.env", Text),
    variable("RAGD_PROFILE", "server.profile", Text),
    variable("HOST", "server.host", Text),
    variable("PORT", "server.port", Integer),
    variable("DATA_DIR", "server.data_dir", Text),
    variable("BLOB_URL", "server.blob_url", Text),
    variable("CORS_ORIGINS", "server.cors_origins", List),
    variable("TRUSTED_PROXIES", "server.trusted_proxies", List),
    variable("LOG_LEVEL", "log.level", Text),
    variable("LOG_FORMAT", "log.format", Text),
    variable("LOG_DIR", "log.dir", Text),
    variable("DATABASE_URL", "database.url", Secret),
    variable("DATABASE_DIRECT_URL", "database.direct_url", Secret),
    variable("DATABASE_POOL_SIZE", "database.pool_size", Integer),
    variable("AUTO_MIGRATE", "database.auto_migrate", Boolean),
    variable("VECTOR_STORE_PATH", "index.path", Text),
    variable("QDRANT_URL", "index.qdrant_url", Text),
    variable("QDRANT_API_KEY", "index.qdrant_api_key", Secret),
    variable(
        "QDRANT_TIMEOUT_SECONDS",
        "index.qdrant_timeout_seconds",
        Integer,
    ),
    variable("QDRANT_PREFIX", "index.qdrant_prefix", Text),
    variable("API_KEY", "auth.api_key", Secret),
    variable("API_KEYS", "auth.api_keys", SecretList),
    variable("SECRET_KEY", "auth.secret_key", Secret),
    variable("ADMIN_PASSWORD", "auth.admin_password", Secret),
    variable("DB_ENCRYPTION_KEY", "encryption.db_encryption_key", Secret),
    variable("LLM_PROVIDER", "llm.provider", Text),
    variable("LLM_MODEL", "llm.model", Text),
    variable("LLM_FALLBACK_PROVIDERS", "llm.fallback_providers", List),
    variable(
        "FORCE_DEFAULT_PROVIDER",
        "llm.force_default_provider",
        Boolean,
    ),
    variable(
        "LLM_FIRST_CONTENT_TIMEOUT_SECONDS",
        "llm.first_content_timeout_seconds",
        Integer,
    ),
    variable(
        "LLM_IDLE_TIMEOUT_SECONDS",
        "llm.idle_timeout_seconds",
        Integer,
    ),
    variable(
        "LLM_TOTAL_TIMEOUT_SECONDS",
        "llm.total_timeout_seconds",
        Integer,
    ),
    variable("LLM_RETRIES", "llm.retries", Integer),
    variable("LLM_RETRY_WAIT_MS", "llm.retry_wait_ms", Integer),
    variable(
        "LLM_BREAKER_FAILURE_THRESHOLD",
        "llm.breaker_failure_threshold",
        Integer,
    ),
    variable(
        "LLM_BREAKER_OPEN_SECONDS",
        "llm.breaker_open_seconds",
        Integer,
    ),
    variable(
        "LLM_BREAKER_SUCCESS_THRESHOLD",
        "llm.breaker_success_threshold",
        Integer,
    ),
    variable(
        "LLM_BREAKER_HALF_OPEN_MAX_PROBES",
        "llm.breaker_half_open_max_probes",
        Integer,
    ),
    variable("OPENAI_API_KEY", "llm.openai_api_key", Secret),
    variable("OPENAI_BASE_URL", "llm.openai_base_url", Text),
    variable("OPENAI_MODEL", "llm.openai_model", Text),
    variable("ANTHROPIC_API_KEY", "llm.anthropic_api_key", Secret),
    variable("ANTHROPIC_BASE_URL", "llm.anthropic_base_url", Text),
    variable("ANTHROPIC_MODEL", "llm.anthropic_model", Text),
    variable("GOOGLE_API_KEY", "llm.google_api_key", Secret),
    variable("GOOGLE_BASE_URL", "llm.google_base_url", Text),
    variable("GOOGLE_MODEL", "llm.google_model", Text),
    variable("LLM_GROQ_API_KEY", "llm.groq_api_key", Secret),
    variable("GROQ_API_KEY", "llm.groq_api_key", Secret),
    variable("GROQ_BASE_URL", "llm.groq_base_url", Text),
    variable("GROQ_MODEL", "llm.groq_model", Text),
    variable(
        "LLM_GROQ_REQUESTS_PER_MINUTE",
        "llm.groq_requests_per_minute",
        Integer,
    ),
    variable(
        "LLM_GROQ_REQUESTS_PER_DAY",
        "llm.groq_requests_per_day",
        Integer,
    ),
    variable("OLLAMA_BASE_URL", "llm.ollama_url", Text),
    variable("OLLAMA_URL", "llm.ollama_url", Text),
    variable("OLLAMA_MODEL", "llm.ollama_model", Text),
    variable("FLOW_TENANT", "llm.flow_tenant", Text),
    variable("FLOW_AGENT", "llm.flow_agent", Text),
    variable("FLOW_AGENT_SECRET", "llm.flow_agent_secret", Secret),
    variable("FLOW_BASE_URL", "llm.flow_base_url", Text),
    variable("FLOW_MODEL", "llm.flow_model", Text),
    variable("EMBEDDING_PROVIDER", "embedding.provider", Text),
    variable("EMBEDDING_MODEL", "embedding.model", Text),
    variable("EMBEDDING_BASE_URL", "embedding.base_url", Text),
    variable("EMBEDDING_API_KEY", "embedding.api_key", Secret),
    variable("EMBEDDING_DIMENSION", "embedding.dimension", Integer),
    variable("EMBEDDING_BATCH_SIZE", "embedding.batch_size", Integer),
    variable("EMBEDDING_CONCURRENCY", "embedding.concurrency", Integer),
    variable(
        "EMBEDDING_TIMEOUT_SECONDS",
        "embedding.timeout_seconds",
        Integer,
    ),
    variable("EMBEDDING_MODEL_PATH", "embedding.model_path", Text),
    variable("MODELS_PATH", "embedding.models_path", Text),
    variable("EMBEDDING_THREADS", "embedding.threads", Integer),
    variable("HYBRID_TOPK_BM25", "retrieval.topk_bm25", Integer),
    variable("HYBRID_TOPK_VEC", "retrieval.topk_vec", Integer),
    variable("HYBRID_BM25_WEIGHT", "retrieval.bm25_weight", Float),
    variable("HYBRID_VEC_WEIGHT", "retrieval.vec_weight", Float),
    variable("HYBRID_FUSION", "retrieval.fusion", Text),
    variable(
        "HYBRID_COMPLETE_SCORES",
        "retrieval.complete_scores",
        Boolean,
    ),
    variable("HYBRID_RETURN_TOPN", "retrieval.return_topn", Integer),
    variable(
        "TIME_DECAY_ENABLED",
        "retrieval.time_decay_enabled",
        Boolean,
    ),
    variable("TIME_DECAY_LAMBDA", "retrieval.time_decay_lambda", Float),
    variable("RERANK_PROVIDER", "rerank.provider", Text),
    variable("RERANK_URL", "rerank.url", Text),
    variable("RERANK_API_KEY", "rerank.api_key", Secret),
    variable("RERANK_MODEL", "rerank.model", Text),
    variable("RERANK_TOP", "rerank.top", Integer),
    variable("RERANK_TIMEOUT_MS", "rerank.timeout_ms", Integer),
    variable("DOCUMENTS_PATH", "ingest.documents_path", Text),
    variable(
        "INGEST_ALLOWED_EXTENSIONS",
        "ingest.allowed_extensions",
        List,
    ),
    variable(
        "MAX_UPLOAD_MEGABYTES",
        "ingest.max_upload_megabytes",
        Integer,
    ),
    variable("INGEST_OCR", "ingest.ocr", Text),
    variable("INGEST_OCR_LANGUAGES", "ingest.ocr_languages", Text),
    variable("CHUNK_SIZE", "ingest.chunk_size", Integer),
    variable("CHUNK_OVERLAP", "ingest.chunk_overlap", Integer),
    variable("RAGD_ROLE", "jobs.role", Text),
    variable("RAGD_WORKER_LANES", "jobs.lanes", List),
    variable("JOBS_SHARED_PLACES", "jobs.shared_places", Integer),
    variable(
        "JOBS_HIGH_PRIORITY_PLACES",
        "jobs.high_priority_places",
        Integer,
    ),
    variable("JOBS_DEFAULT_PLACES", "jobs.default_places", Integer),
    variable(
        "JOBS_LOW_PRIORITY_PLACES",
        "jobs.low_priority_places",
        Integer,
    ),
    variable("RAGD_FAILPOINT", "jobs.failpoint", Text),
    variable("REDIS_URL", "cache.redis_url", Secret),
    variable("REDIS_PASSWORD", "cache.redis_password", Secret),
    variable("REDIS_PREFIX", "cache.redis_prefix", Text),
    variable("CACHE_MEMORY_MEGABYTES", "cache.memory_megabytes", Integer),
    variable(
        "RESPONSE_CACHE_ENABLED",
        "cache.response_cache_enabled",
        Boolean,
    ),
    variable(
        "RESPONSE_CACHE_TTL_SECONDS",
        "cache.response_cache_ttl_seconds",
        Integer,
    ),
    variable("CHAT_TOP_K", "chat.top_k", Integer),
    variable("CHAT_HISTORY_MESSAGES", "chat.history_messages", Integer),
    variable("CHAT_MAX_TOKENS", "chat.max_tokens", Integer),
    variable("SESSION_TTL_SECONDS", "sessions.ttl_seconds", Integer),
    variable("SESSION_RETENTION_DAYS", "sessions.retention_days", Integer),
    variable("SESSION_MAX", "sessions.max", Integer),
    variable("SESSION_MAX_PER_IP", "sessions.max_per_ip", Integer),
    variable(
        "SESSION_QUERIES_PER_HOUR",
        "sessions.queries_per_hour",
        Integer,
    ),
    variable(
        "MEMORY_SUMMARY_AFTER_DAYS",
        "memory.summary_after_days",
        Integer,
    ),
];

/// Variables of the contract whose part of ragd is not in this version; setting one is reported,
/// so that nobody believes that it has an effect.
const NOT_YET: &[&str] = &[
    "DEFAULT_RATE_LIMIT",
    "BLOCKED_IPS",
    "VAULT_ADDR",
    "SECRET_KEY_PREVIOUS",
    "DB_ENCRYPTION_KEY_PREVIOUS",
];

/// Every variable that this version reads.
pub fn variables() -> &'static [Variable] {
    VARIABLES
}

/// The variables of `environment` that this version does not act on yet.
pub(super) fn without_effect(environment: &HashMap<String, String>) -> Vec<&'static str> {
    let set = |name: &&&str| {
        environment
            .get(**name)
            .is_some_and(|value| !value.is_empty())
    };
    NOT_YET.iter().filter(set).copied().collect()
}

/// Writes what the environment sets over `settings`; an empty value counts as not set.
pub(super) fn apply(
    environment: &HashMap<String, String>,
    settings: &mut toml::Table,
    faults: &mut Faults,
) {
    for variable in VARIABLES {
        match read(variable, environment) {
            Ok(Some(text)) => match parse(variable.kind, &text) {
                Ok(value) => insert(settings, variable.setting, value),
                Err(fault) => faults.add(variable.name, fault),
            },
            Ok(None) => {}
            Err(fault) => faults.add(variable.name, fault),
        }
    }
}

fn read(
    variable: &Variable,
    environment: &HashMap<String, String>,
) -> Result<Option<String>, String> {
    let set = |name: &str| {
        environment
            .get(name)
            .filter(|value| !value.is_empty())
            .cloned()
    };
    if let Some(value) = set(variable.name) {
        return Ok(Some(value));
    }
    if !matches!(variable.kind, Secret | SecretList) {
        return Ok(None);
    }
    let Some(path) = set(&format!("{}_FILE", variable.name)) else {
        return Ok(None);
    };
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned())),
        Err(error) => Err(format!(
            "{}_FILE: cannot read '{path}': {error}",
            variable.name
        )),
    }
}

fn parse(kind: VariableKind, text: &str) -> Result<Value, String> {
    match kind {
        Text | Secret => Ok(Value::String(text.to_owned())),
        Integer => text
            .trim()
            .parse()
            .map(Value::Integer)
            .map_err(|_| format!("'{text}' is not a whole number")),
        Float => text
            .trim()
            .parse()
            .map(Value::Float)
            .map_err(|_| format!("'{text}' is not a number")),
        Boolean => match text.trim().to_lowercase().as_str() {
            "1" | "true" | "yes" | "on" => Ok(Value::Boolean(true)),
            "0" | "false" | "no" | "off" => Ok(Value::Boolean(false)),
            _ => Err(format!("'{text}' is not true/false, yes/no, on/off or 1/0")),
        },
        List | SecretList => Ok(Value::Array(
            text.split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(|item| Value::String(item.to_owned()))
                .collect(),
        )),
    }
}

fn insert(settings: &mut toml::Table, setting: &str, value: Value) {
    let Some((section, field)) = setting.split_once('.') else {
        return;
    };
    let section = settings
        .entry(section)
        .or_insert_with(|| Value::Table(toml::Table::new()));
    if let Value::Table(fields) = section {
        fields.insert(field.to_owned(), value);
    }
}
