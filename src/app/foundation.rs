//! What everything else stands on, opened first: the secrets, the database with its migrations, the
//! keys of private text.

use super::{DataFolder, Notice};
use crate::config::{Config, EncryptionConfig};
use crate::error::{Error, Result};
use crate::secret::{KeyEncryptionKey, DataKeyRow, Sealer, SecretFile};
use crate::store::{DatabaseSettings, DatabaseUrl, KeyringEntry, Store};
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;

/// Opens the database and, where that is wanted, migrates it.
pub(super) async fn open_store(config: &Config, folder: &DataFolder) -> Result<Store> {
    let database = &config.database;
    let parse = |url: &SecretString| DatabaseUrl::parse(url.expose_secret());
    let url = match &database.url {
        Some(url) => parse(url)?,
        None => DatabaseUrl::Sqlite(folder.database()),
    };
    let embedded = matches!(url, DatabaseUrl::Sqlite(_));
    let settings = DatabaseSettings {
        direct_url: database.direct_url.as_ref().map(parse).transpose()?,
        pool_size: database.pool_size,
        slow_query_after: Duration::from_millis(database.slow_query_ms),
        ..DatabaseSettings::new(url)
    };
    let store = Store::open(&settings).await?;
    if database.auto_migrate.unwrap_or(embedded) {
        store.migrate_up().await?;
    } else {
        let status = store.migration_status().await?;
        if !status.pending.is_empty() {
            return Err(Error::unavailable(format!(
                "the database is not ready: {} migration{} not applied. Run: ragd migrate up",
                status.pending.len(),
                if status.pending.len() == 1 { " is" } else { "s are" },
            ))
            .with_code("migrations_pending"));
        }
    }
    Ok(store)
}

/// The secrets that a start needs.
pub(super) struct Secrets {
    pub(super) api_keys: Vec<SecretString>,
    pub(super) signing: SecretString,
    pub(super) encryption: KeyEncryptionKey,
}

/// Reads the secrets, and makes those that development may make. Production's were required by the
/// configuration's check.
pub(super) fn open_secrets(
    config: &Config,
    folder: &DataFolder,
    notices: &mut Vec<Notice>,
) -> Result<Secrets> {
    let root = folder.root();
    let mut api_keys: Vec<SecretString> = config.auth.keys().cloned().collect();
    if api_keys.is_empty() {
        let file = SecretFile::new(root, "api_key");
        let found = file.load_or_create("ragd_")?;
        if found.created {
            notices.push(Notice::NewApiKey {
                key: found.secret.clone(),
                path: file.path().to_owned(),
            });
        }
        api_keys.push(found.secret);
    }
    let signing = match &config.auth.secret_key {
        Some(secret) => secret.clone(),
        None => SecretFile::new(root, "secret_key").load_or_create("")?.secret,
    };
    let encryption = match &config.encryption.db_encryption_key {
        Some(secret) => secret.clone(),
        None => SecretFile::new(root, "db_encryption_key").load_or_create("")?.secret,
    };
    let encryption = EncryptionConfig::parse_key(&encryption)
        .ok_or_else(|| Error::invalid("DB_ENCRYPTION_KEY: must be 32 bytes as hex or base64"))?;
    Ok(Secrets { api_keys, signing, encryption: KeyEncryptionKey::new(encryption) })
}

/// Opens the stored data keys, and makes the first one.
pub(super) async fn open_sealer(
    store: &Store,
    encryption: &KeyEncryptionKey,
    now: DateTime<Utc>,
) -> Result<Sealer> {
    let mut rows = store.list_keys().await?;
    if rows.is_empty() {
        let (row, _) = encryption.create_data_key()?;
        let entry = KeyringEntry {
            key_id: row.key_id,
            kek_id: row.kek_id,
            wrapped_key: row.wrapped,
            state: "active".to_owned(),
            created_at: now,
        };
        store.insert_key(&entry).await?;
        // Read again: two processes may have begun at once, and both must open every key.
        rows = store.list_keys().await?;
    }
    let keys = rows.into_iter().map(|row| {
        encryption.unwrap_data_key(&DataKeyRow {
            key_id: row.key_id,
            kek_id: row.kek_id,
            wrapped: row.wrapped_key,
        })
    });
    Sealer::new(keys.collect::<Result<_>>()?)
}
