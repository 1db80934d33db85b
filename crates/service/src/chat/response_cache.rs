//! Answers cached for equal questions. Each is sealed for its key and owner, like a message, and the
//! key reveals nothing: it is a hash. Drafts that are being made are shared here as well.

use super::draft::Draft;
use super::single_flight::{Fingerprint, SingleFlight};
use crate::cache::{Cache, CacheKey, Space};
use crate::secret::{Belongs, Sealer};
use bytes::Bytes;
use ragd_core::domain::OwnerId;
use ragd_core::error::{Error, Result};
use std::time::Duration;
use uuid::Uuid;

/// The cached answers and those that are being made; cheap to clone.
#[derive(Clone)]
pub struct ResponseCache {
    cache: Cache,
    sealer: Sealer,
    /// How long an answer is cached; `None`: the cache is off.
    ttl: Option<Duration>,
    pub(super) single_flight: SingleFlight,
}

impl std::fmt::Debug for ResponseCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ResponseCache({}, {:?})", self.cache.name(), self.ttl)
    }
}

/// What makes questions equal, hashed.
#[derive(Debug, Clone, Copy)]
pub(super) struct ResponseKey {
    fingerprint: Fingerprint,
    owner: OwnerId,
    generation: i64,
}

impl ResponseKey {
    /// The key of `fingerprint`, for `owner` alone, over the corpus of `generation`.
    pub(super) const fn new(fingerprint: Fingerprint, owner: OwnerId, generation: i64) -> Self {
        Self {
            fingerprint,
            owner,
            generation,
        }
    }

    pub(super) const fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// The corpus that the answer must have seen: the last change of a document.
    pub(super) const fn generation(&self) -> i64 {
        self.generation
    }

    fn cache_key(&self) -> CacheKey {
        CacheKey::new(Space::Response, hex::encode(self.fingerprint))
    }

    fn place(&self) -> Belongs {
        let mut row = [0; 16];
        row.copy_from_slice(&self.fingerprint[..16]);
        Belongs {
            table: "cache",
            column: "response",
            row: Uuid::from_bytes(row),
            owner: self.owner,
        }
    }
}

impl ResponseCache {
    /// Caches answers in `cache` for `ttl`; without one, none are cached and none are shared.
    pub fn new(cache: Cache, sealer: Sealer, ttl: Option<Duration>) -> Self {
        Self {
            cache,
            sealer,
            ttl,
            single_flight: SingleFlight::default(),
        }
    }

    /// Whether answers are cached.
    pub(super) const fn is_on(&self) -> bool {
        self.ttl.is_some()
    }

    /// The draft that is cached under `key`; `None` also for one that cannot be read.
    ///
    /// # Errors
    /// `Unavailable` when the cache does not answer.
    pub(super) async fn get(&self, key: &ResponseKey) -> Result<Option<Draft>> {
        let sealed = self.cache.get(&key.cache_key()).await;
        let Some(sealed) = sealed.inspect_err(log_unavailable)? else {
            return Ok(None);
        };
        let opened = self.sealer.open(&sealed, &key.place());
        let draft = opened.and_then(|json| {
            serde_json::from_str(&json)
                .map_err(|error| Error::internal("it has another format").with_source(error))
        });
        Ok(draft
            .inspect_err(|error| {
                tracing::warn!(error = error.chain(), "a cached answer cannot be read");
            })
            .ok())
    }

    /// Caches `draft` under `key`.
    ///
    /// # Errors
    /// `Unavailable` when the cache does not answer.
    pub(super) async fn put(&self, key: &ResponseKey, draft: &Draft) -> Result<()> {
        let Some(ttl) = self.ttl else { return Ok(()) };
        let json = serde_json::to_string(draft)
            .map_err(|error| Error::internal("an answer is not JSON").with_source(error))?;
        let sealed = self.sealer.seal(&json, &key.place())?;
        let cache_key = key.cache_key();
        let put = self.cache.put(&cache_key, Bytes::from(sealed), ttl);
        put.await.inspect_err(log_unavailable)
    }
}

fn log_unavailable(error: &Error) {
    tracing::warn!(error = error.chain(), "the response cache is unavailable");
}
