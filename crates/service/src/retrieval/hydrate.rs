//! Reads the passages of fused candidates from SQL, which confirms that each is current and readable,
//! and lowers the scores of old messages.

use super::fusion::Fused;
use super::{Hit, Retrieval, RetrievalRequest, RetrievalScope};
use ragd_core::domain::{Passage, PassageId, PassageKind, ReadScope};
use ragd_core::error::Result;
use ragd_store::StoredPassage;
use std::collections::HashMap;

const SECONDS_PER_DAY: f64 = 86_400.0;

impl Retrieval {
    /// The hits of `fused`, best first: at least `depth` where there are as many.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub(super) async fn hydrate(
        &self,
        request: &RetrievalRequest,
        depth: usize,
        fused: Vec<Fused>,
    ) -> Result<Vec<Hit>> {
        // Documents keep the order of the fused score, so only the best need their text. Age
        // changes the order of messages, so every candidate needs it.
        let wanted = if request.scope == RetrievalScope::Documents {
            depth
        } else {
            fused.len()
        };
        let mut hits: Vec<Hit> = Vec::with_capacity(wanted.min(fused.len()));
        for batch in fused.chunks(wanted.max(1)) {
            let ids: Vec<PassageId> = batch.iter().map(|one| one.id).collect();
            let readable = self.readable(&ids, &request.read).await?;
            let mut stored: HashMap<PassageId, StoredPassage> = readable
                .into_iter()
                .map(|stored| (stored.passage.id, stored))
                .collect();
            hits.extend(
                batch
                    .iter()
                    .filter_map(|one| Some(self.hit(one, stored.remove(&one.id)?))),
            );
            if hits.len() >= wanted {
                break;
            }
        }
        hits.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.id().cmp(&b.id())));
        Ok(hits)
    }

    /// Those of `ids` that SQL confirms as current and readable, with their texts; without messages
    /// that cannot be opened.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub(super) async fn readable(
        &self,
        ids: &[PassageId],
        read: &ReadScope,
    ) -> Result<Vec<StoredPassage>> {
        let mut stored = self.parts.store.passages_by_ids(ids, read).await?;
        let passages = stored.iter_mut().map(|stored| &mut stored.passage);
        self.parts.texts.fill_each(passages.collect()).await?;
        let is_message = |passage: &Passage| passage.source.kind() == PassageKind::Message;
        stored.retain(|one| !is_message(&one.passage) || !one.passage.content.is_empty());
        Ok(stored)
    }

    /// The hit of a fused candidate, with the factor of its age.
    pub(super) fn hit(&self, fused: &Fused, stored: StoredPassage) -> Hit {
        let age = self.parts.clock.now() - stored.passage.created_at;
        let age_days = (age.num_milliseconds() as f64 / 1_000.0 / SECONDS_PER_DAY).max(0.0);
        let is_message = stored.passage.source.kind() == PassageKind::Message;
        let decay = if is_message && self.settings.time_decay_enabled {
            (-self.settings.time_decay_lambda * age_days).exp()
        } else {
            1.0
        };
        Hit {
            stored,
            score: fused.score * decay,
            bm25: fused.bm25,
            vector: fused.vector,
            decay,
            age_days,
            rerank: None,
        }
    }
}
