//! The table of data keys. Each is wrapped by a key that is never in a database; what is in here
//! opens nothing by itself.

use super::Store;
use super::fault::on_conflict;
use super::param::params;
use chrono::{DateTime, Utc};
use ragd_core::error::Result;

/// A data key as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct KeyringEntry {
    /// The name that sealed envelopes carry.
    pub key_id: String,
    /// The key that wraps it.
    pub kek_id: String,
    /// The wrapped key.
    pub wrapped_key: Vec<u8>,
    /// Where it stands; the words are those of the keyring.
    pub state: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

impl Store {
    /// Adds a key.
    ///
    /// # Errors
    /// `Conflict` when there is one of that name: another process was faster, read it;
    /// `Unavailable` without a database.
    pub async fn insert_key(&self, entry: &KeyringEntry) -> Result<()> {
        let sql = "INSERT INTO keyring (key_id, kek_id, wrapped_key, state, created_at)
             VALUES ($1, $2, $3, $4, $5)";
        let mut tx = self.begin().await?;
        tx.query(
            sql,
            params![
                entry.key_id.as_str(),
                entry.kek_id.as_str(),
                entry.wrapped_key.as_slice(),
                entry.state.as_str(),
                entry.created_at
            ],
        )
        .execute()
        .await
        .map_err(on_conflict("key_id: there is a key of this name already"))?;
        tx.commit().await
    }

    /// Every key, oldest first.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn list_keys(&self) -> Result<Vec<KeyringEntry>> {
        let sql = "SELECT key_id, kek_id, wrapped_key, state, created_at FROM keyring
             ORDER BY created_at, key_id";
        self.db.query(sql, params![]).all().await
    }
}
