//! How ragd is: in a word, in detail, and as a list of services. Reasons are told to callers that
//! are known.

pub(crate) mod probes;
pub(crate) mod prometheus;

use crate::extract::caller::{Anyone, Caller};
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use ragd_service::app::{ComponentHealth, HealthReport, HealthStatus};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// That ragd runs, and which model answers by default.
#[derive(Serialize, ToSchema)]
pub(crate) struct HealthBody {
    #[schema(example = "healthy")]
    status: &'static str,
    #[schema(example = "ragd")]
    service: &'static str,
    version: &'static str,
    timestamp: DateTime<Utc>,
    provider: String,
    model: String,
}

/// Each part of ragd.
#[derive(Serialize, ToSchema)]
pub(crate) struct DetailedBody {
    #[schema(value_type = String, example = "healthy")]
    status: HealthStatus,
    components: BTreeMap<String, ComponentBody>,
    ocr: OcrBody,
}

/// Whether pictures of text are read.
#[derive(Serialize, ToSchema)]
pub(crate) struct OcrBody {
    /// Whether documents that are pictures are read without being asked to.
    available: bool,
    /// What is to be installed; only for callers with a credential.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// A part of ragd.
#[derive(Serialize, ToSchema)]
pub(crate) struct ComponentBody {
    #[schema(value_type = String, example = "healthy")]
    status: HealthStatus,
    latency_ms: Option<f64>,
    /// Why it is not healthy; only for callers with a credential.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// What it is; only for callers with a credential.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

/// Which services are connected.
#[derive(Serialize, ToSchema)]
pub(crate) struct ServicesBody {
    #[schema(example = "healthy")]
    status: &'static str,
    /// `connected` or `error` for each.
    services: BTreeMap<String, &'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<String>,
    timestamp: DateTime<Utc>,
}

/// That the process runs; touches nothing else.
#[utoipa::path(
    get, path = "/health", tag = "health", security(()),
    responses((status = 200, body = HealthBody))
)]
pub(crate) async fn health(State(state): State<AppState>) -> Json<HealthBody> {
    let router = state.app.router();
    Json(HealthBody {
        status: "healthy",
        service: "ragd",
        version: env!("CARGO_PKG_VERSION"),
        timestamp: state.app.clock().now(),
        provider: router.default_provider(),
        model: router.default_model(),
    })
}

/// Each component with its status and latency.
#[utoipa::path(
    get, path = "/health/detailed", tag = "health", security(()),
    responses(
        (status = 200, body = DetailedBody),
        (status = 503, body = DetailedBody, description = "The database is down.")
    )
)]
pub(crate) async fn detailed(
    State(state): State<AppState>,
    caller: Option<Caller<Anyone>>,
) -> (StatusCode, Json<DetailedBody>) {
    let report = state.app.health().await;
    let status = overall(&report);
    let code = match status {
        HealthStatus::Unhealthy => StatusCode::SERVICE_UNAVAILABLE,
        HealthStatus::Healthy | HealthStatus::Degraded => StatusCode::OK,
    };
    let components = std::iter::once(report.database).chain(report.components);
    let components = components
        .map(|one| (one.name.clone(), ComponentBody::of(one, caller.is_some())))
        .collect();
    let reader = state.app.ingest().ocr();
    let ocr = OcrBody {
        available: reader.is_automatic(),
        reason: reader
            .ocr()
            .err()
            .filter(|_| caller.is_some())
            .map(str::to_owned),
    };
    let body = DetailedBody {
        status,
        components,
        ocr,
    };
    (code, Json(body))
}

/// The services that ragd works with.
#[utoipa::path(
    get, path = "/api/health", tag = "health", security(()),
    responses(
        (status = 200, body = ServicesBody),
        (status = 503, body = ServicesBody, description = "A service is not connected.")
    )
)]
pub(crate) async fn service_health(
    State(state): State<AppState>,
) -> (StatusCode, Json<ServicesBody>) {
    let report = state.app.health().await;
    let is_healthy = overall(&report) == HealthStatus::Healthy;
    let parts = std::iter::once(report.database)
        .chain(report.components)
        .chain(report.providers);
    let mut services = BTreeMap::new();
    let mut errors = Vec::new();
    for part in parts {
        let connected = part.status == HealthStatus::Healthy;
        if !connected {
            errors.push(format!("{} is not available", part.name));
        }
        services.insert(part.name, if connected { "connected" } else { "error" });
    }
    let (code, status) = if is_healthy {
        (StatusCode::OK, "healthy")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "degraded")
    };
    let timestamp = state.app.clock().now();
    (
        code,
        Json(ServicesBody {
            status,
            services,
            errors,
            timestamp,
        }),
    )
}

impl ComponentBody {
    fn of(component: ComponentHealth, with_reason: bool) -> Self {
        let ComponentHealth {
            status,
            latency_ms,
            reason,
            detail,
            ..
        } = component;
        Self {
            status,
            latency_ms,
            reason: reason.filter(|_| with_reason),
            detail: detail.filter(|_| with_reason),
        }
    }
}

/// Without a database nothing works; without any other part something still does.
fn overall(report: &HealthReport) -> HealthStatus {
    let healthy = |one: &ComponentHealth| one.status == HealthStatus::Healthy;
    if report.database.status == HealthStatus::Unhealthy {
        HealthStatus::Unhealthy
    } else if healthy(&report.database) && report.components.iter().all(healthy) {
        HealthStatus::Healthy
    } else {
        HealthStatus::Degraded
    }
}
