//! Short-lived values under namespaced keys: in this process, or on a Redis that several processes
//! share. Any value may disappear at any moment, and nothing is lost with it: history, jobs and
//! documents are in SQL. The cache does not interpret values; a caller that caches private text
//! encrypts it first. A Redis that is unavailable is an error of kind `Unavailable`, returned within
//! half a second; the caller decides whether to go on without.

mod key;
mod memory;
mod server;

pub use key::{CacheKey, Space};
pub use memory::MemoryCache;
pub use server::{RedisCache, RedisSettings};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use ragd_core::error::Result;
use std::time::Duration;

/// A cache; cheap to clone, every clone is the same one.
#[derive(Debug, Clone)]
pub enum Cache {
    /// In this process.
    Memory(MemoryCache),
    /// On a Redis server.
    Redis(RedisCache),
}

impl Cache {
    /// `memory` or `redis`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Memory(_) => "memory",
            Self::Redis(_) => "redis",
        }
    }

    /// The server, where there is one.
    pub const fn server(&self) -> Option<&RedisCache> {
        match self {
            Self::Memory(_) => None,
            Self::Redis(redis) => Some(redis),
        }
    }

    /// The value of `key`; `None` when it was never set, has expired or was dropped.
    ///
    /// # Errors
    /// `Unavailable` when the server does not answer.
    pub fn get<'a>(&'a self, key: &'a CacheKey) -> BoxFuture<'a, Result<Option<Bytes>>> {
        Box::pin(async move {
            match self {
                Self::Memory(memory) => Ok(memory.get(key).await),
                Self::Redis(redis) => redis.get(key).await,
            }
        })
    }

    /// Keeps `value` for `ttl`, whatever was there before.
    ///
    /// # Errors
    /// As [`Cache::get`].
    pub fn put<'a>(
        &'a self,
        key: &'a CacheKey,
        value: Bytes,
        ttl: Duration,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            match self {
                Self::Memory(memory) => {
                    memory.put(key, value, ttl).await;
                    Ok(())
                }
                Self::Redis(redis) => redis.put(key, value, ttl).await,
            }
        })
    }

    /// Keeps `value` for `ttl` unless the key has a value already; returns whether it was kept. Of
    /// many callers at once, in any process, exactly one gets `true`.
    ///
    /// # Errors
    /// As [`Cache::get`].
    pub fn put_if_absent<'a>(
        &'a self,
        key: &'a CacheKey,
        value: Bytes,
        ttl: Duration,
    ) -> BoxFuture<'a, Result<bool>> {
        Box::pin(async move {
            match self {
                Self::Memory(memory) => Ok(memory.put_if_absent(key, value, ttl).await),
                Self::Redis(redis) => redis.put_if_absent(key, value, ttl).await,
            }
        })
    }

    /// Replaces `held` with `value` for `ttl`; returns whether `held` was still there. Atomic.
    ///
    /// # Errors
    /// As [`Cache::get`].
    pub fn replace<'a>(
        &'a self,
        key: &'a CacheKey,
        held: &'a Bytes,
        value: Bytes,
        ttl: Duration,
    ) -> BoxFuture<'a, Result<bool>> {
        Box::pin(async move {
            match self {
                Self::Memory(memory) => Ok(memory.replace(key, held, value, ttl).await),
                Self::Redis(redis) => redis.replace(key, held, value, ttl).await,
            }
        })
    }

    /// Drops the value of `key`, if there is one.
    ///
    /// # Errors
    /// As [`Cache::get`].
    pub fn delete<'a>(&'a self, key: &'a CacheKey) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            match self {
                Self::Memory(memory) => {
                    memory.delete(key).await;
                    Ok(())
                }
                Self::Redis(redis) => redis.delete(key).await,
            }
        })
    }

    /// Drops the value of `key` if it is `held`; returns whether it was. Atomic.
    ///
    /// # Errors
    /// As [`Cache::get`].
    pub fn delete_if<'a>(
        &'a self,
        key: &'a CacheKey,
        held: &'a Bytes,
    ) -> BoxFuture<'a, Result<bool>> {
        Box::pin(async move {
            match self {
                Self::Memory(memory) => Ok(memory.delete_if(key, held).await),
                Self::Redis(redis) => redis.delete_if(key, held).await,
            }
        })
    }

    /// Drops every key with ragd's prefix, and no other key of the same server; returns how many
    /// values there were.
    ///
    /// # Errors
    /// As [`Cache::get`]; some of the keys may be dropped already.
    pub fn clear(&self) -> BoxFuture<'_, Result<u64>> {
        Box::pin(async move {
            match self {
                Self::Memory(memory) => Ok(memory.clear().await),
                Self::Redis(redis) => redis.clear().await,
            }
        })
    }

    /// Checks that the server answers.
    ///
    /// # Errors
    /// As [`Cache::get`].
    pub fn ping(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            match self {
                Self::Memory(_) => Ok(()),
                Self::Redis(redis) => redis.ping().await,
            }
        })
    }
}
