//! What every service needs, opened first: the data folder and its lock, metrics, the audit file, the
//! secrets, the database with its migrations, the keys of private text, the cache.

use super::data_folder::{DataFolder, FolderLock};
use super::notice::StartupNotice;
use crate::auth::{Auth, AuthSettings};
use crate::cache::{Cache, MemoryCache, RedisCache, RedisSettings};
use crate::config::{Config, EncryptionConfig};
use crate::secret::{DataKeyRow, KeyEncryptionKey, Sealer, SecretFile, random_hex};
use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use ragd_core::clock::Clock;
use ragd_core::error::{Error, Result};
use ragd_core::resilience::arm_failpoint;
use ragd_core::telemetry::{AuditFile, MetricsRegistry, SharedMetrics};
use ragd_llm::LlmMetrics;
use ragd_store::{DatabaseSettings, DatabaseUrl, KeyringEntry, Store, User};
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;

/// What every service needs.
pub(super) struct Foundation {
    pub(super) folder: DataFolder,
    pub(super) installation: uuid::Uuid,
    pub(super) registry: MetricsRegistry,
    pub(super) shared_metrics: SharedMetrics,
    pub(super) llm_metrics: LlmMetrics,
    pub(super) audit_file: AuditFile,
    pub(super) secrets: Secrets,
    pub(super) store: Store,
    pub(super) sealer: Sealer,
    pub(super) cache: Cache,
}

impl Foundation {
    /// Takes the data folder, and opens what is in it. Returns the lock on it and what a person
    /// should know as well.
    ///
    /// # Errors
    /// As [`App::open`](super::App::open).
    pub(super) async fn open(
        config: &Config,
        clock: &Clock,
    ) -> Result<(Self, FolderLock, Vec<StartupNotice>)> {
        let folder = DataFolder::of(config);
        folder.create()?;
        let lock = folder.lock()?;
        let installation = folder.installation()?;
        if let Some(place) = &config.jobs.failpoint {
            arm_failpoint(place)
                .map_err(|place| Error::invalid(format!("RAGD_FAILPOINT: no '{place}'")))?;
        }
        let registry = MetricsRegistry::new();
        let shared_metrics = SharedMetrics::register(&registry)?;
        shared_metrics.start_errors(&["ingest"]);
        let llm_metrics = LlmMetrics::register(&registry, &shared_metrics)?;
        let audit_file = open_audit_file(&folder)?;
        let mut notices = Vec::new();
        let secrets = open_secrets(config, &folder, &mut notices)?;
        let store = open_store(config, &folder).await?;
        let sealer = open_sealer(&store, &secrets.encryption, clock.now()).await?;
        let cache = open_cache(config, clock)?;
        let base = Self {
            folder,
            installation,
            registry,
            shared_metrics,
            llm_metrics,
            audit_file,
            secrets,
            store,
            sealer,
            cache,
        };
        Ok((base, lock, notices))
    }
}

fn open_audit_file(folder: &DataFolder) -> Result<AuditFile> {
    let logs = folder.logs();
    AuditFile::open(logs).map_err(|error| {
        Error::internal(format!("cannot write audit.log in '{}'", logs.display()))
            .with_source(error)
    })
}

/// Opens the configured database, migrated or not: for the commands that migrate it.
///
/// # Errors
/// `Invalid` for a malformed URL; `Unavailable` when a SQLite file cannot be opened.
pub fn open_database(config: &Config) -> BoxFuture<'_, Result<Store>> {
    Box::pin(async move {
        let folder = DataFolder::of(config);
        folder.create()?;
        connect(config, &folder).await.map(|(store, _)| store)
    })
}

/// Makes the administrator, or sets its password, while a server runs on the data folder: only the
/// database is touched.
///
/// # Errors
/// `Invalid` for a password that is too short; `Unavailable` without a database.
pub fn create_admin_beside<'a>(
    config: &'a Config,
    password: &'a SecretString,
) -> BoxFuture<'a, Result<User>> {
    Box::pin(async move {
        let folder = DataFolder::of(config);
        let store = open_store(config, &folder).await?;
        let settings = AuthSettings {
            keys: Vec::new(),
            signing_secret: SecretString::from(random_hex()?),
            token_minutes: config.auth.token_minutes,
            local_token: None,
        };
        let user = Auth::new(store.clone(), &settings, Clock::system())?
            .create_admin(password)
            .await?;
        store.close().await;
        Ok(user)
    })
}

/// Opens the database, and migrates it where `AUTO_MIGRATE` says so.
async fn open_store(config: &Config, folder: &DataFolder) -> Result<Store> {
    let (store, embedded) = connect(config, folder).await?;
    if config.database.auto_migrate.unwrap_or(embedded) {
        store.migrate_up().await?;
        return Ok(store);
    }
    let status = store.migration_status().await?;
    if status.pending.is_empty() {
        return Ok(store);
    }
    Err(Error::unavailable(format!(
        "the database is not ready: {} migration{} not applied. Run: ragd migrate up",
        status.pending.len(),
        if status.pending.len() == 1 {
            " is"
        } else {
            "s are"
        },
    ))
    .with_code("migrations_pending"))
}

/// The database, and whether it is the embedded one.
async fn connect(config: &Config, folder: &DataFolder) -> Result<(Store, bool)> {
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
    Ok((Store::open(&settings).await?, embedded))
}

/// Opens the cache: the configured Redis, which may become available later, else one in this process.
fn open_cache(config: &Config, clock: &Clock) -> Result<Cache> {
    let cache = &config.cache;
    let Some(url) = &cache.redis_url else {
        let memory = MemoryCache::new(cache.memory_bytes(), clock.clone());
        return Ok(Cache::Memory(memory));
    };
    let redis = RedisCache::new(&RedisSettings {
        url: url.clone(),
        password: cache.redis_password.clone(),
        prefix: cache.redis_prefix.clone(),
    })?;
    Ok(Cache::Redis(redis))
}

/// The secrets that a start needs.
pub(super) struct Secrets {
    pub(super) api_keys: Vec<SecretString>,
    pub(super) signing: SecretString,
    pub(super) encryption: KeyEncryptionKey,
}

/// Reads the secrets, and makes missing ones. In production none is missing: the check of the
/// configuration requires them, except for the API key.
fn open_secrets(
    config: &Config,
    folder: &DataFolder,
    notices: &mut Vec<StartupNotice>,
) -> Result<Secrets> {
    let root = folder.root();
    let mut api_keys: Vec<SecretString> = config.auth.keys().cloned().collect();
    if api_keys.is_empty() {
        let file = SecretFile::new(root, "api_key");
        let found = file.load_or_create("ragd_")?;
        if found.created {
            notices.push(StartupNotice::NewApiKey {
                key: found.secret.clone(),
                path: file.path().to_owned(),
            });
        }
        api_keys.push(found.secret);
    }
    let signing = match &config.auth.secret_key {
        Some(secret) => secret.clone(),
        None => {
            SecretFile::new(root, "secret_key")
                .load_or_create("")?
                .secret
        }
    };
    let encryption = match &config.encryption.db_encryption_key {
        Some(secret) => secret.clone(),
        None => {
            SecretFile::new(root, "db_encryption_key")
                .load_or_create("")?
                .secret
        }
    };
    let encryption = EncryptionConfig::parse_key(&encryption)
        .ok_or_else(|| Error::invalid("DB_ENCRYPTION_KEY: must be 32 bytes as hex or base64"))?;
    Ok(Secrets {
        api_keys,
        signing,
        encryption: KeyEncryptionKey::new(encryption),
    })
}

/// Opens the stored data keys, and makes the first one.
async fn open_sealer(
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
