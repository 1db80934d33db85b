//! The cache on a Redis server, shared by every process that names it. One connection carries all
//! commands and is opened again by itself; no command waits longer than half a second for it, and
//! half a second for its answer. Every key begins with ragd's own prefix, and no other key of the
//! server is read or deleted.

use super::CacheKey;
use bytes::Bytes;
use ragd_core::error::{Error, Result};
use ragd_core::outbound;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, Cmd, FromRedisValue, IntoConnectionInfo, RedisError, cmd};
use secrecy::{ExposeSecret, SecretString};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

/// How long a connection may take, and how long an answer.
const PATIENCE: Duration = Duration::from_millis(500);
/// How many keys one SCAN step of clearing reads.
const SCAN_COUNT: usize = 1_000;

/// Sets `KEYS[1]` to `ARGV[2]` for `ARGV[3]` ms if it is `ARGV[1]`.
const REPLACE: &str = "if redis.call('GET', KEYS[1]) == ARGV[1] then \
    redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) return 1 end return 0";
/// Deletes `KEYS[1]` if it is `ARGV[1]`.
const DELETE_IF: &str = "if redis.call('GET', KEYS[1]) == ARGV[1] then \
    return redis.call('DEL', KEYS[1]) end return 0";

/// The address of a Redis.
#[derive(Debug, Clone)]
pub struct RedisSettings {
    /// `redis://` or, with TLS, `rediss://`.
    pub url: SecretString,
    /// The password; it overrides the URL's.
    pub password: Option<SecretString>,
    /// What every key begins with: letters, digits, `_`, `-` and `.`, so that it is no pattern
    /// and no other prefix begins with it and a colon.
    pub prefix: String,
}

/// A cache on a Redis server; cheap to clone.
#[derive(Clone)]
pub struct RedisCache {
    connection: Arc<RwLock<Option<ConnectionManager>>>,
    prefix: Arc<str>,
    address: Arc<str>,
}

impl std::fmt::Debug for RedisCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RedisCache({})", self.address)
    }
}

impl RedisCache {
    /// A cache on the server of `settings`. Nothing is connected yet, so that ragd can start before
    /// it. It must be called on a tokio runtime.
    ///
    /// # Errors
    /// `Invalid` when the URL is not a Redis URL.
    pub fn new(settings: &RedisSettings) -> Result<Self> {
        outbound::install_crypto_provider();
        // The cause could quote the URL, and with it a password.
        let not_a_url = |_| Error::invalid("REDIS_URL: must be redis://… or rediss://…");
        let mut info = settings
            .url
            .expose_secret()
            .into_connection_info()
            .map_err(not_a_url)?;
        if let Some(password) = &settings.password {
            let login = info.redis_settings().clone();
            info = info.set_redis_settings(login.set_password(password.expose_secret()));
        }
        let address = info.addr().to_string().into();
        let client = Client::open(info).map_err(not_a_url)?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE))
            // A command that finds no connection fails; the next one begins another.
            .set_number_of_retries(0);
        let connection = ConnectionManager::new_lazy_with_config(client, config)
            .map_err(|error| Error::internal("Redis cannot be set up").with_source(error))?;
        Ok(Self {
            connection: Arc::new(RwLock::new(Some(connection))),
            prefix: settings.prefix.as_str().into(),
            address,
        })
    }

    /// Where it is, without credentials: `127.0.0.1:6379`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Closes the connection; later calls are `Unavailable`.
    pub fn close(&self) {
        let mut connection = self
            .connection
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *connection = None;
    }

    pub(super) async fn get(&self, key: &CacheKey) -> Result<Option<Bytes>> {
        let held: Option<Vec<u8>> = self.ask(cmd("GET").arg(self.name(key))).await?;
        Ok(held.map(Bytes::from))
    }

    pub(super) async fn put(&self, key: &CacheKey, value: Bytes, ttl: Duration) -> Result<()> {
        self.ask(&set(self.name(key), &value, ttl)).await
    }

    pub(super) async fn put_if_absent(
        &self,
        key: &CacheKey,
        value: Bytes,
        ttl: Duration,
    ) -> Result<bool> {
        let mut command = set(self.name(key), &value, ttl);
        let (done, repeated): (Option<String>, bool) =
            self.ask_or_repeat(command.arg("NX")).await?;
        if done.is_some() || !repeated {
            return Ok(done.is_some());
        }
        // The server may have executed the first try.
        Ok(self.get(key).await?.as_ref() == Some(&value))
    }

    pub(super) async fn replace(
        &self,
        key: &CacheKey,
        held: &Bytes,
        value: Bytes,
        ttl: Duration,
    ) -> Result<bool> {
        let mut command = script(REPLACE, self.name(key), held);
        command.arg(value.as_ref()).arg(milliseconds(ttl));
        let replaced: i64 = self.ask(&command).await?;
        Ok(replaced == 1)
    }

    pub(super) async fn delete(&self, key: &CacheKey) -> Result<()> {
        self.ask(cmd("UNLINK").arg(self.name(key))).await
    }

    pub(super) async fn delete_if(&self, key: &CacheKey, held: &Bytes) -> Result<bool> {
        let deleted: i64 = self.ask(&script(DELETE_IF, self.name(key), held)).await?;
        Ok(deleted == 1)
    }

    pub(super) async fn clear(&self) -> Result<u64> {
        let pattern = format!("{}:*", self.prefix);
        let mut cursor = 0_u64;
        let mut cleared = 0;
        loop {
            let mut scan = cmd("SCAN");
            scan.arg(cursor).arg("MATCH").arg(&pattern);
            scan.arg("COUNT").arg(SCAN_COUNT);
            let (next, keys): (u64, Vec<Vec<u8>>) = self.ask(&scan).await?;
            if !keys.is_empty() {
                let unlinked: u64 = self.ask(cmd("UNLINK").arg(keys)).await?;
                cleared += unlinked;
            }
            cursor = next;
            if cursor == 0 {
                return Ok(cleared);
            }
        }
    }

    pub(super) async fn ping(&self) -> Result<()> {
        self.ask(&cmd("PING")).await
    }

    fn name(&self, key: &CacheKey) -> String {
        key.under(&self.prefix)
    }

    async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T> {
        self.ask_or_repeat(command).await.map(|(answer, _)| answer)
    }

    /// Sends a command, and returns whether it was sent twice. A command that fails at once met a
    /// connection that was lost before: it is sent once more, on a new connection.
    async fn ask_or_repeat<T: FromRedisValue>(&self, command: &Cmd) -> Result<(T, bool)> {
        let connection = self
            .connection
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let mut connection =
            connection.ok_or_else(|| Error::unavailable("the connection to Redis is closed"))?;
        let begun = Instant::now();
        let mut answer = command.query_async(&mut connection).await;
        let repeated =
            begun.elapsed() < PATIENCE / 2 && answer.as_ref().is_err_and(RedisError::is_io_error);
        if repeated {
            answer = command.query_async(&mut connection).await;
        }
        let answer = answer
            .map_err(|error| Error::unavailable("Redis does not answer").with_source(error))?;
        Ok((answer, repeated))
    }
}

fn set(name: String, value: &Bytes, ttl: Duration) -> Cmd {
    let mut command = cmd("SET");
    command.arg(name).arg(value.as_ref());
    command.arg("PX").arg(milliseconds(ttl));
    command
}

fn script(text: &str, name: String, held: &Bytes) -> Cmd {
    let mut command = cmd("EVAL");
    command.arg(text).arg(1).arg(name).arg(held.as_ref());
    command
}

/// Redis refuses a time to live of 0.
fn milliseconds(ttl: Duration) -> u64 {
    u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX).max(1)
}
