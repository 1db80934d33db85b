//! `/api/admin/default-provider`: the provider that answers by default, and whether it answers everything.
//! A change is stored in SQL, reaches every process within five seconds, and is written to the audit
//! trail.

use crate::audit::event::AuditEvent;
use crate::extract::Json as JsonBody;
use crate::extract::caller::{Admin, Caller};
use crate::failure::problem::Failure;
use crate::providers::types::expiry;
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use ragd_core::error::Error;
use ragd_service::app::{Change, OverrideName};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

/// The default provider.
#[derive(Serialize, ToSchema)]
pub(crate) struct DefaultProviderResponse {
    #[schema(example = "openai")]
    provider: String,
    model: String,
    /// Whether it answers every request, whatever provider or model it names.
    force: bool,
    /// The provider in the configuration.
    configured_provider: String,
    /// `force` in the configuration.
    configured_force: bool,
}

/// A change of the default provider. A field that is absent or null goes back to the configuration.
#[derive(Deserialize, ToSchema)]
pub(crate) struct ChangeDefaultProviderRequest {
    /// A configured provider, or `extractive`.
    provider: Option<String>,
    /// Whether it answers every request, whatever provider or model it names.
    force: Option<bool>,
    /// When the change expires; without it, it stays until it is changed back.
    #[schema(minimum = 1, maximum = 2592000)]
    expires_in_seconds: Option<u64>,
}

/// Gets the default provider.
#[utoipa::path(
    get, path = "/api/admin/default-provider", tag = "providers",
    responses((status = 200, body = DefaultProviderResponse))
)]
pub(crate) async fn get(
    State(state): State<AppState>,
    _caller: Caller<Admin>,
) -> Json<DefaultProviderResponse> {
    Json(current(&state))
}

/// Changes the default provider, without a restart.
#[utoipa::path(
    put, path = "/api/admin/default-provider", tag = "providers",
    request_body = ChangeDefaultProviderRequest,
    responses((status = 200, body = DefaultProviderResponse))
)]
pub(crate) async fn change(
    State(state): State<AppState>,
    caller: Caller<Admin>,
    JsonBody(body): JsonBody<ChangeDefaultProviderRequest>,
) -> Result<Json<DefaultProviderResponse>, Failure> {
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
    caller
        .audit(&state.app, AuditEvent::success("provider.default", details))
        .await;
    Ok(Json(current(&state)))
}

fn current(state: &AppState) -> DefaultProviderResponse {
    let router = state.app.router();
    let llm = &state.app.config().llm;
    DefaultProviderResponse {
        provider: router.default_provider(),
        model: router.default_model(),
        force: router.is_forced(),
        configured_provider: llm.default_provider().to_owned(),
        configured_force: llm.force_default_provider,
    }
}
