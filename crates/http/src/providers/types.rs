//! A provider as operators see it: where it is, what guards it and how that stands.

use chrono::{DateTime, Utc};
use ragd_core::resilience::{BreakerSnapshot, WindowSnapshot};
use ragd_llm::{LastCall, Member, Wire};
use ragd_service::app::App;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;
use utoipa::ToSchema;

/// A provider.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProviderBody {
    #[schema(example = "openai")]
    name: String,
    /// `openai`, `anthropic` or `gemini`.
    wire: &'static str,
    base_url: String,
    /// The model that is asked for when nobody asks for another.
    model: String,
    /// Whether requests may be sent to it: `PUT` changes that.
    enabled: bool,
    /// Whether it is the default provider.
    is_default: bool,
    /// Whether a call of it would be made now.
    reachable: bool,
    /// By operation: `chat`, `embeddings`.
    breakers: BTreeMap<&'static str, BreakerBody>,
    limits: LimitsBody,
    /// Why it cannot be used; it is tried again by itself.
    unusable: Option<UnusableBody>,
    /// How much longer it is left alone because it asked for that.
    cools_for_seconds: Option<f64>,
    last_call: Option<LastCallBody>,
}

/// A breaker.
#[derive(Serialize, ToSchema)]
pub(crate) struct BreakerBody {
    /// `closed`, `open` or `half_open`.
    state: &'static str,
    /// Whether an operator holds it open.
    forced: bool,
    failures_in_a_row: u32,
    successes: u32,
    probes_in_flight: usize,
    reopens_in_seconds: Option<f64>,
}

/// How many requests may still be sent.
#[derive(Serialize, ToSchema)]
pub(crate) struct LimitsBody {
    minute: Option<WindowBody>,
    day: Option<WindowBody>,
}

/// One window.
#[derive(Serialize, ToSchema)]
pub(crate) struct WindowBody {
    limit: u32,
    remaining: u32,
}

/// Why a provider cannot be used.
#[derive(Serialize, ToSchema)]
pub(crate) struct UnusableBody {
    reason: &'static str,
    seconds: f64,
}

/// How the last call ended.
#[derive(Serialize, ToSchema)]
pub(crate) struct LastCallBody {
    at: DateTime<Utc>,
    /// Whether it was answered.
    ok: bool,
    /// What went wrong: `timeout`, `server`, `rate_limited`, …
    kind: Option<&'static str>,
    error: Option<String>,
}

/// The providers.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProviderListBody {
    /// Always `list`.
    pub(crate) object: &'static str,
    /// In the order in which they stand in for each other.
    pub(crate) data: Vec<ProviderBody>,
    /// The default provider.
    pub(crate) default_provider: String,
    /// Whether it answers everything.
    pub(crate) force_default_provider: bool,
}

impl ProviderBody {
    pub(crate) fn of(member: &Member, app: &App) -> Self {
        let now = app.clock().now();
        let router = app.router();
        let seen = member.snapshot(now);
        let breakers = seen.breakers.into_iter();
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
            limits: LimitsBody {
                minute: seen.limiter.minute.map(WindowBody::from),
                day: seen.limiter.day.map(WindowBody::from),
            },
            unusable: seen.limiter.unusable.map(|(time, reason)| UnusableBody {
                reason,
                seconds: time.as_secs_f64(),
            }),
            cools_for_seconds: seen.limiter.cools_for.as_ref().map(Duration::as_secs_f64),
            last_call: seen.last.map(LastCallBody::from),
        }
    }
}

impl From<BreakerSnapshot> for BreakerBody {
    fn from(seen: BreakerSnapshot) -> Self {
        Self {
            state: seen.state.as_str(),
            forced: seen.forced,
            failures_in_a_row: seen.failures_in_a_row,
            successes: seen.successes,
            probes_in_flight: seen.probes_in_flight,
            reopens_in_seconds: seen.reopens_in.as_ref().map(Duration::as_secs_f64),
        }
    }
}

impl From<WindowSnapshot> for WindowBody {
    fn from(seen: WindowSnapshot) -> Self {
        Self {
            limit: seen.limit,
            remaining: seen.remaining,
        }
    }
}

impl From<LastCall> for LastCallBody {
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
