//! The language models that answer: the providers, the default one, and the fallbacks.

use super::{Faults, table::settings};
use secrecy::SecretString;

settings! {
    /// Section `llm`.
    LlmConfig in "llm";

    /// The default provider; absent: the first that is configured, else `extractive`.
    provider: Option<String> [LLM_PROVIDER];
    /// The default provider's model; absent: that provider's own setting or default.
    model: Option<String> [LLM_MODEL];
    /// The fallback providers, in this order; empty: every configured one.
    fallback_providers: Vec<String> [LLM_FALLBACK_PROVIDERS];
    /// Whether the default provider answers every request, whatever provider it names.
    force_default_provider: bool [FORCE_DEFAULT_PROVIDER];
    /// How long to wait for the first content of an answer.
    first_content_timeout_seconds: u64 [LLM_FIRST_CONTENT_TIMEOUT_SECONDS] in 1..=3_600;
    /// The longest gap within a stream.
    idle_timeout_seconds: u64 [LLM_IDLE_TIMEOUT_SECONDS] in 1..=3_600;
    /// The longest time for a whole answer, over all attempts.
    total_timeout_seconds: u64 [LLM_TOTAL_TIMEOUT_SECONDS] in 1..=3_600;
    /// How often the same provider is retried when no other provider is left: 0 or 1.
    retries: u32 [LLM_RETRIES] in 0..=1, "must be 0 or 1";
    /// The longest wait before that.
    retry_wait_ms: u64 [LLM_RETRY_WAIT_MS] in 0..=10_000, "must be at most 10000";
    /// Failures in a row that open a provider's breaker.
    breaker_failure_threshold: u32 [LLM_BREAKER_FAILURE_THRESHOLD] in 1..=1_000;
    /// How long an open breaker rejects everything.
    breaker_open_seconds: u64 [LLM_BREAKER_OPEN_SECONDS] in 1..=3_600;
    /// Successes that close it again.
    breaker_success_threshold: u32 [LLM_BREAKER_SUCCESS_THRESHOLD] in 1..=1_000;
    /// How many calls at once try a provider whose breaker is half-open.
    breaker_half_open_max_probes: usize [LLM_BREAKER_HALF_OPEN_MAX_PROBES] in 1..=1_000;
    /// The largest body of a request under `/v1`: pictures come in it.
    max_body_megabytes: usize [] in 1..=200;
    /// OpenAI's key.
    #[serde(skip_serializing)]
    openai_api_key: Option<SecretString> [OPENAI_API_KEY] is header_secret;
    /// OpenAI's address, or that of any server with its API; ends in `/v1`.
    openai_base_url: String [OPENAI_BASE_URL] is http_url;
    /// The model that OpenAI is asked for.
    openai_model: String [OPENAI_MODEL];
    /// Anthropic's key.
    #[serde(skip_serializing)]
    anthropic_api_key: Option<SecretString> [ANTHROPIC_API_KEY] is header_secret;
    /// Anthropic's address; ends in `/v1`.
    anthropic_base_url: String [ANTHROPIC_BASE_URL] is http_url;
    /// The model that Anthropic is asked for.
    anthropic_model: String [ANTHROPIC_MODEL];
    /// Google's key.
    #[serde(skip_serializing)]
    google_api_key: Option<SecretString> [GOOGLE_API_KEY] is header_secret;
    /// Gemini's address; ends in `/v1beta`.
    google_base_url: String [GOOGLE_BASE_URL] is http_url;
    /// The model that Google is asked for.
    google_model: String [GOOGLE_MODEL];
    /// Groq's key.
    #[serde(skip_serializing)]
    groq_api_key: Option<SecretString> [GROQ_API_KEY, LLM_GROQ_API_KEY] is header_secret;
    /// Groq's address.
    groq_base_url: String [GROQ_BASE_URL] is http_url;
    /// The model that Groq is asked for.
    groq_model: String [GROQ_MODEL];
    /// How many requests a minute Groq is sent; 0: any number.
    groq_requests_per_minute: u32 [LLM_GROQ_REQUESTS_PER_MINUTE];
    /// How many requests a day Groq is sent; 0: any number.
    groq_requests_per_day: u32 [LLM_GROQ_REQUESTS_PER_DAY];
    /// Ollama's address, with or without `/v1`.
    ollama_url: Option<String> [OLLAMA_URL, OLLAMA_BASE_URL] is http_url;
    /// The model that Ollama is asked for.
    ollama_model: String [OLLAMA_MODEL];
    /// CI&T Flow's tenant.
    flow_tenant: Option<String> [FLOW_TENANT];
    /// CI&T Flow's agent.
    flow_agent: Option<String> [FLOW_AGENT];
    /// CI&T Flow's secret.
    #[serde(skip_serializing)]
    flow_agent_secret: Option<SecretString> [FLOW_AGENT_SECRET] is header_secret;
    /// CI&T Flow's address; calls go to `/openai/chat/completions` below it.
    flow_base_url: Option<String> [FLOW_BASE_URL] is http_url;
    /// The model that CI&T Flow is asked for.
    flow_model: String [FLOW_MODEL];
}

impl LlmConfig {
    /// The name of the provider that needs no model: it answers with the sources' own sentences.
    pub const EXTRACTIVE: &'static str = "extractive";

    /// The providers that ragd can call, in the order in which they are used as fallbacks.
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

    pub(super) fn is_configured(&self, name: &str) -> bool {
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
        let provider = self.default_provider();
        let known = |name: &str| Self::PROVIDERS.contains(&name);
        let list = Self::PROVIDERS.join(", ");
        faults.require(
            known(provider),
            "llm.provider",
            format_args!("'{provider}' is not one of {list}"),
        );
        let needs_nothing = [Self::EXTRACTIVE, "openai"].contains(&provider);
        faults.require(
            !known(provider) || needs_nothing || self.is_configured(provider),
            "llm.provider",
            format_args!(
                "is {provider}, which needs {} as well",
                Self::needs(provider)
            ),
        );
        for name in &self.fallback_providers {
            faults.require(
                known(name),
                "llm.fallback_providers",
                format_args!("'{name}' is not one of {list}"),
            );
        }
    }
}
