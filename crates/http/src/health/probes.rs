//! Probes for orchestrators and monitors: short responses whose words monitors match.

use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use ragd_service::app::{ComponentHealth, HealthStatus};
use serde::Serialize;
use utoipa::ToSchema;

/// The readiness of this process.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReadinessResponse {
    /// `ready` or `not ready`.
    #[schema(example = "ready")]
    status: &'static str,
    /// `ok` or `error`.
    #[schema(example = "ok")]
    database: &'static str,
    /// `ok` or `unreachable`; ragd is ready without a model.
    #[schema(example = "ok")]
    ai_service: &'static str,
    /// Why it is not ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

/// A status.
#[derive(Serialize, ToSchema)]
pub(crate) struct StatusResponse {
    #[schema(example = "ok")]
    status: &'static str,
}

/// The state of the database.
#[derive(Serialize, ToSchema)]
pub(crate) struct DatabaseHealthResponse {
    #[schema(example = "healthy")]
    status: &'static str,
    /// `connected` or `disconnected`.
    #[schema(example = "connected")]
    database: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
}

/// The state of the providers, from the outcome of their last calls.
#[derive(Serialize, ToSchema)]
pub(crate) struct AiHealthResponse {
    /// `healthy` or `degraded`.
    #[schema(example = "healthy")]
    status: &'static str,
    /// `reachable` or `unreachable`.
    #[schema(example = "reachable")]
    ai_service: &'static str,
}

/// Readiness: the database responds and the index has caught up.
#[utoipa::path(
    get, path = "/health/ready", tag = "health", security(()),
    responses((status = 200, body = ReadinessResponse), (status = 503, body = ReadinessResponse))
)]
pub(crate) async fn ready(State(state): State<AppState>) -> (StatusCode, Json<ReadinessResponse>) {
    let report = state.app.health().await;
    let database = is_up(&report.database);
    let ready = database && report.not_ready.is_none();
    let (code, status) = if ready {
        (StatusCode::OK, "ready")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready")
    };
    let body = ReadinessResponse {
        status,
        database: if database { "ok" } else { "error" },
        ai_service: if ai_reachable(&report.providers) {
            "ok"
        } else {
            "unreachable"
        },
        reason: (!ready).then_some(if database {
            "vector_store is not ready: see /health/detailed, with a credential"
        } else {
            "the database is not ready: see /health/detailed, with a credential"
        }),
    };
    (code, Json(body))
}

/// Liveness: checks nothing but the process.
#[utoipa::path(
    get, path = "/health/live", tag = "health", security(()),
    responses((status = 200, body = StatusResponse))
)]
pub(crate) async fn live() -> Json<StatusResponse> {
    Json(StatusResponse { status: "alive" })
}

/// Liveness: checks nothing but the process.
#[utoipa::path(
    get, path = "/api/health/ping", tag = "health", security(()),
    responses((status = 200, body = StatusResponse))
)]
pub(crate) async fn ping() -> Json<StatusResponse> {
    Json(StatusResponse { status: "ok" })
}

/// Whether the database responds.
#[utoipa::path(
    get, path = "/health/db", tag = "health", security(()),
    responses((status = 200, body = DatabaseHealthResponse), (status = 503, body = DatabaseHealthResponse))
)]
pub(crate) async fn database(
    State(state): State<AppState>,
) -> (StatusCode, Json<DatabaseHealthResponse>) {
    let report = state.app.health().await;
    if is_up(&report.database) {
        let body = DatabaseHealthResponse {
            status: "healthy",
            database: "connected",
            error: None,
        };
        return (StatusCode::OK, Json(body));
    }
    let body = DatabaseHealthResponse {
        status: "unhealthy",
        database: "disconnected",
        error: Some("the database does not answer, or is not migrated"),
    };
    (StatusCode::SERVICE_UNAVAILABLE, Json(body))
}

/// Whether a provider is reachable; makes no call to find out.
#[utoipa::path(
    get, path = "/health/ai", tag = "health", security(()),
    responses((status = 200, body = AiHealthResponse))
)]
pub(crate) async fn ai(State(state): State<AppState>) -> Json<AiHealthResponse> {
    let report = state.app.health().await;
    Json(if ai_reachable(&report.providers) {
        AiHealthResponse {
            status: "healthy",
            ai_service: "reachable",
        }
    } else {
        AiHealthResponse {
            status: "degraded",
            ai_service: "unreachable",
        }
    })
}

fn is_up(component: &ComponentHealth) -> bool {
    component.status != HealthStatus::Unhealthy
}

/// One reachable provider is enough. Without providers the extractive answerer answers.
fn ai_reachable(providers: &[ComponentHealth]) -> bool {
    providers.is_empty() || providers.iter().any(is_up)
}
