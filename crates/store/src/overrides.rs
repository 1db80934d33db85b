//! What operators have changed while ragd runs, over what the configuration says. What a change means
//! is not known here.

use super::Store;
use super::param::params;
use chrono::{DateTime, Utc};
use ragd_core::error::Result;

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Override {
    /// What is changed.
    pub name: String,
    /// To what, as JSON.
    pub value: String,
    /// What the configuration said when it was made.
    pub baseline: String,
    /// When it ends by itself; `None`: when it is taken back.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub updated_at: DateTime<Utc>,
    /// Who made it.
    pub updated_by: String,
}

impl Store {
    /// Every change that is in force at `now`, by name.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn overrides(&self, now: DateTime<Utc>) -> Result<Vec<Override>> {
        let sql = "SELECT name, value, baseline, expires_at, updated_at, updated_by
             FROM overrides WHERE expires_at IS NULL OR expires_at > $1 ORDER BY name";
        self.db.query(sql, params![now]).all().await
    }

    /// Makes a change, in the place of an earlier one of its name.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn put_override(&self, change: &Override) -> Result<()> {
        let sql =
            "INSERT INTO overrides (name, value, baseline, expires_at, updated_at, updated_by)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value, baseline = excluded.baseline,
                 expires_at = excluded.expires_at, updated_at = excluded.updated_at,
                 updated_by = excluded.updated_by";
        let mut tx = self.begin().await?;
        tx.query(
            sql,
            params![
                change.name.as_str(),
                change.value.as_str(),
                change.baseline.as_str(),
                change.expires_at,
                change.updated_at,
                change.updated_by.as_str()
            ],
        )
        .execute()
        .await?;
        tx.commit().await
    }

    /// Takes a change back; does nothing when there is no such change.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn delete_override(&self, name: &str) -> Result<()> {
        let mut tx = self.begin().await?;
        tx.query("DELETE FROM overrides WHERE name = $1", params![name])
            .execute()
            .await?;
        tx.commit().await
    }
}
