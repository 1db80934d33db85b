//! Who answers: the configured providers, and which is the default.

use crate::config::LlmConfig;
use crate::error::{Error, Result};
use crate::provider::{Provider, ProviderSettings, Timeouts};
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::time::Duration;

/// The name of the provider that needs no model: it answers with the sources' own sentences.
pub const EXTRACTIVE: &str = "extractive";

const OPENAI_MODEL: &str = "gpt-4o-mini";
const GROQ_MODEL: &str = "llama-3.3-70b-versatile";
const OLLAMA_MODEL: &str = "llama3.2";

/// The configured providers; cheap to clone.
#[derive(Debug, Clone)]
pub struct Models {
    default: String,
    providers: BTreeMap<String, Provider>,
}

/// Who answers one question.
#[derive(Debug, Clone)]
pub enum Answerer {
    /// The sources' own sentences.
    Extractive,
    /// A language model.
    Llm(Box<Provider>),
}

impl Answerer {
    /// The name it is configured under.
    pub fn name(&self) -> &str {
        match self {
            Self::Extractive => EXTRACTIVE,
            Self::Llm(provider) => provider.name(),
        }
    }

    /// The model used when a request names none.
    pub fn model(&self) -> &str {
        match self {
            Self::Extractive => EXTRACTIVE,
            Self::Llm(provider) => provider.model(),
        }
    }
}

impl Models {
    /// The providers of the configuration.
    ///
    /// # Errors
    /// `Invalid` when the default provider has no key or address.
    pub fn new(config: &LlmConfig, http: &reqwest::Client) -> Result<Self> {
        let default = config.default_provider().to_owned();
        let ollama = config
            .ollama_url
            .as_ref()
            .map(|url| format!("{}/v1", url.trim_end_matches('/').trim_end_matches("/v1")));
        // A chosen OpenAI without a key is any server that speaks its shape and asks for none.
        let openai = (config.openai_api_key.is_some() || default == "openai")
            .then(|| config.openai_base_url.clone());
        let groq = config
            .groq_api_key
            .as_ref()
            .map(|_| config.groq_base_url.clone());
        let known: [(&str, Option<String>, Option<SecretString>); 3] = [
            ("openai", openai, config.openai_api_key.clone()),
            ("groq", groq, config.groq_api_key.clone()),
            ("ollama", ollama, None),
        ];
        let mut providers = BTreeMap::new();
        for (name, base_url, api_key) in known {
            let Some(base_url) = base_url else { continue };
            let model = config.model.clone().filter(|_| name == default);
            let settings = ProviderSettings {
                base_url,
                api_key,
                model: model.unwrap_or_else(|| default_model(name).to_owned()),
                timeouts: timeouts(config),
            };
            providers.insert(
                name.to_owned(),
                Provider::openai_compatible(name, settings, http.clone())?,
            );
        }
        if default != EXTRACTIVE && !providers.contains_key(&default) {
            return Err(Error::invalid(format!(
                "LLM_PROVIDER is {default}, which needs {} as well",
                if default == "ollama" {
                    "OLLAMA_URL"
                } else {
                    "its API key"
                }
            ))
            .with_code("invalid_configuration"));
        }
        Ok(Self { default, providers })
    }

    /// The default provider's name.
    pub fn default_provider(&self) -> &str {
        &self.default
    }

    /// The default provider's model.
    pub fn default_model(&self) -> &str {
        self.providers
            .get(&self.default)
            .map_or(EXTRACTIVE, Provider::model)
    }

    /// The names of the configured providers.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.providers.keys().map(String::as_str)
    }

    /// Who answers when `provider` is asked for, or nobody in particular.
    ///
    /// # Errors
    /// `Invalid` when that provider is not known or not configured.
    pub fn choose(&self, provider: Option<&str>) -> Result<Answerer> {
        let name = provider.unwrap_or(&self.default);
        if name == EXTRACTIVE {
            return Ok(Answerer::Extractive);
        }
        match self.providers.get(name) {
            Some(provider) => Ok(Answerer::Llm(Box::new(provider.clone()))),
            None => {
                let configured: Vec<&str> = self.names().chain([EXTRACTIVE]).collect();
                Err(Error::invalid(format!(
                    "provider: '{name}' is not configured here; there is {}",
                    configured.join(", ")
                )))
            }
        }
    }
}

fn default_model(provider: &str) -> &'static str {
    match provider {
        "groq" => GROQ_MODEL,
        "ollama" => OLLAMA_MODEL,
        _ => OPENAI_MODEL,
    }
}

fn timeouts(config: &LlmConfig) -> Timeouts {
    Timeouts {
        first_content: Duration::from_secs(config.first_content_timeout_seconds),
        idle: Duration::from_secs(config.idle_timeout_seconds),
        total: Duration::from_secs(config.total_timeout_seconds),
    }
}
