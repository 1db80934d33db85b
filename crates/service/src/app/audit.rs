//! Writes the audit trail: the file for greps, SQL for queries.

use super::App;
use ragd_core::domain::AuditRecord;

impl App {
    /// Writes an audited action to both places. It cannot fail its caller: what cannot be written
    /// is logged.
    pub async fn audit(&self, record: AuditRecord) {
        if let Err(error) = self.0.audit_file.append(&record) {
            tracing::error!(%error, action = record.action, "audit.log was not written");
        }
        if let Err(error) = self.store().append_audit(&record).await {
            tracing::error!(
                error = error.chain(),
                action = record.action,
                "the audit trail was not stored"
            );
        }
    }
}
