//! One configured provider: its address, its API, its credentials, its model, its limits.

use super::LlmConfig;
use secrecy::SecretString;

/// The API of a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderWire {
    /// OpenAI's chat completions.
    OpenAi,
    /// Anthropic's Messages.
    Anthropic,
    /// Google's Gemini.
    Gemini,
}

/// A provider that can be called.
#[derive(Debug, Clone)]
pub struct ProviderConfig {
    /// Its name: one of [`LlmConfig::PROVIDERS`].
    pub name: &'static str,
    /// Its API.
    pub wire: ProviderWire,
    /// The base address of its API.
    pub base_url: String,
    /// The model for requests that name none.
    pub model: String,
    /// The headers that authenticate, with their values.
    pub credentials: Vec<(&'static str, SecretString)>,
    /// How many requests a minute it is sent.
    pub requests_per_minute: Option<u32>,
    /// How many requests a day it is sent.
    pub requests_per_day: Option<u32>,
}

impl LlmConfig {
    /// The providers that can be called, in their order. The default is among them even without a
    /// key, because a server with OpenAI's API may need none.
    pub fn configured(&self) -> Vec<ProviderConfig> {
        let default = self.default_provider();
        let is_there = |name: &&str| self.is_configured(name) || *name == default;
        let names = Self::PROVIDERS.into_iter().filter(is_there);
        names
            .filter_map(|name| self.provider_config(name))
            .collect()
    }

    /// The settings of the provider called `name`; `None` for one that has no address.
    fn provider_config(&self, name: &str) -> Option<ProviderConfig> {
        let found = match name {
            "openai" => ProviderConfig {
                credentials: bearer(self.openai_api_key.as_ref()),
                ..openai_shaped("openai", &self.openai_base_url, &self.openai_model)
            },
            "anthropic" => ProviderConfig {
                wire: ProviderWire::Anthropic,
                credentials: header("x-api-key", self.anthropic_api_key.as_ref()),
                ..openai_shaped("anthropic", &self.anthropic_base_url, &self.anthropic_model)
            },
            "google" => ProviderConfig {
                wire: ProviderWire::Gemini,
                credentials: header("x-goog-api-key", self.google_api_key.as_ref()),
                ..openai_shaped("google", &self.google_base_url, &self.google_model)
            },
            "groq" => ProviderConfig {
                credentials: bearer(self.groq_api_key.as_ref()),
                requests_per_minute: limit(self.groq_requests_per_minute),
                requests_per_day: limit(self.groq_requests_per_day),
                ..openai_shaped("groq", &self.groq_base_url, &self.groq_model)
            },
            "ollama" => {
                let url = self.ollama_url.as_ref()?;
                let url = url.trim_end_matches('/').trim_end_matches("/v1");
                openai_shaped("ollama", &format!("{url}/v1"), &self.ollama_model)
            }
            "flow" => {
                let url = self.flow_base_url.as_ref()?;
                let secret = |text: &String| SecretString::from(text.as_str());
                let mut credentials =
                    header("FlowTenant", self.flow_tenant.as_ref().map(secret).as_ref());
                credentials.extend(header(
                    "FlowAgent",
                    self.flow_agent.as_ref().map(secret).as_ref(),
                ));
                credentials.extend(header("FlowAgentSecret", self.flow_agent_secret.as_ref()));
                let url = format!("{}/openai", url.trim_end_matches('/'));
                ProviderConfig {
                    credentials,
                    ..openai_shaped("flow", &url, &self.flow_model)
                }
            }
            _ => return None,
        };
        let chosen = self
            .model
            .clone()
            .filter(|_| name == self.default_provider());
        Some(ProviderConfig {
            model: chosen.unwrap_or(found.model),
            ..found
        })
    }
}

fn openai_shaped(name: &'static str, base_url: &str, model: &str) -> ProviderConfig {
    ProviderConfig {
        name,
        wire: ProviderWire::OpenAi,
        base_url: base_url.to_owned(),
        model: model.to_owned(),
        credentials: Vec::new(),
        requests_per_minute: None,
        requests_per_day: None,
    }
}

fn bearer(key: Option<&SecretString>) -> Vec<(&'static str, SecretString)> {
    header("authorization", key)
}

fn header(name: &'static str, value: Option<&SecretString>) -> Vec<(&'static str, SecretString)> {
    value
        .map(|value| (name, value.clone()))
        .into_iter()
        .collect()
}

fn limit(count: u32) -> Option<u32> {
    (count > 0).then_some(count)
}
