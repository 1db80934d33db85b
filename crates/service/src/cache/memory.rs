//! The cache in this process: bounded in bytes, evicts the least recently used value first. A value
//! expires by the clock that is passed in; the engine also evicts expired values, so that they take no
//! memory.

use super::CacheKey;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use moka::future::Cache as Engine;
use moka::ops::compute::{CompResult, Op};
use moka::policy::EvictionPolicy;
use ragd_core::clock::Clock;
use std::future::ready;
use std::time::{Duration, Instant};

/// What an entry takes beside its key and value, roughly.
const OVERHEAD_BYTES: usize = 128;

/// A cache in this process; cheap to clone.
#[derive(Debug, Clone)]
pub struct MemoryCache {
    entries: Engine<CacheKey, Entry>,
    clock: Clock,
}

#[derive(Debug, Clone)]
struct Entry {
    value: Bytes,
    ttl: Duration,
    ends_at: DateTime<Utc>,
}

/// Each entry has its own time to live.
struct OwnTime;

impl moka::Expiry<CacheKey, Entry> for OwnTime {
    fn expire_after_create(&self, _: &CacheKey, entry: &Entry, _: Instant) -> Option<Duration> {
        Some(entry.ttl)
    }

    fn expire_after_update(
        &self,
        _: &CacheKey,
        entry: &Entry,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(entry.ttl)
    }
}

impl MemoryCache {
    /// A cache of at most `max_bytes`, keys and values together.
    pub fn new(max_bytes: u64, clock: Clock) -> Self {
        let entries = Engine::builder()
            .name("ragd")
            .max_capacity(max_bytes)
            .weigher(weight)
            // The engine's own policy may refuse a new value for the sake of an old one; a claim
            // that was refused would be no claim.
            .eviction_policy(EvictionPolicy::lru())
            .expire_after(OwnTime)
            .build();
        Self { entries, clock }
    }

    pub(super) async fn get(&self, key: &CacheKey) -> Option<Bytes> {
        let entry = self.entries.get(key).await?;
        self.is_live(&entry).then_some(entry.value)
    }

    pub(super) async fn put(&self, key: &CacheKey, value: Bytes, ttl: Duration) {
        self.entries
            .insert(key.clone(), self.entry(value, ttl))
            .await;
    }

    pub(super) async fn put_if_absent(&self, key: &CacheKey, value: Bytes, ttl: Duration) -> bool {
        let new = self.entry(value, ttl);
        self.change(key, |held| match held {
            Some(_) => Op::Nop,
            None => Op::Put(new),
        })
        .await
    }

    pub(super) async fn replace(
        &self,
        key: &CacheKey,
        expected: &Bytes,
        value: Bytes,
        ttl: Duration,
    ) -> bool {
        let new = self.entry(value, ttl);
        self.change(key, |held| match held {
            Some(held) if held == expected => Op::Put(new),
            _ => Op::Nop,
        })
        .await
    }

    pub(super) async fn delete(&self, key: &CacheKey) {
        self.entries.invalidate(key).await;
    }

    pub(super) async fn delete_if(&self, key: &CacheKey, expected: &Bytes) -> bool {
        self.change(key, |held| match held {
            Some(held) if held == expected => Op::Remove,
            _ => Op::Nop,
        })
        .await
    }

    pub(super) async fn clear(&self) -> u64 {
        let mut cleared = 0;
        for (key, entry) in &self.entries {
            self.entries.invalidate(key.as_ref()).await;
            cleared += u64::from(self.is_live(&entry));
        }
        cleared
    }

    /// Applies what `decide` chooses for the live value, atomically; returns whether anything changed.
    async fn change(
        &self,
        key: &CacheKey,
        decide: impl FnOnce(Option<&Bytes>) -> Op<Entry>,
    ) -> bool {
        let changed = self
            .entries
            .entry_by_ref(key)
            .and_compute_with(|held| {
                let entry = held.map(moka::Entry::into_value);
                let live = entry.as_ref().filter(|entry| self.is_live(entry));
                ready(decide(live.map(|entry| &entry.value)))
            })
            .await;
        !matches!(changed, CompResult::Unchanged(_) | CompResult::StillNone(_))
    }

    fn entry(&self, value: Bytes, ttl: Duration) -> Entry {
        Entry {
            value,
            ttl,
            ends_at: self.clock.now() + ttl,
        }
    }

    fn is_live(&self, entry: &Entry) -> bool {
        self.clock.now() < entry.ends_at
    }
}

fn weight(key: &CacheKey, entry: &Entry) -> u32 {
    let bytes = key.under("").len() + entry.value.len() + OVERHEAD_BYTES;
    u32::try_from(bytes).unwrap_or(u32::MAX)
}
