//! Callers that a limit refused, in the audit trail: one line a minute for an address, with the
//! count of what it stands for.

use crate::extract::caller::{Caller, Permission};
use crate::failure::problem::Failure;
use crate::state::AppState;
use ragd_core::domain::AuditResult;
use ragd_core::error::{Error, ErrorKind};

/// The failure that `error` is to the caller; where a limit was broken it goes into the audit trail.
pub(crate) async fn refused<P: Permission>(
    state: &AppState,
    caller: &Caller<P>,
    error: Error,
) -> Failure {
    if matches!(error.kind(), ErrorKind::RateLimited { .. }) {
        let now = state.app.clock().now();
        if let Some(count) = state.limited.count(caller.address(), now) {
            let details = serde_json::json!({ "reason": error.to_string(), "count": count });
            let event = ("Rate limit exceeded", AuditResult::Failure);
            caller.audit_result(&state.app, event, details).await;
        }
    }
    error.into()
}
