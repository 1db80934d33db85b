//! The cache: in the process, or on a Redis that several processes share.

use super::{Faults, table::settings};
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;

/// The longest that anything is kept, in seconds: 30 days.
const MAX_TTL_SECONDS: u64 = 30 * 86_400;
const MAX_PREFIX_CHARS: usize = 64;

settings! {
    /// Section `cache`.
    CacheConfig in "cache";

    /// `redis://…` or `rediss://…`; absent: the cache is in this process.
    #[serde(skip_serializing)]
    redis_url: Option<SecretString> [REDIS_URL];
    /// The server's password; it overrides the URL's.
    #[serde(skip_serializing)]
    redis_password: Option<SecretString> [REDIS_PASSWORD];
    /// What every key on the server begins with.
    redis_prefix: String [REDIS_PREFIX];
    /// How much the cache in this process may take, in megabytes (1,048,576 bytes).
    memory_megabytes: u64 [CACHE_MEMORY_MEGABYTES] in 1..=65_536;
    /// Whether answers are cached for equal questions.
    response_cache_enabled: bool [RESPONSE_CACHE_ENABLED];
    /// How long an answer is cached.
    response_cache_ttl_seconds: u64 [RESPONSE_CACHE_TTL_SECONDS] in 1..=MAX_TTL_SECONDS;
}

impl CacheConfig {
    /// The bound of the cache in this process, in bytes.
    pub const fn memory_bytes(&self) -> u64 {
        self.memory_megabytes * 1_024 * 1_024
    }

    /// How long an answer is kept; `None`: answers are not kept.
    pub fn response_ttl(&self) -> Option<Duration> {
        let ttl = Duration::from_secs(self.response_cache_ttl_seconds);
        self.response_cache_enabled.then_some(ttl)
    }

    pub(super) fn check(&self, faults: &mut Faults) {
        let is_redis = |url: &SecretString| {
            let url = url.expose_secret();
            url.starts_with("redis://") || url.starts_with("rediss://")
        };
        faults.require(
            self.redis_url.as_ref().is_none_or(is_redis),
            "cache.redis_url",
            "must begin with redis:// or rediss://",
        );
        // A colon ends the prefix in a key: `a` would own what is under `a:b`.
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        faults.require(
            (1..=MAX_PREFIX_CHARS).contains(&self.redis_prefix.len())
                && self.redis_prefix.chars().all(is_plain),
            "cache.redis_prefix",
            format!("must be 1 to {MAX_PREFIX_CHARS} of A-Z a-z 0-9 _ - ."),
        );
    }
}
