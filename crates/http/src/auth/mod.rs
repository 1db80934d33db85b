//! `POST /auth/token`, as OAuth2's password grant (RFC 6749, 4.3) asks for it, and who one is.

pub(crate) mod login_limiter;

use crate::extract::Form;
use crate::extract::caller::{Anyone, Caller};
use crate::extract::client::{AuditEvent, Client};
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
use utoipa::ToSchema;
use uuid::Uuid;

/// A login.
#[derive(Deserialize, ToSchema)]
pub(crate) struct LoginForm {
    #[schema(example = "admin")]
    username: String,
    #[schema(value_type = String, format = Password)]
    password: SecretString,
    /// `password`, or left out.
    #[schema(example = "password")]
    grant_type: Option<String>,
}

/// A token.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenBody {
    access_token: String,
    /// Always `bearer`.
    #[schema(example = "bearer")]
    token_type: &'static str,
    /// How long it is good, in seconds.
    #[schema(example = 1800)]
    expires_in: i64,
}

/// A user.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserBody {
    id: Uuid,
    username: String,
    email: String,
    is_admin: bool,
    #[schema(value_type = Vec<String>)]
    scopes: Vec<Scope>,
    created_at: DateTime<Utc>,
}

/// Logs a user in.
#[utoipa::path(
    post, path = "/auth/token", tag = "auth", security(()),
    request_body(content = LoginForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = TokenBody))
)]
pub(crate) async fn token(
    State(state): State<AppState>,
    client: Client,
    Form(form): Form<LoginForm>,
) -> Result<impl IntoResponse, Failure> {
    if form
        .grant_type
        .as_deref()
        .is_some_and(|grant| grant != "password")
    {
        return Err(Error::invalid("grant_type: must be 'password'").into());
    }
    let token = log_in(&state, &client, &form).await?;
    let body = TokenBody {
        access_token: token.access_token.expose_secret().to_owned(),
        token_type: "bearer",
        expires_in: token.expires_in_seconds,
    };
    Ok(([(CACHE_CONTROL, "no-store")], Json(body)))
}

/// Logs in, unless too many logins failed of late; either way the audit trail says so.
async fn log_in(state: &AppState, client: &Client, form: &LoginForm) -> Result<Token> {
    let now = state.app.clock().now();
    if let Err(error) = state.logins.check(client.address, &form.username, now) {
        state
            .app
            .shared_metrics()
            .rate_limit_violations
            .with_label_values(&["token"])
            .inc();
        tracing::warn!("{error}");
        if let Some(count) = state.refusals.count(client.address, now) {
            let details = serde_json::json!({ "reason": error.to_string(), "count": count });
            audit_login(state, client, (form, AuditResult::Failure, details)).await;
        }
        return Err(error);
    }
    let outcome = state.app.auth().login(&form.username, &form.password).await;
    let (result, details) = match &outcome {
        Ok(_) => (AuditResult::Success, serde_json::json!({})),
        Err(error) if error.kind() == ErrorKind::Unauthorized => {
            state.logins.count(client.address, &form.username, now);
            (
                AuditResult::Failure,
                serde_json::json!({ "reason": "login failed" }),
            )
        }
        Err(error) => (
            AuditResult::Failure,
            serde_json::json!({ "reason": error.code() }),
        ),
    };
    audit_login(state, client, (form, result, details)).await;
    outcome
}

async fn audit_login(
    state: &AppState,
    client: &Client,
    (form, result, details): (&LoginForm, AuditResult, serde_json::Value),
) {
    let user: String = form.username.chars().take(64).collect();
    let event = AuditEvent {
        action: "auth.login",
        user: Some(&user),
        details,
        result,
    };
    client.audit(&state.app, event).await;
}

/// The user whose token this is.
#[utoipa::path(
    get, path = "/auth/users/me", tag = "auth",
    responses((status = 200, body = UserBody))
)]
pub(crate) async fn me(
    State(state): State<AppState>,
    caller: Caller<Anyone>,
) -> Result<Json<UserBody>, Failure> {
    let user = state.app.auth().user(&caller.principal).await?;
    let no_user = || {
        Error::new(
            ErrorKind::Forbidden,
            "an API key is no user: log in for a token",
        )
    };
    let user = user.ok_or_else(no_user)?;
    Ok(Json(UserBody {
        id: user.id.uuid(),
        username: user.username,
        email: user.email,
        is_admin: user.is_admin,
        scopes: caller.principal.scopes,
        created_at: user.created_at,
    }))
}
