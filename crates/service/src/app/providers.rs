//! The providers of the configuration, put behind their router.

use crate::config::{LlmConfig, ProviderConfig, ProviderWire};
use ragd_core::clock::Clock;
use ragd_core::error::Result;
use ragd_core::outbound::ModelClient;
use ragd_core::resilience::{BreakerSettings, LimiterSettings};
use ragd_core::telemetry::SharedMetrics;
use ragd_llm::{
    LlmMetrics, Member, MemberParts, MemberSettings, ProviderSettings, Router, RouterSettings,
    Timeouts, Wire,
};
use std::time::Duration;

/// Opens nothing: a provider is called when somebody asks.
pub(super) fn open_router(
    config: &LlmConfig,
    clock: &Clock,
    metrics: &LlmMetrics,
    shared_metrics: &SharedMetrics,
) -> Result<Router> {
    let http = ModelClient::new()?;
    let around = || MemberParts {
        http: http.clone(),
        clock: clock.clone(),
        metrics: metrics.clone(),
        shared_metrics: shared_metrics.clone(),
    };
    let member = |found: ProviderConfig| {
        let settings = settings_of(found, config);
        Member::new(settings, around())
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
    Router::new(members.collect::<Result<_>>()?, settings, clock.clone())
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
