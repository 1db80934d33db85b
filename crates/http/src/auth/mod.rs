//! `POST /auth/token`, OAuth2's password grant (RFC 6749, 4.3), and `GET /auth/users/me`.

pub(crate) mod login_limiter;

use crate::audit::event::AuditEvent;
use crate::extract::Form;
use crate::extract::caller::{Anyone, Caller};
use crate::extract::client::Client;
use crate::failure::problem::Failure;
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::IntoResponse;
use chrono::{DateTime, Utc};
use ragd_core::domain::{AuditResult, Scope};
use ragd_core::error::{Error, ErrorKind, Result};
use ragd_service::auth::Token;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

/// A login.
#[derive(Deserialize, ToSchema)]
pub(crate) struct TokenRequest {
    #[schema(example = "admin")]
    username: String,
    #[schema(value_type = String, format = Password)]
    password: SecretString,
    /// Must be `password` if given.
    #[schema(example = "password")]
    grant_type: Option<String>,
}

/// An access token.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenResponse {
    access_token: String,
    /// Always `bearer`.
    #[schema(example = "bearer")]
    token_type: &'static str,
    /// Seconds until it expires.
    #[schema(example = 1800)]
    expires_in: i64,
}

/// A user.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserResponse {
    id: Uuid,
    username: String,
    email: String,
    is_admin: bool,
    #[schema(value_type = Vec<String>)]
    scopes: Vec<Scope>,
    created_at: DateTime<Utc>,
}

/// Logs a user in and returns a token.
#[utoipa::path(
    post, path = "/auth/token", tag = "auth", security(()),
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = TokenResponse))
)]
pub(crate) async fn token(
    State(state): State<AppState>,
    client: Client,
    Form(form): Form<TokenRequest>,
) -> Result<impl IntoResponse, Failure> {
    if form
        .grant_type
        .as_deref()
        .is_some_and(|grant| grant != "password")
    {
        return Err(Error::invalid("grant_type: must be 'password'").into());
    }
    let token = log_in(&state, &client, &form).await?;
    let body = TokenResponse {
        access_token: token.access_token.expose_secret().to_owned(),
        token_type: "bearer",
        expires_in: token.expires_in_seconds,
    };
    Ok(([(CACHE_CONTROL, "no-store")], Json(body)))
}

/// Logs in, unless too many logins failed recently. Every login is written to the audit trail.
async fn log_in(state: &AppState, client: &Client, form: &TokenRequest) -> Result<Token> {
    let now = state.app.clock().now();
    let limiter = &state.login_limiter;
    if let Err(error) = limiter.check(client.address, &form.username, now) {
        state
            .app
            .shared_metrics()
            .rate_limit_violations
            .with_label_values(&["token"])
            .inc();
        tracing::warn!("{error}");
        if let Some(count) = state.failed_credentials.count(client.address, now) {
            let details = json!({ "reason": error.to_string(), "count": count });
            audit_login(state, client, form, AuditResult::Failure, details).await;
        }
        return Err(error);
    }
    let outcome = state.app.auth().login(&form.username, &form.password).await;
    let (result, details) = match &outcome {
        Ok(_) => (AuditResult::Success, json!({})),
        Err(error) if error.kind() == ErrorKind::Unauthorized => {
            limiter.count(client.address, &form.username, now);
            (AuditResult::Failure, json!({ "reason": "login failed" }))
        }
        Err(error) => (AuditResult::Failure, json!({ "reason": error.code() })),
    };
    audit_login(state, client, form, result, details).await;
    outcome
}

async fn audit_login(
    state: &AppState,
    client: &Client,
    form: &TokenRequest,
    result: AuditResult,
    details: Value,
) {
    let user: String = form.username.chars().take(64).collect();
    let event = AuditEvent {
        action: "auth.login",
        details,
        result,
    };
    client.audit(&state.app, Some(&user), event).await;
}

/// Gets the user of the token.
#[utoipa::path(
    get, path = "/auth/users/me", tag = "auth",
    responses((status = 200, body = UserResponse))
)]
pub(crate) async fn me(
    State(state): State<AppState>,
    caller: Caller<Anyone>,
) -> Result<Json<UserResponse>, Failure> {
    let user = state.app.auth().user(&caller.principal).await?;
    let no_user = || {
        Error::new(
            ErrorKind::Forbidden,
            "an API key belongs to no user: log in for a token",
        )
    };
    let user = user.ok_or_else(no_user)?;
    Ok(Json(UserResponse {
        id: user.id.uuid(),
        username: user.username,
        email: user.email,
        is_admin: user.is_admin,
        scopes: caller.principal.scopes,
        created_at: user.created_at,
    }))
}
