//! The language models that answer: which providers there are, who comes first, who stands in.

use super::{Faults, ProviderConfig};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// Section `llm`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LlmConfig {
    /// The default provider; absent: the first that is configured, else `extractive`.
    #[serde(default)]
    pub provider: Option<String>,
    /// The default provider's model; absent: that provider's own setting or default.
    #[serde(default)]
    pub model: Option<String>,
    /// Who stands in when the first does not answer, in this order; empty: every configured one.
    pub fallback_providers: Vec<String>,
    /// Whether the default provider answers everything, whatever is asked for.
    pub force_default_provider: bool,
    /// How long to wait for the first content of an answer.
    pub first_content_timeout_seconds: u64,
    /// The longest gap within a stream.
    pub idle_timeout_seconds: u64,
    /// The longest time for a whole answer, over all tries.
    pub total_timeout_seconds: u64,
    /// How often the same provider is asked again when nobody else is left: 0 or 1.
    pub retries: u32,
    /// The longest wait before that.
    pub retry_wait_ms: u64,
    /// Failures in a row that open a provider's breaker.
    pub breaker_failure_threshold: u32,
    /// How long an open breaker rejects everything.
    pub breaker_open_seconds: u64,
    /// Successes that close it again.
    pub breaker_success_threshold: u32,
    /// How many calls at once try a provider whose breaker is half-open.
    pub breaker_half_open_max_probes: usize,
    /// The largest body of a request under `/v1`: pictures come in it.
    pub max_body_megabytes: usize,
    /// OpenAI's key.
    #[serde(default, skip_serializing)]
    pub openai_api_key: Option<SecretString>,
    /// OpenAI's address, or that of anything that speaks its shape; ends in `/v1`.
    pub openai_base_url: String,
    /// The model that OpenAI is asked for.
    pub openai_model: String,
    /// Anthropic's key.
    #[serde(default, skip_serializing)]
    pub anthropic_api_key: Option<SecretString>,
    /// Anthropic's address; ends in `/v1`.
    pub anthropic_base_url: String,
    /// The model that Anthropic is asked for.
    pub anthropic_model: String,
    /// Google's key.
    #[serde(default, skip_serializing)]
    pub google_api_key: Option<SecretString>,
    /// Gemini's address; ends in `/v1beta`.
    pub google_base_url: String,
    /// The model that Google is asked for.
    pub google_model: String,
    /// Groq's key.
    #[serde(default, skip_serializing)]
    pub groq_api_key: Option<SecretString>,
    /// Groq's address.
    pub groq_base_url: String,
    /// The model that Groq is asked for.
    pub groq_model: String,
    /// How many requests a minute Groq is sent; 0: any number.
    pub groq_requests_per_minute: u32,
    /// How many requests a day Groq is sent; 0: any number.
    pub groq_requests_per_day: u32,
    /// Ollama's address, with or without `/v1`.
    #[serde(default)]
    pub ollama_url: Option<String>,
    /// The model that Ollama is asked for.
    pub ollama_model: String,
    /// CI&T Flow's tenant.
    #[serde(default)]
    pub flow_tenant: Option<String>,
    /// CI&T Flow's agent.
    #[serde(default)]
    pub flow_agent: Option<String>,
    /// CI&T Flow's secret.
    #[serde(default, skip_serializing)]
    pub flow_agent_secret: Option<SecretString>,
    /// CI&T Flow's address; calls go to `/openai/chat/completions` below it.
    #[serde(default)]
    pub flow_base_url: Option<String>,
    /// The model that CI&T Flow is asked for.
    pub flow_model: String,
}

impl LlmConfig {
    /// The name of the provider that needs no model: it answers with the sources' own sentences.
    pub const EXTRACTIVE: &'static str = "extractive";

    /// The providers that ragd can call, in the order in which they stand in for each other.
    pub const PROVIDERS: [&'static str; 7] = [
        "openai",
        "anthropic",
        "google",
        "groq",
        "ollama",
        "flow",
        Self::EXTRACTIVE,
    ];

    /// The default provider: the one that was chosen, else the first that is configured.
    pub fn default_provider(&self) -> &str {
        if let Some(name) = &self.provider {
            return name;
        }
        Self::PROVIDERS
            .into_iter()
            .find(|name| self.is_configured(name))
            .unwrap_or(Self::EXTRACTIVE)
    }

    /// The providers that can be called, in their order; the default stands among them even where
    /// it has no key, because a server that speaks OpenAI's shape may ask for none.
    pub fn configured(&self) -> Vec<ProviderConfig> {
        let default = self.default_provider();
        let is_there = |name: &&str| self.is_configured(name) || *name == default;
        let names = Self::PROVIDERS.into_iter().filter(is_there);
        names
            .filter_map(|name| self.provider_config(name))
            .collect()
    }

    fn is_configured(&self, name: &str) -> bool {
        match name {
            "openai" => self.openai_api_key.is_some(),
            "anthropic" => self.anthropic_api_key.is_some(),
            "google" => self.google_api_key.is_some(),
            "groq" => self.groq_api_key.is_some(),
            "ollama" => self.ollama_url.is_some(),
            "flow" => {
                self.flow_tenant.is_some()
                    && self.flow_agent.is_some()
                    && self.flow_agent_secret.is_some()
                    && self.flow_base_url.is_some()
            }
            _ => false,
        }
    }

    /// What the provider called `name` needs beside an address, for the message that it is missing.
    fn needs(name: &str) -> &'static str {
        match name {
            "anthropic" => "ANTHROPIC_API_KEY",
            "google" => "GOOGLE_API_KEY",
            "groq" => "GROQ_API_KEY",
            "ollama" => "OLLAMA_URL",
            "flow" => "FLOW_BASE_URL, FLOW_TENANT, FLOW_AGENT and FLOW_AGENT_SECRET",
            _ => "its API key",
        }
    }

    pub(super) fn check(&self, faults: &mut Faults) {
        self.check_names(faults);
        self.check_addresses(faults);
        self.check_numbers(faults);
    }

    fn check_names(&self, faults: &mut Faults) {
        let provider = self.default_provider();
        let known = |name: &str| Self::PROVIDERS.contains(&name);
        let list = Self::PROVIDERS.join(", ");
        faults.require(
            known(provider),
            "llm.provider (LLM_PROVIDER)",
            format_args!("'{provider}' is not one of {list}"),
        );
        let needs_nothing = [Self::EXTRACTIVE, "openai"].contains(&provider);
        faults.require(
            !known(provider) || needs_nothing || self.is_configured(provider),
            "llm.provider (LLM_PROVIDER)",
            format_args!(
                "is {provider}, which needs {} as well",
                Self::needs(provider)
            ),
        );
        for name in &self.fallback_providers {
            faults.require(
                known(name),
                "llm.fallback_providers (LLM_FALLBACK_PROVIDERS)",
                format_args!("'{name}' is not one of {list}"),
            );
        }
    }

    fn check_addresses(&self, faults: &mut Faults) {
        let addresses = [
            (
                "llm.openai_base_url (OPENAI_BASE_URL)",
                Some(&self.openai_base_url),
            ),
            (
                "llm.anthropic_base_url (ANTHROPIC_BASE_URL)",
                Some(&self.anthropic_base_url),
            ),
            (
                "llm.google_base_url (GOOGLE_BASE_URL)",
                Some(&self.google_base_url),
            ),
            (
                "llm.groq_base_url (GROQ_BASE_URL)",
                Some(&self.groq_base_url),
            ),
            ("llm.ollama_url (OLLAMA_URL)", self.ollama_url.as_ref()),
            (
                "llm.flow_base_url (FLOW_BASE_URL)",
                self.flow_base_url.as_ref(),
            ),
        ];
        for (setting, address) in addresses {
            let well_formed =
                address.is_none_or(|url| url.starts_with("http://") || url.starts_with("https://"));
            faults.require(well_formed, setting, "must begin with http:// or https://");
        }
    }

    fn check_numbers(&self, faults: &mut Faults) {
        let seconds = [
            (
                "llm.first_content_timeout_seconds",
                self.first_content_timeout_seconds,
            ),
            ("llm.idle_timeout_seconds", self.idle_timeout_seconds),
            ("llm.total_timeout_seconds", self.total_timeout_seconds),
            ("llm.breaker_open_seconds", self.breaker_open_seconds),
        ];
        for (setting, seconds) in seconds {
            let in_range = (1..=3_600).contains(&seconds);
            faults.require(in_range, setting, "must be between 1 and 3600");
        }
        let probes = u32::try_from(self.breaker_half_open_max_probes).unwrap_or(u32::MAX);
        let counts = [
            (
                "llm.breaker_failure_threshold",
                self.breaker_failure_threshold,
            ),
            (
                "llm.breaker_success_threshold",
                self.breaker_success_threshold,
            ),
            ("llm.breaker_half_open_max_probes", probes),
        ];
        for (setting, count) in counts {
            let in_range = (1..=1_000).contains(&count);
            faults.require(in_range, setting, "must be between 1 and 1000");
        }
        faults.require(
            self.retries <= 1,
            "llm.retries (LLM_RETRIES)",
            "must be 0 or 1",
        );
        faults.require(
            self.retry_wait_ms <= 10_000,
            "llm.retry_wait_ms (LLM_RETRY_WAIT_MS)",
            "must be at most 10000",
        );
        faults.require(
            (1..=200).contains(&self.max_body_megabytes),
            "llm.max_body_megabytes",
            "must be between 1 and 200",
        );
    }
}
