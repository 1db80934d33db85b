//! Callers that a limit refused, in the audit trail: one line a minute for an address, with the
//! count of what it stands for.

use super::caller::{Caller, Permission};
use super::problem::Failure;
use super::state::Door;
use crate::domain::AuditResult;
use crate::error::{Error, ErrorKind};

/// The failure that `error` is to the caller; where a limit was broken it goes into the audit trail.
pub(super) async fn refused<P: Permission>(
    door: &Door,
    caller: &Caller<P>,
    error: Error,
) -> Failure {
    if matches!(error.kind(), ErrorKind::RateLimited { .. }) {
        let now = door.app.clock().now();
        if let Some(count) = door.limited.count(caller.address(), now) {
            let details = serde_json::json!({ "reason": error.to_string(), "count": count });
            let deed = ("Rate limit exceeded", AuditResult::Failure);
            caller.audit_result(&door.app, deed, details).await;
        }
    }
    error.into()
}
