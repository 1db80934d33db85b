//! `/api/admin/default-provider`: who answers by default, and whether nobody else does. The change is
//! kept in SQL, reaches every process within five seconds, and is written into the audit trail.

use crate::extract::Json as JsonBody;
use crate::extract::caller::{Admin, Caller};
use crate::failure::problem::Failure;
use crate::providers::expiry;
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use ragd_core::error::Error;
use ragd_service::app::{Change, OverrideName};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

/// Who answers by default.
#[derive(Serialize, ToSchema)]
pub(crate) struct DefaultProviderBody {
    #[schema(example = "openai")]
    provider: String,
    model: String,
    /// Whether it answers everything, whatever is asked for.
    force: bool,
    /// What the configuration says.
    configured_provider: String,
    /// What the configuration says.
    configured_force: bool,
}

/// Who is to answer by default. A field that is left out, or null, goes back to what the
/// configuration says.
#[derive(Deserialize, ToSchema)]
pub(crate) struct DefaultProviderChangeBody {
    /// A configured provider, or `extractive`.
    provider: Option<String>,
    /// Whether it is to answer everything, whatever is asked for.
    force: Option<bool>,
    /// When the change ends by itself; left out: when it is taken back.
    #[schema(minimum = 1, maximum = 2592000)]
    expires_in_seconds: Option<u64>,
}

/// Who answers by default.
#[utoipa::path(
    get, path = "/api/admin/default-provider", tag = "providers",
    responses((status = 200, body = DefaultProviderBody))
)]
pub(crate) async fn get(
    State(state): State<AppState>,
    _caller: Caller<Admin>,
) -> Json<DefaultProviderBody> {
    Json(seen(&state))
}

/// Changes who answers by default, at once and without a restart.
#[utoipa::path(
    put, path = "/api/admin/default-provider", tag = "providers",
    request_body = DefaultProviderChangeBody,
    responses((status = 200, body = DefaultProviderBody))
)]
pub(crate) async fn change(
    State(state): State<AppState>,
    caller: Caller<Admin>,
    JsonBody(body): JsonBody<DefaultProviderChangeBody>,
) -> Result<Json<DefaultProviderBody>, Failure> {
    let router = state.app.router();
    if let Some(name) = &body.provider
        && name != "extractive"
        && router.member(name).is_none()
    {
        let names: Vec<&str> = router.members().map(|member| member.name()).collect();
        return Err(Error::invalid(format!(
            "provider: '{name}' is not configured here; there is {}",
            [names, vec!["extractive"]].concat().join(", ")
        ))
        .into());
    }
    let expires_in = expiry(body.expires_in_seconds)?;
    let details = json!({
        "provider": body.provider,
        "force": body.force,
        "expires_in_seconds": body.expires_in_seconds,
    });
    let changes = [
        Change {
            name: OverrideName::DefaultProvider,
            value: body.provider.map(Value::String),
            expires_in,
        },
        Change {
            name: OverrideName::ForceDefaultProvider,
            value: body.force.map(Value::Bool),
            expires_in,
        },
    ];
    state.app.change(&changes, &caller.principal.name).await?;
    caller.audit(&state.app, "provider.default", details).await;
    Ok(Json(seen(&state)))
}

fn seen(state: &AppState) -> DefaultProviderBody {
    let router = state.app.router();
    let llm = &state.app.config().llm;
    DefaultProviderBody {
        provider: router.default_provider(),
        model: router.default_model(),
        force: router.is_forced(),
        configured_provider: llm.default_provider().to_owned(),
        configured_force: llm.force_default_provider,
    }
}
