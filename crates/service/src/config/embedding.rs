//! The model that makes vectors, and where it is reached.

use super::{
    Faults, LlmConfig,
    table::{setting_kind, settings},
};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Where vectors come from.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Deserialize,
    Serialize,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum EmbeddingProvider {
    /// The model in this process.
    Local,
    /// No vectors: retrieval by words alone, on purpose.
    Off,
    /// OpenAI.
    #[serde(rename = "openai")]
    #[strum(serialize = "openai")]
    OpenAi,
    /// An Ollama server.
    Ollama,
    /// Any server with OpenAI's API.
    #[serde(rename = "openai_compatible")]
    #[strum(serialize = "openai_compatible")]
    OpenAiCompatible,
}

impl EmbeddingProvider {
    /// The word of the setting.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Reads the word of the setting; `None` for another.
    pub fn parse(word: &str) -> Option<Self> {
        word.parse().ok()
    }

    const fn default_model(self) -> Option<&'static str> {
        match self {
            Self::Local => Some(EmbeddingConfig::MODELS[0]),
            Self::OpenAi => Some("text-embedding-3-small"),
            Self::Ollama => Some("nomic-embed-text"),
            Self::Off | Self::OpenAiCompatible => None,
        }
    }
}

/// Which model makes vectors, and how to reach it, without secrets.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct EmbeddingSource {
    /// The provider; never `off`.
    pub provider: EmbeddingProvider,
    /// The model's name, as the provider knows it.
    pub model: String,
    /// Where its API begins; `None` for the model in this process.
    pub base_url: Option<String>,
    /// How many numbers a vector must have; 0: as many as the model gives.
    pub dimension: usize,
}

impl std::fmt::Display for EmbeddingSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} from {}", self.model, self.provider.as_str())?;
        if let Some(url) = &self.base_url {
            write!(f, " at {url}")?;
        }
        if self.dimension > 0 {
            write!(f, " ({} dimensions)", self.dimension)?;
        }
        Ok(())
    }
}

setting_kind!(Text: EmbeddingProvider);

settings! {
    /// Section `embedding`.
    EmbeddingConfig in "embedding";

    /// Where vectors come from.
    provider: EmbeddingProvider [EMBEDDING_PROVIDER];
    /// The model's name; absent: the provider's default.
    model: Option<String> [EMBEDDING_MODEL];
    /// Where the provider's API begins; absent: the provider's own address.
    base_url: Option<String> [EMBEDDING_BASE_URL] is http_url;
    /// The provider's key; absent: with `openai`, OpenAI's.
    #[serde(skip_serializing)]
    api_key: Option<SecretString> [EMBEDDING_API_KEY] is header_secret;
    /// How many numbers a vector must have; 0: as many as the model gives.
    dimension: usize [EMBEDDING_DIMENSION] in 0..=Self::MAX_DIMENSION;
    /// How many texts one request carries.
    batch_size: usize [EMBEDDING_BATCH_SIZE] in 1..=2_048;
    /// How many requests with documents run at once.
    concurrency: usize [EMBEDDING_CONCURRENCY] in 1..=64;
    /// How long a request with documents may take.
    timeout_seconds: u64 [EMBEDDING_TIMEOUT_SECONDS] in 1..=3_600;
    /// How long a question's vector may take; without one, retrieval is by words alone.
    question_timeout_ms: u64 [] in 10..=60_000;
    /// Longer texts are cut before they are sent.
    max_text_characters: usize [] in 100..=1_000_000;
    /// The local model's own folder; absent: the folder of its name in `models_path`.
    model_path: Option<PathBuf> [EMBEDDING_MODEL_PATH];
    /// The folder of models; absent: the user's cache folder.
    models_path: Option<PathBuf> [MODELS_PATH];
    /// How many threads the local model may use; 0: one a core.
    threads: usize [EMBEDDING_THREADS];
}

impl EmbeddingConfig {
    /// The models that this version can run in its own process.
    pub const MODELS: [&'static str; 1] = ["all-MiniLM-L6-v2"];
    /// The longest allowed vector.
    pub const MAX_DIMENSION: usize = 16_384;

    /// Which model makes vectors; `None` when none does.
    pub fn source(&self, llm: &LlmConfig) -> Option<EmbeddingSource> {
        if self.provider == EmbeddingProvider::Off {
            return None;
        }
        let chosen = self.model.clone();
        let model = chosen.or_else(|| self.provider.default_model().map(str::to_owned));
        Some(EmbeddingSource {
            provider: self.provider,
            model: model.unwrap_or_default(),
            base_url: self.address(llm),
            dimension: self.dimension,
        })
    }

    /// The key that may be sent to `source`: only where the configuration itself says that this is
    /// its address, because an address may also come from a request.
    pub fn key_for(&self, source: &EmbeddingSource, llm: &LlmConfig) -> Option<SecretString> {
        let at =
            |url: Option<&str>| url.is_some() && url.map(trimmed) == source.base_url.as_deref();
        if at(self.base_url.as_deref()) && self.api_key.is_some() {
            return self.api_key.clone();
        }
        let is_ollama = source.provider == EmbeddingProvider::Ollama;
        if is_ollama && at(llm.ollama_url.as_deref()) {
            return self.api_key.clone();
        }
        let is_openai = source.provider == EmbeddingProvider::OpenAi;
        if is_openai && at(Some(&llm.openai_base_url)) {
            return self.api_key.clone().or_else(|| llm.openai_api_key.clone());
        }
        let openai_elsewhere = is_openai && at(self.base_url.as_deref());
        openai_elsewhere.then(|| llm.openai_api_key.clone())?
    }

    fn address(&self, llm: &LlmConfig) -> Option<String> {
        let own = match self.provider {
            EmbeddingProvider::OpenAi => Some(llm.openai_base_url.as_str()),
            EmbeddingProvider::Ollama => llm.ollama_url.as_deref(),
            EmbeddingProvider::OpenAiCompatible => None,
            EmbeddingProvider::Local | EmbeddingProvider::Off => return None,
        };
        let address = self.base_url.as_deref().or(own)?;
        Some(trimmed(address).to_owned())
    }

    pub(super) fn check(&self, llm: &LlmConfig, faults: &mut Faults) {
        if let Some(source) = self.source(llm) {
            check_source(&source, faults);
        }
    }
}

fn check_source(source: &EmbeddingSource, faults: &mut Faults) {
    let model = "embedding.model";
    if source.provider == EmbeddingProvider::Local {
        let known = EmbeddingConfig::MODELS.contains(&source.model.as_str());
        let fault = format!(
            "'{}' is not one of {}; for a model elsewhere set EMBEDDING_PROVIDER",
            source.model,
            EmbeddingConfig::MODELS.join(", ")
        );
        faults.require(known, model, fault);
        return;
    }
    faults.require(
        !source.model.trim().is_empty(),
        model,
        "must name the model that the endpoint offers",
    );
    let missing = match source.provider {
        EmbeddingProvider::Ollama => "ollama needs it, or OLLAMA_URL",
        _ => "openai_compatible needs it",
    };
    let setting = "embedding.base_url";
    faults.require(source.base_url.is_some(), setting, missing);
}

fn trimmed(url: &str) -> &str {
    url.trim().trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Sources};
    use secrecy::ExposeSecret;
    use std::collections::HashMap;

    fn load(variables: &[(&str, &str)]) -> ragd_core::error::Result<Config> {
        let set = variables.iter();
        let environment: HashMap<String, String> = set
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let file = None;
        Config::load(&Sources { file, environment }).map(|loaded| loaded.config)
    }

    fn source(variables: &[(&str, &str)]) -> EmbeddingSource {
        let config = load(variables).unwrap();
        config.embedding.source(&config.llm).unwrap()
    }

    fn key(variables: &[(&str, &str)], at: &EmbeddingSource) -> Option<String> {
        let config = load(variables).unwrap();
        let key = config.embedding.key_for(at, &config.llm)?;
        Some(key.expose_secret().to_owned())
    }

    #[test]
    fn each_provider_has_its_own_model_and_address() {
        let local = source(&[]);
        assert_eq!(
            (local.model.as_str(), local.base_url),
            ("all-MiniLM-L6-v2", None)
        );
        let openai = source(&[("EMBEDDING_PROVIDER", "openai")]);
        assert_eq!(openai.model, "text-embedding-3-small");
        assert_eq!(
            openai.base_url.as_deref(),
            Some("https://api.openai.com/v1")
        );
        let ollama = source(&[
            ("EMBEDDING_PROVIDER", "ollama"),
            ("OLLAMA_URL", "http://127.0.0.1:11434/"),
        ]);
        assert_eq!(ollama.model, "nomic-embed-text");
        assert_eq!(ollama.base_url.as_deref(), Some("http://127.0.0.1:11434"));
        let own = source(&[
            ("EMBEDDING_PROVIDER", "openai_compatible"),
            ("EMBEDDING_MODEL", "bge-m3"),
            ("EMBEDDING_BASE_URL", "http://127.0.0.1:8080/v1"),
        ]);
        assert_eq!(
            own.to_string(),
            "bge-m3 from openai_compatible at http://127.0.0.1:8080/v1"
        );
    }

    #[test]
    fn what_an_endpoint_lacks_is_reported() {
        for (variables, named) in [
            (vec![("EMBEDDING_PROVIDER", "ollama")], "OLLAMA_URL"),
            (
                vec![("EMBEDDING_PROVIDER", "openai_compatible")],
                "EMBEDDING_MODEL",
            ),
            (vec![("EMBEDDING_MODEL", "bge-m3")], "EMBEDDING_PROVIDER"),
            (vec![("EMBEDDING_BATCH_SIZE", "0")], "EMBEDDING_BATCH_SIZE"),
            (
                vec![("EMBEDDING_BASE_URL", "localhost")],
                "EMBEDDING_BASE_URL",
            ),
        ] {
            let error = load(&variables).unwrap_err().to_string();
            assert!(error.contains(named), "{error}");
        }
    }

    #[test]
    fn a_key_goes_only_to_an_address_that_the_configuration_names() {
        let settings = [
            ("EMBEDDING_PROVIDER", "openai"),
            ("OPENAI_API_KEY", "sk-openai"),
        ];
        let openai = source(&settings);
        assert_eq!(key(&settings, &openai).as_deref(), Some("sk-openai"));
        let elsewhere = EmbeddingSource {
            base_url: Some("http://elsewhere/v1".to_owned()),
            ..openai.clone()
        };
        assert_eq!(key(&settings, &elsewhere), None);

        let own = [
            ("EMBEDDING_PROVIDER", "openai_compatible"),
            ("EMBEDDING_MODEL", "bge-m3"),
            ("EMBEDDING_BASE_URL", "http://elsewhere/v1/"),
            ("OPENAI_API_KEY", "sk-openai"),
        ];
        let place = source(&own);
        assert_eq!(key(&own, &place), None, "OpenAI's key is OpenAI's");
        let with_key = [own.as_slice(), &[("EMBEDDING_API_KEY", "sk-own")]].concat();
        assert_eq!(key(&with_key, &place).as_deref(), Some("sk-own"));
        assert!(!format!("{:?}", load(&with_key).unwrap()).contains("sk-own"));
    }
}
