//! Vectors for passages: taken from SQL where the same text has one already, made in batches where
//! not; and filled in afterwards for passages that came while there was no model.

use super::Ingest;
use super::work::text_hash;
use crate::domain::{JobId, Passage, Sha256};
use crate::error::Result;
use std::collections::{HashMap, HashSet};

/// How many texts are embedded between two notes of progress.
const BATCH_TEXTS: usize = 128;
/// How many passages without a vector are read at once.
const PAGE_PASSAGES: i64 = 256;

impl Ingest {
    pub(super) async fn embed(&self, job: JobId, passages: &mut [Passage]) -> Result<()> {
        let Some(embedder) = &self.parts.embedder else {
            return Ok(());
        };
        let model = embedder.model_id().to_owned();
        let hashes: Vec<Sha256> = passages.iter().map(text_hash).collect();
        let mut vectors: HashMap<Sha256, Vec<f32>> =
            self.parts.store.embeddings_by_hash(&model, &hashes).await?;
        let mut seen = HashSet::new();
        let missing: Vec<(Sha256, String)> = hashes
            .iter()
            .zip(passages.iter())
            .filter(|(hash, _)| !vectors.contains_key(*hash) && seen.insert(**hash))
            .map(|(hash, passage)| (*hash, passage.indexed_text()))
            .collect();
        let total = missing.len() as u64;
        let mut done = 0;
        for batch in missing.chunks(BATCH_TEXTS) {
            self.jobs.progress(job, "embed", (done, total));
            let texts = batch.iter().map(|(_, text)| text.clone()).collect();
            let made = embedder.embed(texts).await?;
            vectors.extend(batch.iter().map(|(hash, _)| *hash).zip(made));
            done += batch.len() as u64;
        }
        for (passage, hash) in passages.iter_mut().zip(&hashes) {
            passage.embedding = vectors.get(hash).cloned();
            passage.model = passage.embedding.as_ref().map(|_| model.clone());
        }
        Ok(())
    }

    /// Makes the vectors of passages that have none of the present model, and tells the index.
    /// Returns how many it made; 0 without a model.
    ///
    /// # Errors
    /// `Unavailable` without a database; `Internal` when the model fails.
    pub async fn embed_missing(&self) -> Result<u64> {
        let Some(embedder) = &self.parts.embedder else {
            return Ok(0);
        };
        let model = embedder.model_id().to_owned();
        let mut made = 0;
        let mut after = None;
        loop {
            let page = self
                .parts
                .store
                .passages_without_embedding(&model, after, PAGE_PASSAGES)
                .await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            let texts = page.iter().map(Passage::indexed_text).collect();
            let ids = page.iter().map(|passage| passage.id);
            let vectors: Vec<_> = ids.zip(embedder.embed(texts).await?).collect();
            made += vectors.len() as u64;
            self.parts
                .store
                .set_embeddings(&model, &vectors, self.parts.clock.now())
                .await?;
            self.parts.follower.catch_up().await?;
        }
        Ok(made)
    }
}
