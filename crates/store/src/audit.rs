//! The table of the audit trail: lines are added and read, never changed.

use super::Store;
use super::keyset::Keyset;
use super::param::{json, params};
use super::sql::page_sql;
use chrono::{DateTime, Utc};
use ragd_core::domain::{AuditId, AuditRecord, AuditResult, Page, PageRequest};
use ragd_core::error::Result;
use sqlx::types::Json;
use uuid::Uuid;

#[derive(sqlx::FromRow)]
struct AuditRow {
    id: Uuid,
    timestamp: DateTime<Utc>,
    action: String,
    user_id: Option<String>,
    details: Json<serde_json::Value>,
    result: String,
    ip_address: Option<String>,
    request_id: Option<String>,
}

impl AuditRow {
    fn into_entry(self) -> (AuditId, AuditRecord) {
        let record = AuditRecord {
            timestamp: self.timestamp,
            action: self.action,
            user_id: self.user_id,
            details: self.details.0,
            result: self.result.parse().unwrap_or(AuditResult::Failure),
            ip_address: self.ip_address,
            request_id: self.request_id,
        };
        (AuditId::from_uuid(self.id), record)
    }
}

impl Store {
    /// Adds a line and returns its id. NUL characters, which a caller without a credential may
    /// have sent and Postgres cannot store, become U+FFFD: a line is never lost.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn append_audit(&self, record: &AuditRecord) -> Result<AuditId> {
        let sql = "INSERT INTO audit
                 (id, timestamp, action, user_id, details, result, ip_address, request_id)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let id = AuditId::new(record.timestamp);
        let mut tx = self.begin().await?;
        tx.query(
            sql,
            params![
                id.uuid(),
                record.timestamp,
                storable(&record.action),
                record.user_id.as_deref().map(storable),
                json(&storable_json(&record.details))?,
                record.result.as_str(),
                record.ip_address.as_deref().map(storable),
                record.request_id.as_deref().map(storable)
            ],
        )
        .execute()
        .await?;
        tx.commit().await?;
        Ok(id)
    }

    /// A page of the trail, by time.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn list_audit(&self, page: PageRequest) -> Result<Page<(AuditId, AuditRecord)>> {
        let keyset = Keyset::of(&page);
        let sql = page_sql!(
            keyset,
            "SELECT id, timestamp, action, user_id, details, result, ip_address, request_id
             FROM audit WHERE id > $1 AND id < $2 ORDER BY id {order} LIMIT $3"
        );
        let rows: Vec<AuditRow> = self
            .db
            .query(sql, params![keyset.above, keyset.below, keyset.rows()])
            .all()
            .await?;
        Ok(keyset.page(rows.into_iter().map(AuditRow::into_entry).collect()))
    }
}

fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

fn storable_json(value: &serde_json::Value) -> serde_json::Value {
    use serde_json::Value::{Array, Object, String};
    match value {
        String(text) => String(storable(text)),
        Array(items) => Array(items.iter().map(storable_json).collect()),
        Object(entries) => {
            let entries = entries.iter();
            Object(
                entries
                    .map(|(name, item)| (storable(name), storable_json(item)))
                    .collect(),
            )
        }
        other => other.clone(),
    }
}
