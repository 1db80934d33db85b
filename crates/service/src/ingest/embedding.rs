//! Vectors for passages: taken from SQL where the same text has one already, else made in batches.
//! What an endpoint fails to make during an ingest is made later; until then only words find the
//! passage.

use super::Ingest;
use super::filling::FillingTurn;
use ragd_core::domain::{Passage, PassageId, Sha256};
use ragd_core::error::{ErrorKind, Result};
use ragd_embed::Embedder;
use ragd_store::WaitingVector;
use std::collections::{HashMap, HashSet};
use std::time::Duration;

/// How many texts are embedded at once.
const BATCH_TEXTS: usize = 128;
/// How many passages without a vector are read at once.
const PAGE_PASSAGES: i64 = 256;
/// How long to wait before missing vectors are tried again, at first and at most.
const FIRST_WAIT: Duration = Duration::from_secs(2);
const LONGEST_WAIT: Duration = Duration::from_secs(120);

impl Ingest {
    /// Gives `passages` their vectors. Returns the model that made all of them; `None` when there is
    /// no model, or when its endpoint failed and some are missing.
    ///
    /// # Errors
    /// `Unavailable` without a database; `Internal` when the local model fails.
    pub(super) async fn embed(&self, passages: &mut [Passage]) -> Result<Option<String>> {
        let Some(embedder) = self.parts.embedder.get() else {
            return Ok(None);
        };
        let model = embedder.model_id().to_owned();
        let hashes: Vec<Sha256> = passages.iter().map(Passage::text_hash).collect();
        let mut vectors = self.parts.store.embeddings_by_hash(&model, &hashes).await?;
        let missing = missing_texts(passages, &vectors);
        let mut whole = true;
        for batch in missing.chunks(BATCH_TEXTS) {
            match make(&embedder, batch).await {
                Ok(made) => vectors.extend(made),
                Err(error) if is_outage(error.kind()) => {
                    tracing::warn!(
                        error = error.chain(),
                        "only words find the text until its vectors can be made"
                    );
                    whole = false;
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        for (passage, hash) in passages.iter_mut().zip(&hashes) {
            passage.embedding = vectors.get(hash).cloned();
            passage.model = passage.embedding.as_ref().map(|_| model.clone());
        }
        Ok(whole.then_some(model))
    }

    /// Makes the vectors of passages that have none of the current model, and updates the index.
    /// Returns how many it stored; 0 without a model.
    ///
    /// # Errors
    /// `Unavailable` without a database or when the endpoint is unavailable; `Internal` when the
    /// model fails. What was made until then is stored.
    pub async fn embed_missing(&self) -> Result<u64> {
        let _turn = self.filling_turn().await;
        let Some(embedder) = self.parts.embedder.get() else {
            return Ok(0);
        };
        let mut stored = 0;
        let mut after = None;
        while let Some(page) = self.page(&embedder, after).await? {
            after = page.last().map(|(id, ..)| *id);
            stored += page.len() as u64;
            let vectors: Vec<_> = page
                .into_iter()
                .map(|(id, _, vector)| (id, vector))
                .collect();
            let now = self.parts.clock.now();
            let model = embedder.model_id();
            self.parts
                .store
                .set_embeddings(model, &vectors, now)
                .await?;
            self.parts.follower.catch_up().await?;
        }
        Ok(stored)
    }

    /// Makes the vectors of passages that have none of `embedder`'s model and stores them beside the
    /// others, without updating the index. Calls `progress` with how many it has stored so far, and
    /// returns how many there were.
    ///
    /// # Errors
    /// As [`Ingest::embed_missing`].
    pub async fn embed_beside(
        &self,
        embedder: &Embedder,
        mut progress: impl FnMut(u64) + Send,
    ) -> Result<u64> {
        let mut stored = 0;
        let mut after = None;
        while let Some(page) = self.page(embedder, after).await? {
            after = page.last().map(|(id, ..)| *id);
            self.parts
                .store
                .keep_beside(embedder.model_id(), &page)
                .await?;
            stored += page.len() as u64;
            progress(stored);
        }
        Ok(stored)
    }

    /// Waits until nobody makes missing vectors, and keeps others from it while the turn is held.
    pub async fn filling_turn(&self) -> FillingTurn<'_> {
        self.filling.turn().await
    }

    /// Notifies [`Ingest::keep_filling`] of missing vectors, without waiting for it.
    pub fn fill_later(&self) {
        self.filling.missing.notify_one();
    }

    /// Makes missing vectors whenever there are any, until `stop` resolves. After failures, which are
    /// logged, it tries again with growing waits.
    pub async fn keep_filling(&self, stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => return,
                () = self.filling.missing.notified() => {}
            }
            tokio::select! {
                () = &mut stop => return,
                () = self.fill_until_done() => {}
            }
        }
    }

    async fn fill_until_done(&self) {
        let mut wait = FIRST_WAIT;
        loop {
            match self.embed_missing().await {
                Ok(0) => return,
                Ok(stored) => {
                    tracing::info!(passages = stored, "missing vectors were made");
                    return;
                }
                Err(error) => {
                    tracing::warn!(error = error.chain(), "vectors are still missing");
                    self.parts.clock.sleep(wait).await;
                    wait = (wait * 2).min(LONGEST_WAIT);
                }
            }
        }
    }

    /// The vectors of the next passages that have none; `None` when there are no more.
    async fn page(
        &self,
        embedder: &Embedder,
        after: Option<PassageId>,
    ) -> Result<Option<Vec<WaitingVector>>> {
        let (store, model) = (&self.parts.store, embedder.model_id());
        let mut page = store
            .passages_without_embedding(model, after, PAGE_PASSAGES)
            .await?;
        self.parts.texts.fill(&mut page).await?;
        if page.is_empty() {
            return Ok(None);
        }
        let hashes: Vec<Sha256> = page.iter().map(Passage::text_hash).collect();
        let mut vectors = store.embeddings_by_hash(model, &hashes).await?;
        let missing = missing_texts(&page, &vectors);
        vectors.extend(make(embedder, &missing).await?);
        let ids = page.iter().map(|passage| passage.id).zip(hashes);
        let page = ids.filter_map(|(id, hash)| Some((id, hash, vectors.get(&hash)?.clone())));
        Ok(Some(page.collect()))
    }
}

/// Whether an endpoint failed: the local model fails as `Internal`.
const fn is_outage(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Unavailable | ErrorKind::Upstream)
}

/// The texts that have no vector yet, each once.
fn missing_texts(passages: &[Passage], known: &HashMap<Sha256, Vec<f32>>) -> Vec<(Sha256, String)> {
    let mut seen = HashSet::new();
    passages
        .iter()
        .map(|passage| (passage.text_hash(), passage))
        .filter(|(hash, _)| !known.contains_key(hash) && seen.insert(*hash))
        .map(|(hash, passage)| (hash, passage.indexed_text()))
        .collect()
}

async fn make(embedder: &Embedder, texts: &[(Sha256, String)]) -> Result<Vec<(Sha256, Vec<f32>)>> {
    let hashes = texts.iter().map(|(hash, _)| *hash);
    let texts = texts.iter().map(|(_, text)| text.clone()).collect();
    Ok(hashes.zip(embedder.embed(texts).await?).collect())
}
