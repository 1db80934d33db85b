//! Short-lived values under namespaced keys: in this process, or on a Redis that several processes
//! share. Whatever is here may be gone at any moment and must be no loss: history, jobs and
//! documents are in SQL. It knows nothing of what a value means, and whoever keeps private text here
//! seals it first. A Redis that is away is an error of kind `Unavailable`, told within half a
//! second; whether to go on without is the caller's choice.

mod key;
mod memory;
mod server;

pub use key::{CacheKey, Space};
pub use memory::MemoryCache;
pub use server::{RedisCache, RedisSettings};

use bytes::Bytes;
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

    /// The value of `key`; `None` when there is none, or none any more.
    ///
    /// # Errors
    /// `Unavailable` when the server does not answer.
    pub async fn get(&self, key: &CacheKey) -> Result<Option<Bytes>> {
        match self {
            Self::Memory(memory) => Ok(memory.get(key).await),
            Self::Redis(redis) => redis.get(key).await,
        }
    }

    /// Keeps `value` for `ttl`, whatever was there before.
    ///
    /// # Errors
    /// As [`Cache::get`].
    pub async fn put(&self, key: &CacheKey, value: Bytes, ttl: Duration) -> Result<()> {
        match self {
            Self::Memory(memory) => {
                memory.put(key, value, ttl).await;
                Ok(())
            }
            Self::Redis(redis) => redis.put(key, value, ttl).await,
        }
    }

    /// Keeps `value` for `ttl` unless there is one already; whether it was kept. Of many callers at
    /// once, in any process, one is told so.
    ///
    /// # Errors
    /// As [`Cache::get`].
    pub async fn put_if_absent(&self, key: &CacheKey, value: Bytes, ttl: Duration) -> Result<bool> {
        match self {
            Self::Memory(memory) => Ok(memory.put_if_absent(key, value, ttl).await),
            Self::Redis(redis) => redis.put_if_absent(key, value, ttl).await,
        }
    }

    /// Puts `value` in the place of `held` for `ttl`; whether `held` was still there. It is one
    /// step: nothing comes in between.
    ///
    /// # Errors
    /// As [`Cache::get`].
    pub async fn replace(
        &self,
        key: &CacheKey,
        held: &Bytes,
        (value, ttl): (Bytes, Duration),
    ) -> Result<bool> {
        match self {
            Self::Memory(memory) => Ok(memory.replace(key, held, (value, ttl)).await),
            Self::Redis(redis) => redis.replace(key, held, (value, ttl)).await,
        }
    }

    /// Drops the value of `key`, if there is one.
    ///
    /// # Errors
    /// As [`Cache::get`].
    pub async fn delete(&self, key: &CacheKey) -> Result<()> {
        match self {
            Self::Memory(memory) => {
                memory.delete(key).await;
                Ok(())
            }
            Self::Redis(redis) => redis.delete(key).await,
        }
    }

    /// Drops the value of `key` if it is `held`; whether it was. It is one step.
    ///
    /// # Errors
    /// As [`Cache::get`].
    pub async fn delete_if(&self, key: &CacheKey, held: &Bytes) -> Result<bool> {
        match self {
            Self::Memory(memory) => Ok(memory.delete_if(key, held).await),
            Self::Redis(redis) => redis.delete_if(key, held).await,
        }
    }

    /// Drops everything of ragd's, and nothing of anybody else's on the same server; how many
    /// values that were.
    ///
    /// # Errors
    /// As [`Cache::get`]; a part may be gone then.
    pub async fn clear(&self) -> Result<u64> {
        match self {
            Self::Memory(memory) => Ok(memory.clear().await),
            Self::Redis(redis) => redis.clear().await,
        }
    }

    /// Asks for a sign of life.
    ///
    /// # Errors
    /// As [`Cache::get`].
    pub async fn ping(&self) -> Result<()> {
        match self {
            Self::Memory(_) => Ok(()),
            Self::Redis(redis) => redis.ping().await,
        }
    }
}
