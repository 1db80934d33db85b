//! `/api/admin/providers`: seeing the providers and steering them. Every change is kept in SQL, reaches
//! every process within five seconds, and is written into the audit trail.

pub(crate) mod default;
mod types;

use crate::extract::caller::{Admin, Caller};
use crate::extract::{Json as JsonBody, OptionalJson};
use crate::failure::problem::Failure;
use crate::providers::types::{ProviderBody, ProviderListBody};
use crate::state::AppState;
use axum::Json;
use axum::extract::{Path, State};
use ragd_core::domain::Role;
use ragd_core::error::{Error, Result};
use ragd_llm::{ChatMessage, ChatRequest, Member};
use ragd_service::app::{Change, OverrideName};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use utoipa::ToSchema;

/// How long a change may hold.
const MAX_EXPIRY_SECONDS: u64 = 30 * 24 * 3_600;
/// How long a reset is known to other processes.
const RESET_KNOWN_FOR: Duration = Duration::from_secs(60);
/// What a provider is asked to see whether it answers.
const TEST_QUESTION: &str = "Reply with the word OK.";
/// Enough for models that think before they speak.
const TEST_MAX_TOKENS: u32 = 256;

/// What is changed of a provider.
#[derive(Deserialize, ToSchema)]
pub(crate) struct ProviderChangeBody {
    /// `false`: no request is sent to it.
    enabled: bool,
    /// When the change ends by itself; left out: when it is taken back.
    #[schema(minimum = 1, maximum = 2592000)]
    expires_in_seconds: Option<u64>,
}

/// How long a change holds.
#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct ExpiryBody {
    /// When it ends by itself; left out: when it is taken back.
    #[schema(minimum = 1, maximum = 2592000)]
    expires_in_seconds: Option<u64>,
}

/// What one real call of a provider found.
#[derive(Serialize, ToSchema)]
pub(crate) struct TestBody {
    provider: String,
    model: String,
    /// Whether it answered.
    ok: bool,
    latency_ms: f64,
    /// The answer's beginning.
    answer: Option<String>,
    /// What went wrong: `connect`, `unauthorized`, `timeout`, …
    kind: Option<&'static str>,
    error: Option<String>,
}

/// The providers, with what guards them.
#[utoipa::path(
    get, path = "/api/admin/providers", tag = "providers",
    responses((status = 200, body = ProviderListBody))
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    _caller: Caller<Admin>,
) -> Json<ProviderListBody> {
    let router = state.app.router();
    router.observe();
    Json(ProviderListBody {
        object: "list",
        data: router
            .members()
            .map(|member| ProviderBody::of(member, &state.app))
            .collect(),
        default_provider: router.default_provider(),
        force_default_provider: router.is_forced(),
    })
}

/// One provider.
#[utoipa::path(
    get, path = "/api/admin/providers/{name}", tag = "providers",
    params(("name" = String, Path)),
    responses((status = 200, body = ProviderBody))
)]
pub(crate) async fn get(
    State(state): State<AppState>,
    _caller: Caller<Admin>,
    Path(name): Path<String>,
) -> Result<Json<ProviderBody>, Failure> {
    Ok(Json(ProviderBody::of(find(&state, &name)?, &state.app)))
}

/// Leaves a provider out, or takes it in again.
#[utoipa::path(
    put, path = "/api/admin/providers/{name}", tag = "providers",
    params(("name" = String, Path)), request_body = ProviderChangeBody,
    responses((status = 200, body = ProviderBody))
)]
pub(crate) async fn change(
    State(state): State<AppState>,
    caller: Caller<Admin>,
    Path(name): Path<String>,
    JsonBody(body): JsonBody<ProviderChangeBody>,
) -> Result<Json<ProviderBody>, Failure> {
    find(&state, &name)?;
    let change = Change {
        name: OverrideName::Disabled(name.clone()),
        value: (!body.enabled).then_some(Value::Bool(true)),
        expires_in: expiry(body.expires_in_seconds)?,
    };
    let done = ("provider.enabled", json!({ "enabled": body.enabled }));
    apply(&state, &caller, (&name, vec![change]), done).await
}

/// Closes a provider's breakers and forgets what held it back.
#[utoipa::path(
    post, path = "/api/admin/providers/{name}/reset", tag = "providers",
    params(("name" = String, Path)),
    responses((status = 200, body = ProviderBody))
)]
pub(crate) async fn reset(
    State(state): State<AppState>,
    caller: Caller<Admin>,
    Path(name): Path<String>,
) -> Result<Json<ProviderBody>, Failure> {
    find(&state, &name)?;
    let reset = Change {
        name: OverrideName::Reset(name.clone()),
        value: Some(Value::Bool(true)),
        expires_in: Some(RESET_KNOWN_FOR),
    };
    let changes = vec![taken_back(OverrideName::ForcedOpen(name.clone())), reset];
    let done = ("provider.breaker.reset", json!({}));
    apply(&state, &caller, (&name, changes), done).await
}

/// Holds a provider's breakers open: nothing is sent to it, and others stand in.
#[utoipa::path(
    post, path = "/api/admin/providers/{name}/force-open", tag = "providers",
    params(("name" = String, Path)), request_body = Option<ExpiryBody>,
    responses((status = 200, body = ProviderBody))
)]
pub(crate) async fn force_open(
    State(state): State<AppState>,
    caller: Caller<Admin>,
    Path(name): Path<String>,
    OptionalJson(body): OptionalJson<ExpiryBody>,
) -> Result<Json<ProviderBody>, Failure> {
    find(&state, &name)?;
    let expires_in = expiry(body.unwrap_or_default().expires_in_seconds)?;
    let change = Change {
        name: OverrideName::ForcedOpen(name.clone()),
        value: Some(Value::Bool(true)),
        expires_in,
    };
    let seconds = expires_in.map(|time| time.as_secs());
    let done = (
        "provider.breaker.force_open",
        json!({ "expires_in_seconds": seconds }),
    );
    apply(&state, &caller, (&name, vec![change]), done).await
}

/// Lets go of a provider's breakers that were held open: they are half-open then, so that the next
/// calls decide.
#[utoipa::path(
    post, path = "/api/admin/providers/{name}/release", tag = "providers",
    params(("name" = String, Path)),
    responses((status = 200, body = ProviderBody))
)]
pub(crate) async fn release(
    State(state): State<AppState>,
    caller: Caller<Admin>,
    Path(name): Path<String>,
) -> Result<Json<ProviderBody>, Failure> {
    find(&state, &name)?;
    let changes = vec![taken_back(OverrideName::ForcedOpen(name.clone()))];
    let done = ("provider.breaker.release", json!({}));
    apply(&state, &caller, (&name, changes), done).await
}

/// Makes one real call of a provider, past its breaker and limiter, and says what came.
#[utoipa::path(
    post, path = "/api/admin/providers/{name}/test", tag = "providers",
    params(("name" = String, Path)),
    responses((status = 200, body = TestBody))
)]
pub(crate) async fn test(
    State(state): State<AppState>,
    caller: Caller<Admin>,
    Path(name): Path<String>,
) -> Result<Json<TestBody>, Failure> {
    let member = find(&state, &name)?;
    let provider = member.provider();
    let question = [ChatMessage::new(Role::User, TEST_QUESTION)];
    let request = ChatRequest::of_messages(&question)
        .and_then(|request| request.with("max_tokens", Some(&TEST_MAX_TOKENS)))
        .map_err(|error| Error::internal("the question is no JSON").with_source(error))?;
    let begun = Instant::now();
    let deadline = tokio::time::Instant::now() + provider.timeouts().first_content;
    let called = provider
        .complete(&request, provider.model(), deadline)
        .await;
    let latency_ms = begun.elapsed().as_secs_f64() * 1_000.0;
    let (reply, error) = match called {
        Ok(reply) => (Some(reply), None),
        Err(error) => (None, Some(error)),
    };
    let details = json!({ "provider": name, "ok": reply.is_some() });
    caller.audit(&state.app, "provider.test", details).await;
    Ok(Json(TestBody {
        provider: name,
        model: provider.model().to_owned(),
        ok: reply.is_some(),
        latency_ms,
        answer: reply.map(|reply| reply.text.chars().take(200).collect()),
        kind: error.as_ref().map(|error| error.kind.as_str()),
        error: error.map(|error| error.message),
    }))
}

/// Makes the changes, and writes down who made them.
async fn apply(
    state: &AppState,
    caller: &Caller<Admin>,
    (name, changes): (&str, Vec<Change>),
    (action, mut details): (&str, Value),
) -> Result<Json<ProviderBody>, Failure> {
    state.app.change(&changes, &caller.principal.name).await?;
    details["provider"] = json!(name);
    caller.audit(&state.app, action, details).await;
    Ok(Json(ProviderBody::of(find(state, name)?, &state.app)))
}

fn taken_back(name: OverrideName) -> Change {
    Change {
        name,
        value: None,
        expires_in: None,
    }
}

fn find<'a>(state: &'a AppState, name: &str) -> Result<&'a Member> {
    state.app.router().member(name).ok_or_else(|| {
        let shown: String = name.chars().take(64).collect();
        Error::not_found(format!("there is no provider '{shown}' here"))
    })
}

/// # Errors
/// `Invalid` that names the field and its limit.
pub(crate) fn expiry(seconds: Option<u64>) -> Result<Option<Duration>> {
    match seconds {
        Some(seconds) if !(1..=MAX_EXPIRY_SECONDS).contains(&seconds) => Err(Error::invalid(
            format!("expires_in_seconds: must be between 1 and {MAX_EXPIRY_SECONDS}"),
        )),
        seconds => Ok(seconds.map(Duration::from_secs)),
    }
}
