//! The extractor that is the permission check: a handler that takes a [`Caller`] runs only for a
//! principal that has the scope, and is asked before a byte of the body is read.

use crate::extract::client::{AuditEvent, Client};
use crate::failure::problem::Failure;
use crate::state::AppState;
use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};
use ragd_core::domain::{AuditResult, Principal, Scope};
use ragd_core::error::{Error, ErrorKind};
use ragd_service::app::App;
use std::marker::PhantomData;
use std::net::IpAddr;

/// The header of an API key.
pub(crate) const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// A permission that a route asks for.
pub(crate) trait Permission {
    /// The scope that it takes; `None`: any credential will do.
    const SCOPE: Option<Scope>;
}

/// Any known caller.
pub(crate) struct Anyone;
/// Callers that may ask and read.
pub(crate) struct Chat;
/// Callers that may add and change documents.
pub(crate) struct Ingest;
/// Operators.
pub(crate) struct Admin;

impl Permission for Anyone {
    const SCOPE: Option<Scope> = None;
}
impl Permission for Chat {
    const SCOPE: Option<Scope> = Some(Scope::Chat);
}
impl Permission for Ingest {
    const SCOPE: Option<Scope> = Some(Scope::Ingest);
}
impl Permission for Admin {
    const SCOPE: Option<Scope> = Some(Scope::Admin);
}

/// A caller with permission `P`.
pub(crate) struct Caller<P: Permission> {
    pub(crate) principal: Principal,
    client: Client,
    permission: PhantomData<P>,
}

impl<P: Permission> Caller<P> {
    /// Where the caller is.
    pub(crate) fn address(&self) -> Option<IpAddr> {
        self.client.address
    }

    /// Writes into the audit trail that the caller did `action`.
    pub(crate) async fn audit(&self, app: &App, action: &str, details: serde_json::Value) {
        let done = (action, AuditResult::Success);
        self.audit_result(app, done, details).await;
    }

    /// Writes into the audit trail that the caller did an action, or tried to.
    pub(crate) async fn audit_result(
        &self,
        app: &App,
        (action, result): (&str, AuditResult),
        details: serde_json::Value,
    ) {
        let event = AuditEvent {
            action,
            user: Some(self.principal.name.as_str()),
            details,
            result,
        };
        self.client.audit(app, event).await;
    }
}

impl<P: Permission + Send> FromRequestParts<AppState> for Caller<P> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Failure> {
        let client = Client::of(parts, &state.app);
        let principal = match authenticate(&parts.headers, state).await {
            Ok(principal) => principal,
            Err(error) => {
                audit_refusal(&error, &client, state).await;
                return Err(error.into());
            }
        };
        match P::SCOPE {
            Some(scope) if !principal.allows(scope) => Err(forbidden(scope).into()),
            _ => Ok(Self {
                principal,
                client,
                permission: PhantomData,
            }),
        }
    }
}

/// For routes that are open, and say more to those they know. An outage is not an answer to that
/// question either, so it too counts as not known.
impl OptionalFromRequestParts<AppState> for Caller<Anyone> {
    type Rejection = Failure;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &AppState,
    ) -> Result<Option<Self>, Failure> {
        let client = Client::of(parts, &state.app);
        let principal = authenticate(&parts.headers, state).await.ok();
        Ok(principal.map(|principal| Self {
            principal,
            client,
            permission: PhantomData,
        }))
    }
}

/// The principal of the credential in `headers`.
pub(crate) async fn authenticate(
    headers: &HeaderMap,
    state: &AppState,
) -> ragd_core::error::Result<Principal> {
    let text = |name: HeaderName| {
        let value = headers.get(name)?;
        value.to_str().ok()
    };
    let auth = state.app.auth();
    auth.authenticate(text(AUTHORIZATION), text(X_API_KEY))
        .await
}

/// A missing credential is not worth a line: a browser's first request has none.
async fn audit_refusal(error: &Error, client: &Client, state: &AppState) {
    if error.kind() != ErrorKind::Unauthorized || error.code() == "credential_missing" {
        return;
    }
    let now = state.app.clock().now();
    let Some(count) = state.refusals.count(client.address, now) else {
        return;
    };
    let event = AuditEvent {
        action: "auth.failed",
        user: None,
        details: serde_json::json!({ "reason": error.to_string(), "count": count }),
        result: AuditResult::Failure,
    };
    client.audit(&state.app, event).await;
}

fn forbidden(scope: Scope) -> Error {
    let message = format!("this takes a credential with scope '{}'", scope.as_str());
    Error::new(ErrorKind::Forbidden, message)
}
