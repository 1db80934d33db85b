//! The language models that answer.

use super::Faults;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// Section `llm`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LlmConfig {
    /// The default provider; absent: the first that is configured, else `extractive`.
    #[serde(default)]
    pub provider: Option<String>,
    /// The model; absent: the provider's default.
    #[serde(default)]
    pub model: Option<String>,
    /// How long to wait for the first content of an answer.
    pub first_content_timeout_seconds: u64,
    /// The longest gap within a stream.
    pub idle_timeout_seconds: u64,
    /// The longest time for a whole answer.
    pub total_timeout_seconds: u64,
    /// OpenAI's key.
    #[serde(default, skip_serializing)]
    pub openai_api_key: Option<SecretString>,
    /// OpenAI's address, or that of anything that speaks its shape; ends in `/v1`.
    pub openai_base_url: String,
    /// Groq's key.
    #[serde(default, skip_serializing)]
    pub groq_api_key: Option<SecretString>,
    /// Groq's address.
    pub groq_base_url: String,
    /// Ollama's address, without `/v1`.
    #[serde(default)]
    pub ollama_url: Option<String>,
}

impl LlmConfig {
    /// The providers that this version can call.
    pub const PROVIDERS: [&'static str; 4] = ["openai", "groq", "ollama", "extractive"];

    /// The default provider: the one that was chosen, else the first that is configured.
    pub fn default_provider(&self) -> &str {
        match &self.provider {
            Some(name) => name,
            None if self.openai_api_key.is_some() => "openai",
            None if self.groq_api_key.is_some() => "groq",
            None if self.ollama_url.is_some() => "ollama",
            None => "extractive",
        }
    }

    pub(super) fn check(&self, faults: &mut Faults) {
        let provider = self.default_provider();
        faults.require(
            Self::PROVIDERS.contains(&provider),
            "llm.provider (LLM_PROVIDER)",
            format_args!("'{provider}' is not one of {}", Self::PROVIDERS.join(", ")),
        );
        let addresses = [
            (
                "llm.openai_base_url (OPENAI_BASE_URL)",
                Some(&self.openai_base_url),
            ),
            (
                "llm.groq_base_url (GROQ_BASE_URL)",
                Some(&self.groq_base_url),
            ),
            ("llm.ollama_url (OLLAMA_URL)", self.ollama_url.as_ref()),
        ];
        for (setting, address) in addresses {
            let well_formed =
                address.is_none_or(|url| url.starts_with("http://") || url.starts_with("https://"));
            faults.require(well_formed, setting, "must begin with http:// or https://");
        }
        let timeouts = [
            (
                "llm.first_content_timeout_seconds",
                self.first_content_timeout_seconds,
            ),
            ("llm.idle_timeout_seconds", self.idle_timeout_seconds),
            ("llm.total_timeout_seconds", self.total_timeout_seconds),
        ];
        for (setting, seconds) in timeouts {
            faults.require(
                (1..=3_600).contains(&seconds),
                setting,
                "must be between 1 and 3600",
            );
        }
    }
}
