//! Answers kept for equal questions. Two questions are equal when the same words are asked with the
//! same parameters, over the same corpus, by somebody who may read the same, and after the same
//! turns; whatever else could change the answer is in the key as well. Answers are sealed for their
//! key and owner, like messages, and a key tells nothing: it is a hash.

use super::draft::Draft;
use super::flight::{Fingerprint, Flights};
use super::making::Asking;
use super::{Chat, prompt};
use crate::cache::{Cache, CacheKey, Space};
use crate::secret::{Belongs, Sealer};
use bytes::Bytes;
use ragd_core::domain::{OwnerId, RoomKind, Sha256};
use ragd_core::error::{Error, Result};
use serde_json::json;
use std::time::Duration;
use uuid::Uuid;

/// The answers that are kept, and those on their way; cheap to clone.
#[derive(Clone)]
pub struct ResponseCache {
    cache: Cache,
    sealer: Sealer,
    /// How long an answer is kept; `None`: none is.
    ttl: Option<Duration>,
    pub(super) flights: Flights,
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
    pub(super) const fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// The corpus that the answer must have seen: the last change of a document.
    pub(super) const fn generation(&self) -> i64 {
        self.generation
    }

    fn name(&self) -> CacheKey {
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
    /// Keeps answers in `cache` for `ttl`; without one, none are kept and none are shared.
    pub fn new(cache: Cache, sealer: Sealer, ttl: Option<Duration>) -> Self {
        Self {
            cache,
            sealer,
            ttl,
            flights: Flights::default(),
        }
    }

    /// The answer that is kept under `key`. One that cannot be read is none.
    ///
    /// # Errors
    /// `Unavailable` when the cache does not answer.
    pub(super) async fn get(&self, key: &ResponseKey) -> Result<Option<Draft>> {
        let Some(sealed) = self.cache.get(&key.name()).await.inspect_err(told)? else {
            return Ok(None);
        };
        let opened = self.sealer.open(&sealed, &key.place());
        let draft = opened.and_then(|json| {
            serde_json::from_str(&json)
                .map_err(|error| Error::internal("of another form").with_source(error))
        });
        Ok(draft
            .inspect_err(|error| {
                tracing::warn!(error = error.chain(), "a kept answer cannot be read");
            })
            .ok())
    }

    /// Keeps `draft` under `key`.
    ///
    /// # Errors
    /// `Unavailable` when the cache does not answer.
    pub(super) async fn put(&self, key: &ResponseKey, draft: &Draft) -> Result<()> {
        let Some(ttl) = self.ttl else { return Ok(()) };
        let json = serde_json::to_string(draft)
            .map_err(|error| Error::internal("an answer is no JSON").with_source(error))?;
        let sealed = self.sealer.seal(&json, &key.place())?;
        let kept = self.cache.put(&key.name(), Bytes::from(sealed), ttl).await;
        kept.inspect_err(told)
    }
}

impl Chat {
    /// The key of a question; `None` when its answer is not to be kept. The room counts only when
    /// there were turns before; one that is no session remembers what others do not, so nothing is
    /// shared of it.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub(super) async fn response_key(&self, asking: &Asking) -> Result<Option<ResponseKey>> {
        let room = &asking.room;
        let is_session = room.kind == RoomKind::Session && room.parent.is_none();
        if self.parts.responses.ttl.is_none() || !is_session {
            return Ok(None);
        }
        let generation = self.parts.store.corpus_generation().await?;
        let request = &asking.request;
        let mut collections = asking.read.collections.clone();
        collections.iter_mut().for_each(|them| them.sort());
        let retrieval = &self.parts.retrieval;
        let last = asking.history.last().map(|message| (room.id, message.id));
        let parts = json!({
            "version": [env!("CARGO_PKG_VERSION"), prompt::INSTRUCTIONS],
            "question": normalised(request.question.as_str()),
            "owner": asking.read.owner,
            "collections": collections,
            "collection": request.collection,
            "provider": asking.route.provider(),
            "model": asking.route.model(),
            "given": request.history,
            "top_k": self.source_count(request),
            "temperature": request.temperature,
            "max_tokens": self.max_tokens(request),
            "retrieval": retrieval.settings(),
            "reranker": retrieval.reranking().map(|one| (one.name(), one.top())),
            "embedding": self.parts.embedder.model_id(),
            "generation": generation,
            "history": last,
        });
        Ok(Some(ResponseKey {
            fingerprint: Sha256::of(parts.to_string().as_bytes()).0,
            owner: asking.read.owner,
            generation,
        }))
    }

    /// A question that was answered without asking anybody.
    pub(super) fn count_hit(&self) {
        let metrics = &self.parts.metrics;
        metrics.cache_hits.with_label_values(&["response"]).inc();
        metrics.response_cache_hits.inc();
    }

    pub(super) fn count_miss(&self) {
        let misses = &self.parts.metrics.cache_misses;
        misses.with_label_values(&["response"]).inc();
    }
}

fn told(error: &Error) {
    tracing::warn!(error = error.chain(), "the response cache is away");
}

/// White space says nothing; the case of letters may (`-e` is not `-E`).
fn normalised(question: &str) -> String {
    question.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_is_no_difference_and_letters_are() {
        assert_eq!(normalised("a\t b\n c"), normalised("a b c"));
        assert_ne!(normalised("what is -e"), normalised("what is -E"));
    }
}
