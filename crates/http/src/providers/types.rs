//! Providers as operators see them: address, breakers, limits, last call; and the requests that change
//! them.

use chrono::{DateTime, Utc};
use ragd_core::error::{Error, Result};
use ragd_core::resilience::{BreakerSnapshot, WindowSnapshot};
use ragd_llm::{LastCall, Member, Wire};
use ragd_service::app::App;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;
use utoipa::ToSchema;

/// The longest time that a change may last.
const MAX_EXPIRY_SECONDS: u64 = 30 * 24 * 3_600;

/// A change of a provider.
#[derive(Deserialize, ToSchema)]
pub(crate) struct ChangeProviderRequest {
    /// `false`: no requests are sent to it.
    pub(super) enabled: bool,
    /// When the change expires; without it, it stays until it is changed back.
    #[schema(minimum = 1, maximum = 2592000)]
    pub(super) expires_in_seconds: Option<u64>,
}

/// How long the breakers are held open.
#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct ForceOpenProviderRequest {
    /// When the hold expires; without it, it stays until it is released.
    #[schema(minimum = 1, maximum = 2592000)]
    pub(super) expires_in_seconds: Option<u64>,
}

/// The outcome of one real call of a provider.
#[derive(Serialize, ToSchema)]
pub(crate) struct TestProviderResponse {
    pub(super) provider: String,
    pub(super) model: String,
    /// Whether it answered.
    pub(super) ok: bool,
    /// What ragd has learnt that the model does not take of what ragd adds to requests:
    /// `max_tokens is sent as max_completion_tokens`, `temperature is not sent`, …
    pub(super) learnt: Vec<String>,
    pub(super) latency_ms: f64,
    /// The beginning of its answer.
    pub(super) answer: Option<String>,
    /// What went wrong: `connect`, `unauthorized`, `timeout`, …
    pub(super) kind: Option<&'static str>,
    pub(super) error: Option<String>,
}

/// A provider.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProviderResponse {
    #[schema(example = "openai")]
    name: String,
    /// `openai`, `anthropic` or `gemini`.
    wire: &'static str,
    base_url: String,
    /// The model of requests that name none.
    model: String,
    /// Whether requests may be sent to it; `PUT` changes this.
    enabled: bool,
    /// Whether it is the default provider.
    is_default: bool,
    /// Whether a request would be sent to it now.
    reachable: bool,
    /// By operation: `chat`, `embeddings`.
    breakers: BTreeMap<&'static str, ProviderBreaker>,
    limits: ProviderLimits,
    /// Why it cannot be used; ragd retries by itself.
    unusable: Option<ProviderUnusable>,
    /// How long it still gets no requests because it asked for a pause.
    cools_for_seconds: Option<f64>,
    last_call: Option<ProviderLastCall>,
}

/// A circuit breaker.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProviderBreaker {
    /// `closed`, `open` or `half_open`.
    state: &'static str,
    /// Whether an operator holds it open.
    forced: bool,
    failures_in_a_row: u32,
    successes: u32,
    probes_in_flight: usize,
    reopens_in_seconds: Option<f64>,
}

/// The rate limits.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProviderLimits {
    minute: Option<ProviderLimitWindow>,
    day: Option<ProviderLimitWindow>,
}

/// The limit of one time window.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProviderLimitWindow {
    limit: u32,
    remaining: u32,
}

/// Why a provider cannot be used.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProviderUnusable {
    reason: &'static str,
    seconds: f64,
}

/// The outcome of the last call.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProviderLastCall {
    at: DateTime<Utc>,
    /// Whether it succeeded.
    ok: bool,
    /// What went wrong: `timeout`, `server`, `rate_limited`, …
    kind: Option<&'static str>,
    error: Option<String>,
}

/// The providers.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProviderListResponse {
    /// Always `list`.
    pub(crate) object: &'static str,
    /// In the order of fallback.
    pub(crate) data: Vec<ProviderResponse>,
    /// The default provider.
    pub(crate) default_provider: String,
    /// Whether it answers every request, whatever provider or model it names.
    pub(crate) force_default_provider: bool,
}

impl ProviderResponse {
    pub(crate) fn of(member: &Member, app: &App) -> Self {
        let now = app.clock().now();
        let router = app.router();
        let snapshot = member.snapshot(now);
        let breakers = snapshot.breakers.into_iter();
        let provider = member.provider();
        Self {
            name: member.name().to_owned(),
            wire: match provider.wire() {
                Wire::OpenAi => "openai",
                Wire::Anthropic => "anthropic",
                Wire::Gemini => "gemini",
            },
            base_url: provider.base_url().to_owned(),
            model: member.model().to_owned(),
            enabled: !router.overrides().disabled.contains(member.name()),
            is_default: router.default_provider() == member.name(),
            reachable: member.is_reachable(now),
            breakers: breakers
                .map(|(operation, breaker)| (operation.as_str(), breaker.into()))
                .collect(),
            limits: ProviderLimits {
                minute: snapshot.limiter.minute.map(ProviderLimitWindow::from),
                day: snapshot.limiter.day.map(ProviderLimitWindow::from),
            },
            unusable: snapshot
                .limiter
                .unusable
                .map(|(time, reason)| ProviderUnusable {
                    reason,
                    seconds: time.as_secs_f64(),
                }),
            cools_for_seconds: snapshot
                .limiter
                .cools_for
                .as_ref()
                .map(Duration::as_secs_f64),
            last_call: snapshot.last.map(ProviderLastCall::from),
        }
    }
}

impl From<BreakerSnapshot> for ProviderBreaker {
    fn from(snapshot: BreakerSnapshot) -> Self {
        Self {
            state: snapshot.state.as_str(),
            forced: snapshot.forced,
            failures_in_a_row: snapshot.failures_in_a_row,
            successes: snapshot.successes,
            probes_in_flight: snapshot.probes_in_flight,
            reopens_in_seconds: snapshot.reopens_in.as_ref().map(Duration::as_secs_f64),
        }
    }
}

impl From<WindowSnapshot> for ProviderLimitWindow {
    fn from(snapshot: WindowSnapshot) -> Self {
        Self {
            limit: snapshot.limit,
            remaining: snapshot.remaining,
        }
    }
}

impl From<LastCall> for ProviderLastCall {
    fn from(last: LastCall) -> Self {
        let (kind, error) = last.failure.unzip();
        Self {
            at: last.at,
            ok: kind.is_none(),
            kind: kind.map(|kind| kind.as_str()),
            error,
        }
    }
}

/// The time until a change expires.
///
/// # Errors
/// `Invalid` that names the field and its limit.
pub(super) fn expiry(seconds: Option<u64>) -> Result<Option<Duration>> {
    match seconds {
        Some(seconds) if !(1..=MAX_EXPIRY_SECONDS).contains(&seconds) => Err(Error::invalid(
            format!("expires_in_seconds: must be between 1 and {MAX_EXPIRY_SECONDS}"),
        )),
        seconds => Ok(seconds.map(Duration::from_secs)),
    }
}
