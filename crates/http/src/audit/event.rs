//! One event of the audit trail, before the request's own data is added to it.

use ragd_core::domain::AuditResult;
use serde_json::Value;

/// What was done, and how it ended.
pub(crate) struct AuditEvent<'a> {
    /// Lower-case words joined by dots: `document.delete`.
    pub(crate) action: &'a str,
    /// What the action was about.
    pub(crate) details: Value,
    pub(crate) result: AuditResult,
}

impl<'a> AuditEvent<'a> {
    /// An action that succeeded.
    pub(crate) fn success(action: &'a str, details: Value) -> Self {
        Self {
            action,
            details,
            result: AuditResult::Success,
        }
    }

    /// An action that failed or was refused.
    pub(crate) fn failure(action: &'a str, details: Value) -> Self {
        Self {
            action,
            details,
            result: AuditResult::Failure,
        }
    }
}
