//! The extractor that authenticates and authorises: a handler that takes a [`Caller`] runs only for a
//! principal with the right scope. It runs before the body is read.

use crate::audit::event::AuditEvent;
use crate::extract::client::Client;
use crate::failure::problem::Failure;
use crate::state::AppState;
use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};
use ragd_core::domain::{Principal, Scope};
use ragd_core::error::{Error, ErrorKind};
use ragd_service::app::App;
use std::marker::PhantomData;
use std::net::IpAddr;

/// The header of an API key.
pub(crate) const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// A permission that a route requires.
pub(crate) trait Permission {
    /// The required scope; `None`: any credential will do.
    const SCOPE: Option<Scope>;
}

/// Any authenticated caller.
pub(crate) struct Anyone;
/// Callers that may ask questions and read.
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
    /// The client's address, where it is known.
    pub(crate) fn address(&self) -> Option<IpAddr> {
        self.client.address
    }

    /// Writes into the audit trail what the caller did, or tried to do.
    pub(crate) async fn audit(&self, app: &App, event: AuditEvent<'_>) {
        let user = self.principal.name.as_str();
        self.client.audit(app, Some(user), event).await;
    }
}

/// The principal that a middleware has authenticated: an extension of the request, so that the handler's
/// [`Caller`] does not authenticate again.
#[derive(Clone)]
pub(crate) struct Authenticated(pub(crate) Principal);

impl<P: Permission + Send> FromRequestParts<AppState> for Caller<P> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Failure> {
        let principal = match parts.extensions.remove::<Authenticated>() {
            Some(Authenticated(principal)) => principal,
            None => authenticate(parts, state).await?,
        };
        require(P::SCOPE, &principal)?;
        Ok(Self {
            principal,
            client: Client::of(parts, &state.app),
            permission: PhantomData,
        })
    }
}

/// For open routes that say more to authenticated callers. A credential that cannot be checked counts as
/// none.
impl OptionalFromRequestParts<AppState> for Caller<Anyone> {
    type Rejection = Failure;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &AppState,
    ) -> Result<Option<Self>, Failure> {
        let client = Client::of(parts, &state.app);
        let principal = principal_of(&parts.headers, state).await.ok();
        Ok(principal.map(|principal| Self {
            principal,
            client,
            permission: PhantomData,
        }))
    }
}

/// Authenticates a request; a refused credential is written to the audit trail.
///
/// # Errors
/// `Unauthorized` without a valid credential; `Unavailable` when it cannot be checked.
pub(crate) async fn authenticate(parts: &Parts, state: &AppState) -> Result<Principal, Failure> {
    match principal_of(&parts.headers, state).await {
        Ok(principal) => Ok(principal),
        Err(error) => {
            audit_refusal(&error, &Client::of(parts, &state.app), state).await;
            Err(error.into())
        }
    }
}

/// Checks that a principal has a scope.
///
/// # Errors
/// `Forbidden` without it.
pub(crate) fn require(scope: Option<Scope>, principal: &Principal) -> Result<(), Failure> {
    match scope {
        Some(scope) if !principal.allows(scope) => {
            let message = format!("this takes a credential with scope '{}'", scope.as_str());
            Err(Error::new(ErrorKind::Forbidden, message).into())
        }
        _ => Ok(()),
    }
}

async fn principal_of(
    headers: &HeaderMap,
    state: &AppState,
) -> ragd_core::error::Result<Principal> {
    let text = |name: HeaderName| headers.get(name)?.to_str().ok();
    let auth = state.app.auth();
    auth.authenticate(text(AUTHORIZATION), text(X_API_KEY))
        .await
}

/// A missing credential is not written: a browser's first request has none.
async fn audit_refusal(error: &Error, client: &Client, state: &AppState) {
    if error.kind() != ErrorKind::Unauthorized || error.code() == "credential_missing" {
        return;
    }
    let now = state.app.clock().now();
    let Some(count) = state.failed_credentials.count(client.address, now) else {
        return;
    };
    let details = serde_json::json!({ "reason": error.to_string(), "count": count });
    let event = AuditEvent::failure("auth.failed", details);
    client.audit(&state.app, None, event).await;
}
