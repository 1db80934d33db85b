//! The providers of the configuration, behind their router.

use crate::config::{LlmConfig, ProviderConfig, ProviderWire};
use ragd_core::error::Result;
use ragd_core::resilience::{BreakerSettings, LimiterSettings};
use ragd_llm::{
    Member, MemberSettings, ProviderSettings, Router, RouterSettings, Timeouts, UpstreamParts, Wire,
};
use std::time::Duration;

/// Makes the router; no provider is called yet.
pub(super) fn open_router(config: &LlmConfig, parts: &UpstreamParts) -> Result<Router> {
    let member = |found: ProviderConfig| {
        let settings = settings_of(found, config);
        Member::new(settings, parts.clone())
    };
    let members = config.configured().into_iter().map(member);
    let settings = RouterSettings {
        default: config.default_provider().to_owned(),
        fallbacks: config.fallback_providers.clone(),
        forced: config.force_default_provider,
        total: Duration::from_secs(config.total_timeout_seconds),
        retries: config.retries,
        retry_wait: Duration::from_millis(config.retry_wait_ms),
    };
    Router::new(
        members.collect::<Result<_>>()?,
        settings,
        parts.clock.clone(),
    )
}

fn settings_of(found: ProviderConfig, config: &LlmConfig) -> MemberSettings {
    MemberSettings {
        provider: ProviderSettings {
            name: found.name.to_owned(),
            wire: match found.wire {
                ProviderWire::OpenAi => Wire::OpenAi,
                ProviderWire::Anthropic => Wire::Anthropic,
                ProviderWire::Gemini => Wire::Gemini,
            },
            base_url: found.base_url,
            credentials: found.credentials,
            model: found.model,
            loads_models: found.name == "ollama",
            timeouts: Timeouts {
                first_content: Duration::from_secs(config.first_content_timeout_seconds),
                idle: Duration::from_secs(config.idle_timeout_seconds),
                total: Duration::from_secs(config.total_timeout_seconds),
            },
        },
        limits: LimiterSettings {
            per_minute: found.requests_per_minute,
            per_day: found.requests_per_day,
        },
        breaker: BreakerSettings {
            failure_threshold: config.breaker_failure_threshold,
            open_for: Duration::from_secs(config.breaker_open_seconds),
            success_threshold: config.breaker_success_threshold,
            half_open_max_probes: config.breaker_half_open_max_probes,
            probe_timeout: Duration::from_secs(config.first_content_timeout_seconds),
        },
    }
}
