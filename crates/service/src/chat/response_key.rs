//! Which questions are equal: the same words asked with the same parameters, over the same corpus, by
//! somebody who may read the same, after the same history. Whatever else could change the answer is
//! in the key as well.

use super::response_cache::ResponseKey;
use super::turn::Turn;
use super::{Chat, prompt};
use ragd_core::domain::{RoomKind, Sha256};
use ragd_core::error::Result;
use serde_json::json;

impl Chat {
    /// The key of a question; `None` when its answer is not to be cached. A session's own room
    /// counts only when it has a history. Other rooms have a memory of their own, so their answers
    /// are not shared.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub(super) async fn response_key(&self, turn: &Turn) -> Result<Option<ResponseKey>> {
        let room = &turn.room;
        let is_session = room.kind == RoomKind::Session && room.parent.is_none();
        if !self.parts.responses.is_on() || !is_session {
            return Ok(None);
        }
        let generation = self.parts.store.corpus_generation().await?;
        let request = &turn.request;
        let mut collections = turn.read.collections.clone();
        collections.iter_mut().for_each(|them| them.sort());
        let retrieval = &self.parts.retrieval;
        let last = turn.history.last().map(|message| (room.id, message.id));
        let parts = json!({
            "version": [env!("CARGO_PKG_VERSION"), prompt::INSTRUCTIONS],
            "question": normalised(turn.question()),
            "owner": turn.read.owner,
            "collections": collections,
            "collection": request.collection,
            "provider": turn.route.provider(),
            "model": turn.route.model(),
            "given": request.history,
            "top_k": self.source_count(request),
            "temperature": request.temperature,
            "max_tokens": self.max_tokens(turn),
            "retrieval": retrieval.settings(),
            "reranker": retrieval.reranking().map(|one| (one.name(), one.top())),
            "embedding": self.parts.embedder.model_id(),
            "generation": generation,
            "history": last,
        });
        let fingerprint = Sha256::of(parts.to_string().as_bytes()).0;
        Ok(Some(ResponseKey::new(
            fingerprint,
            turn.read.owner,
            generation,
        )))
    }

    /// Counts a question that was answered from the cache or by joining another one.
    pub(super) fn count_hit(&self) {
        let metrics = &self.parts.metrics;
        metrics.cache_hits.with_label_values(&["response"]).inc();
        metrics.response_cache_hits.inc();
    }

    /// Counts a question whose answer was not cached.
    pub(super) fn count_miss(&self) {
        let misses = &self.parts.metrics.cache_misses;
        misses.with_label_values(&["response"]).inc();
    }
}

/// White space makes no difference; the case of letters may (`-e` is not `-E`).
fn normalised(question: &str) -> String {
    question.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_makes_no_difference_and_letters_do() {
        assert_eq!(normalised("a\t b\n c"), normalised("a b c"));
        assert_ne!(normalised("what is -e"), normalised("what is -E"));
    }
}
