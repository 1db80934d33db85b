//! `/api/admin/providers`: show and override the providers. An override is stored in SQL, reaches every
//! process within five seconds, and is written to the audit trail.

pub(crate) mod default;
mod types;

use crate::audit::event::AuditEvent;
use crate::extract::caller::{Admin, Caller};
use crate::extract::{Json as JsonBody, OptionalJson};
use crate::failure::problem::Failure;
use crate::providers::types::{
    ChangeProviderRequest, ForceOpenProviderRequest, ProviderListResponse, ProviderResponse,
    TestProviderResponse, expiry,
};
use crate::state::AppState;
use axum::Json;
use axum::extract::{Path, State};
use ragd_core::domain::Role;
use ragd_core::error::{Error, Result};
use ragd_llm::{ChatMessage, ChatRequest, Member};
use ragd_service::app::{Change, OverrideName};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How long other processes can see a reset.
const RESET_KNOWN_FOR: Duration = Duration::from_secs(60);
/// The question that tests a provider.
const TEST_QUESTION: &str = "Reply with the word OK.";
/// Enough for models that reason before they answer.
const TEST_MAX_TOKENS: u32 = 256;

/// Lists the providers with their breakers and limits.
#[utoipa::path(
    get, path = "/api/admin/providers", tag = "providers",
    responses((status = 200, body = ProviderListResponse))
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    _caller: Caller<Admin>,
) -> Json<ProviderListResponse> {
    let router = state.app.router();
    router.observe();
    Json(ProviderListResponse {
        object: "list",
        data: router
            .members()
            .map(|member| ProviderResponse::of(member, &state.app))
            .collect(),
        default_provider: router.default_provider(),
        force_default_provider: router.is_forced(),
    })
}

/// Gets a provider.
#[utoipa::path(
    get, path = "/api/admin/providers/{name}", tag = "providers",
    params(("name" = String, Path)),
    responses((status = 200, body = ProviderResponse))
)]
pub(crate) async fn get(
    State(state): State<AppState>,
    _caller: Caller<Admin>,
    Path(name): Path<String>,
) -> Result<Json<ProviderResponse>, Failure> {
    Ok(Json(ProviderResponse::of(find(&state, &name)?, &state.app)))
}

/// Enables or disables a provider.
#[utoipa::path(
    put, path = "/api/admin/providers/{name}", tag = "providers",
    params(("name" = String, Path)), request_body = ChangeProviderRequest,
    responses((status = 200, body = ProviderResponse))
)]
pub(crate) async fn change(
    State(state): State<AppState>,
    caller: Caller<Admin>,
    Path(name): Path<String>,
    JsonBody(body): JsonBody<ChangeProviderRequest>,
) -> Result<Json<ProviderResponse>, Failure> {
    find(&state, &name)?;
    let change = Change {
        name: OverrideName::Disabled(name.clone()),
        value: (!body.enabled).then_some(Value::Bool(true)),
        expires_in: expiry(body.expires_in_seconds)?,
    };
    let event = AuditEvent::success("provider.enabled", json!({ "enabled": body.enabled }));
    apply(&state, &caller, &name, &[change], event).await
}

/// Closes a provider's breakers and clears its pauses.
#[utoipa::path(
    post, path = "/api/admin/providers/{name}/reset", tag = "providers",
    params(("name" = String, Path)),
    responses((status = 200, body = ProviderResponse))
)]
pub(crate) async fn reset(
    State(state): State<AppState>,
    caller: Caller<Admin>,
    Path(name): Path<String>,
) -> Result<Json<ProviderResponse>, Failure> {
    find(&state, &name)?;
    let reset = Change {
        name: OverrideName::Reset(name.clone()),
        value: Some(Value::Bool(true)),
        expires_in: Some(RESET_KNOWN_FOR),
    };
    let changes = [withdrawn(OverrideName::ForcedOpen(name.clone())), reset];
    let event = AuditEvent::success("provider.breaker.reset", json!({}));
    apply(&state, &caller, &name, &changes, event).await
}

/// Holds a provider's breakers open: requests go to the other providers.
#[utoipa::path(
    post, path = "/api/admin/providers/{name}/force-open", tag = "providers",
    params(("name" = String, Path)), request_body = Option<ForceOpenProviderRequest>,
    responses((status = 200, body = ProviderResponse))
)]
pub(crate) async fn force_open(
    State(state): State<AppState>,
    caller: Caller<Admin>,
    Path(name): Path<String>,
    OptionalJson(body): OptionalJson<ForceOpenProviderRequest>,
) -> Result<Json<ProviderResponse>, Failure> {
    find(&state, &name)?;
    let expires_in = expiry(body.unwrap_or_default().expires_in_seconds)?;
    let change = Change {
        name: OverrideName::ForcedOpen(name.clone()),
        value: Some(Value::Bool(true)),
        expires_in,
    };
    let seconds = expires_in.map(|time| time.as_secs());
    let event = AuditEvent::success(
        "provider.breaker.force_open",
        json!({ "expires_in_seconds": seconds }),
    );
    apply(&state, &caller, &name, &[change], event).await
}

/// Releases breakers that were held open: they become half-open, so that the next calls decide.
#[utoipa::path(
    post, path = "/api/admin/providers/{name}/release", tag = "providers",
    params(("name" = String, Path)),
    responses((status = 200, body = ProviderResponse))
)]
pub(crate) async fn release(
    State(state): State<AppState>,
    caller: Caller<Admin>,
    Path(name): Path<String>,
) -> Result<Json<ProviderResponse>, Failure> {
    find(&state, &name)?;
    let changes = [withdrawn(OverrideName::ForcedOpen(name.clone()))];
    let event = AuditEvent::success("provider.breaker.release", json!({}));
    apply(&state, &caller, &name, &changes, event).await
}

/// Makes one real call of a provider, past its breaker and limiter, and returns the outcome.
#[utoipa::path(
    post, path = "/api/admin/providers/{name}/test", tag = "providers",
    params(("name" = String, Path)),
    responses((status = 200, body = TestProviderResponse))
)]
pub(crate) async fn test(
    State(state): State<AppState>,
    caller: Caller<Admin>,
    Path(name): Path<String>,
) -> Result<Json<TestProviderResponse>, Failure> {
    let member = find(&state, &name)?;
    let provider = member.provider();
    let question = [ChatMessage::new(Role::User, TEST_QUESTION)];
    let request = ChatRequest::of_messages(&question)
        .and_then(|request| request.with("temperature", Some(&0)))
        .and_then(|request| request.with("max_tokens", Some(&TEST_MAX_TOKENS)))
        .map_err(|error| {
            Error::internal("the test question cannot be serialised").with_source(error)
        })?;
    let started = Instant::now();
    let deadline = tokio::time::Instant::now() + provider.timeouts().first_content;
    let called = provider
        .complete(&request, provider.model(), deadline)
        .await;
    let latency_ms = started.elapsed().as_secs_f64() * 1_000.0;
    let (reply, error) = match called {
        Ok(reply) => (Some(reply), None),
        Err(error) => (None, Some(error)),
    };
    let details = json!({ "provider": name, "ok": reply.is_some() });
    caller
        .audit(&state.app, AuditEvent::success("provider.test", details))
        .await;
    Ok(Json(TestProviderResponse {
        provider: name,
        model: provider.model().to_owned(),
        ok: reply.is_some(),
        learnt: provider.learnt(provider.model()),
        latency_ms,
        answer: reply.map(|reply| reply.text.chars().take(200).collect()),
        kind: error.as_ref().map(|error| error.kind.as_str()),
        error: error.map(|error| error.message),
    }))
}

/// Applies changes of the provider `name` and writes an audit line.
async fn apply(
    state: &AppState,
    caller: &Caller<Admin>,
    name: &str,
    changes: &[Change],
    mut event: AuditEvent<'_>,
) -> Result<Json<ProviderResponse>, Failure> {
    state.app.change(changes, &caller.principal.name).await?;
    event.details["provider"] = json!(name);
    caller.audit(&state.app, event).await;
    Ok(Json(ProviderResponse::of(find(state, name)?, &state.app)))
}

fn withdrawn(name: OverrideName) -> Change {
    Change {
        name,
        value: None,
        expires_in: None,
    }
}

fn find<'a>(state: &'a AppState, name: &str) -> Result<&'a Member> {
    state.app.router().member(name).ok_or_else(|| {
        let shown: String = name.chars().take(64).collect();
        Error::not_found(format!("there is no provider '{shown}'"))
    })
}
