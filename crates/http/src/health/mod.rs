//! The health of ragd: liveness, each component, and a list of services. Only authenticated callers see
//! reasons.

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

/// Liveness, with the default provider and model.
#[derive(Serialize, ToSchema)]
pub(crate) struct HealthResponse {
    #[schema(example = "healthy")]
    status: &'static str,
    #[schema(example = "ragd")]
    service: &'static str,
    version: &'static str,
    timestamp: DateTime<Utc>,
    provider: String,
    model: String,
}

/// The health of each component.
#[derive(Serialize, ToSchema)]
pub(crate) struct DetailedHealthResponse {
    #[schema(value_type = String, example = "healthy")]
    status: HealthStatus,
    components: BTreeMap<String, ComponentState>,
    ocr: OcrHealth,
}

/// Whether text in pictures is read (OCR).
#[derive(Serialize, ToSchema)]
pub(crate) struct OcrHealth {
    /// Whether scanned documents are read by OCR without a request for it.
    available: bool,
    /// What must be installed; only for authenticated callers.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// The health of a component.
#[derive(Serialize, ToSchema)]
pub(crate) struct ComponentState {
    #[schema(value_type = String, example = "healthy")]
    status: HealthStatus,
    latency_ms: Option<f64>,
    /// Why it is not healthy; only for authenticated callers.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// A description; only for authenticated callers.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

/// Which services are connected.
#[derive(Serialize, ToSchema)]
pub(crate) struct ServiceHealthResponse {
    #[schema(example = "healthy")]
    status: &'static str,
    /// `connected` or `error` for each.
    services: BTreeMap<String, &'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<String>,
    timestamp: DateTime<Utc>,
}

/// Liveness: checks nothing but the process.
#[utoipa::path(
    get, path = "/health", tag = "health", security(()),
    responses((status = 200, body = HealthResponse))
)]
pub(crate) async fn health(State(state): State<AppState>) -> Json<HealthResponse> {
    let router = state.app.router();
    Json(HealthResponse {
        status: "healthy",
        service: "ragd",
        version: env!("CARGO_PKG_VERSION"),
        timestamp: state.app.clock().now(),
        provider: router.default_provider(),
        model: router.default_model(),
    })
}

/// The status and latency of each component.
#[utoipa::path(
    get, path = "/health/detailed", tag = "health", security(()),
    responses(
        (status = 200, body = DetailedHealthResponse),
        (status = 503, body = DetailedHealthResponse, description = "The database is down.")
    )
)]
pub(crate) async fn detailed(
    State(state): State<AppState>,
    caller: Option<Caller<Anyone>>,
) -> (StatusCode, Json<DetailedHealthResponse>) {
    let report = state.app.health().await;
    let status = overall(&report);
    let code = match status {
        HealthStatus::Unhealthy => StatusCode::SERVICE_UNAVAILABLE,
        HealthStatus::Healthy | HealthStatus::Degraded => StatusCode::OK,
    };
    let components = std::iter::once(report.database).chain(report.components);
    let components = components
        .map(|one| (one.name.clone(), ComponentState::of(one, caller.is_some())))
        .collect();
    let reader = state.app.ingest().ocr();
    let ocr = OcrHealth {
        available: reader.is_automatic(),
        reason: reader
            .ocr()
            .err()
            .filter(|_| caller.is_some())
            .map(str::to_owned),
    };
    let body = DetailedHealthResponse {
        status,
        components,
        ocr,
    };
    (code, Json(body))
}

/// The services that ragd uses.
#[utoipa::path(
    get, path = "/api/health", tag = "health", security(()),
    responses(
        (status = 200, body = ServiceHealthResponse),
        (status = 503, body = ServiceHealthResponse, description = "A service is not connected.")
    )
)]
pub(crate) async fn service_health(
    State(state): State<AppState>,
) -> (StatusCode, Json<ServiceHealthResponse>) {
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
        Json(ServiceHealthResponse {
            status,
            services,
            errors,
            timestamp,
        }),
    )
}

impl ComponentState {
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

/// Without a database ragd is unhealthy; without any other component it is degraded.
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
