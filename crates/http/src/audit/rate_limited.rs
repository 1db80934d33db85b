//! Requests refused by a rate limit, in the audit trail: one line a minute for each address, with the
//! number of refusals since the last line.

use crate::audit::event::AuditEvent;
use crate::extract::caller::{Caller, Permission};
use crate::failure::problem::Failure;
use crate::state::AppState;
use ragd_core::error::{Error, ErrorKind};

/// Turns `error` into the caller's failure. A rate-limit error is written to the audit trail first.
pub(crate) async fn refused<P: Permission>(
    state: &AppState,
    caller: &Caller<P>,
    error: Error,
) -> Failure {
    if matches!(error.kind(), ErrorKind::RateLimited { .. }) {
        let now = state.app.clock().now();
        if let Some(count) = state.rate_limited.count(caller.address(), now) {
            let details = serde_json::json!({ "reason": error.to_string(), "count": count });
            let event = AuditEvent::failure("Rate limit exceeded", details);
            caller.audit(&state.app, event).await;
        }
    }
    error.into()
}
