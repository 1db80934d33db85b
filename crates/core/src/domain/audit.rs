//! One line of the audit trail: who did what, with what result, from where. `store` and `telemetry`
//! write it.

use chrono::{DateTime, Utc};
use serde::Serialize;

/// Whether the audited action was carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, strum::IntoStaticStr, strum::EnumString)]
#[strum(serialize_all = "lowercase")]
#[serde(rename_all = "lowercase")]
pub enum AuditResult {
    /// It was.
    Success,
    /// It was refused, or it failed.
    Failure,
}

impl AuditResult {
    /// The word stored and logged.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// An audited action; serialises as the line of `logs/audit.log`.
#[derive(Debug, Clone, Serialize)]
pub struct AuditRecord {
    /// When it happened.
    pub timestamp: DateTime<Utc>,
    /// What was done, in dotted words: `auth.login`, `document.delete`.
    pub action: String,
    /// Who did it: a user's name or id, or the readable prefix of a key; never a secret.
    pub user_id: Option<String>,
    /// What else is worth keeping: ids, counts, reasons.
    pub details: serde_json::Value,
    /// Whether it was carried out.
    pub result: AuditResult,
    /// The client's address.
    pub ip_address: Option<String>,
    /// The request that caused it.
    pub request_id: Option<String>,
}
