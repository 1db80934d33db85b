//! What orchestrators and monitors poll: short answers, in the words that their runbooks print.

use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use ragd_service::app::{ComponentHealth, HealthStatus};
use serde::Serialize;
use utoipa::ToSchema;

/// Whether to send requests here.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReadyBody {
    /// `ready` or `not ready`.
    #[schema(example = "ready")]
    status: &'static str,
    /// `ok` or `error`.
    #[schema(example = "ok")]
    database: &'static str,
    /// `ok` or `unreachable`; without a model ragd is ready all the same.
    #[schema(example = "ok")]
    ai_service: &'static str,
    /// Why it is not ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

/// A status alone.
#[derive(Serialize, ToSchema)]
pub(crate) struct StatusBody {
    #[schema(example = "ok")]
    status: &'static str,
}

/// Whether the database answers.
#[derive(Serialize, ToSchema)]
pub(crate) struct DatabaseBody {
    #[schema(example = "healthy")]
    status: &'static str,
    /// `connected` or `disconnected`.
    #[schema(example = "connected")]
    database: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
}

/// Whether models answer, by the last calls' outcomes.
#[derive(Serialize, ToSchema)]
pub(crate) struct AiBody {
    /// `healthy` or `degraded`.
    #[schema(example = "healthy")]
    status: &'static str,
    /// `reachable` or `unreachable`.
    #[schema(example = "reachable")]
    ai_service: &'static str,
}

/// Whether to send requests here: the database answers and the index has caught up.
#[utoipa::path(
    get, path = "/health/ready", tag = "health", security(()),
    responses((status = 200, body = ReadyBody), (status = 503, body = ReadyBody))
)]
pub(crate) async fn ready(State(state): State<AppState>) -> (StatusCode, Json<ReadyBody>) {
    let report = state.app.health().await;
    let database = is_up(&report.database);
    let ready = database && report.not_ready.is_none();
    let (code, status) = if ready {
        (StatusCode::OK, "ready")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready")
    };
    let body = ReadyBody {
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

/// That the process answers; touches nothing else.
#[utoipa::path(
    get, path = "/health/live", tag = "health", security(()),
    responses((status = 200, body = StatusBody))
)]
pub(crate) async fn live() -> Json<StatusBody> {
    Json(StatusBody { status: "alive" })
}

/// That the process answers; touches nothing else.
#[utoipa::path(
    get, path = "/api/health/ping", tag = "health", security(()),
    responses((status = 200, body = StatusBody))
)]
pub(crate) async fn ping() -> Json<StatusBody> {
    Json(StatusBody { status: "ok" })
}

/// Whether the database answers.
#[utoipa::path(
    get, path = "/health/db", tag = "health", security(()),
    responses((status = 200, body = DatabaseBody), (status = 503, body = DatabaseBody))
)]
pub(crate) async fn database(State(state): State<AppState>) -> (StatusCode, Json<DatabaseBody>) {
    let report = state.app.health().await;
    if is_up(&report.database) {
        let body = DatabaseBody {
            status: "healthy",
            database: "connected",
            error: None,
        };
        return (StatusCode::OK, Json(body));
    }
    let body = DatabaseBody {
        status: "unhealthy",
        database: "disconnected",
        error: Some("the database does not answer, or is not migrated"),
    };
    (StatusCode::SERVICE_UNAVAILABLE, Json(body))
}

/// Whether models answer; never spends a call to find out.
#[utoipa::path(
    get, path = "/health/ai", tag = "health", security(()),
    responses((status = 200, body = AiBody))
)]
pub(crate) async fn ai(State(state): State<AppState>) -> Json<AiBody> {
    let report = state.app.health().await;
    Json(if ai_reachable(&report.providers) {
        AiBody {
            status: "healthy",
            ai_service: "reachable",
        }
    } else {
        AiBody {
            status: "degraded",
            ai_service: "unreachable",
        }
    })
}

fn is_up(component: &ComponentHealth) -> bool {
    component.status != HealthStatus::Unhealthy
}

/// One provider that answers is enough; none at all means that the sources answer by themselves.
fn ai_reachable(providers: &[ComponentHealth]) -> bool {
    providers.is_empty() || providers.iter().any(is_up)
}
