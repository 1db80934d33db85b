//! Stores what was extracted from a document: embed and stage its passages window by window, commit
//! the generation in one transaction, then bring it into the index.

use super::Ingest;
use super::fingerprint::fingerprint;
use super::progress::Progress;
use super::title::title;
use super::work::WorkOutcome;
use ragd_core::domain::{JobProgress, Passage};
use ragd_core::error::Result;
use ragd_core::resilience::failpoint;
use ragd_store::{Accepted, CommitOutcome, GenerationCommit};
use ragd_text::Extracted;

/// How many passages are embedded and stored at once. Of a long document only so many vectors are in
/// memory, and a later try does not make those again that were stored.
const WINDOW_PASSAGES: usize = 256;

/// What is left to commit after all but the last window were staged.
struct LastWindow {
    staged: i64,
    passages: Vec<Passage>,
    /// The model of every vector; `None`: some are missing.
    embedded_by: Option<String>,
}

impl Ingest {
    /// Chunks, embeds and commits what was extracted, and indexes it.
    ///
    /// # Errors
    /// `Unavailable` without a database or the index's server; `Internal` when the model or the index
    /// fails.
    pub(super) async fn commit(
        &self,
        accepted: &Accepted,
        extracted: Extracted,
        progress: &Progress,
    ) -> Result<WorkOutcome> {
        progress.note("chunk", 0, 1);
        let content_type = extracted.content_type.clone();
        let title = title(accepted, &extracted);
        let passages = self.passages(accepted, extracted).await?;
        let Some(last) = self.embed_windows(accepted, passages, progress).await? else {
            return Ok(WorkOutcome::LeaseLost);
        };
        progress.note("commit", 0, 1);
        let pending = &accepted.pending;
        let sha256 = accepted.pending.sha256;
        let commit = GenerationCommit {
            generation: accepted.generation,
            title,
            content_type,
            bytes: pending.bytes,
            sha256,
            fingerprint: fingerprint(sha256, &self.settings),
            metadata: Some(pending.metadata.clone()),
            staged: last.staged,
            passages: last.passages,
        };
        failpoint("ingest.before_commit");
        let passages = commit.staged + i64::try_from(commit.passages.len()).unwrap_or(i64::MAX);
        let outcome = self
            .parts
            .store
            .commit_generation_of_job(&commit, progress.lease(), self.parts.clock.now())
            .await?;
        failpoint("ingest.committed");
        match outcome {
            CommitOutcome::Committed => {
                // Some vectors are missing, or the model was switched meanwhile.
                if last.embedded_by != self.parts.embedder.model_id() {
                    self.fill_later();
                }
                // The follower marks the document as indexed.
                self.parts.follower.catch_up().await?;
                Ok(WorkOutcome::Indexed { passages })
            }
            CommitOutcome::Superseded | CommitOutcome::Deleted => Ok(WorkOutcome::Superseded),
            CommitOutcome::LeaseLost => Ok(WorkOutcome::LeaseLost),
        }
    }

    /// Embeds window by window and stages all but the last one. `None`: the lease is lost.
    async fn embed_windows(
        &self,
        accepted: &Accepted,
        mut passages: Vec<Passage>,
        progress: &Progress,
    ) -> Result<Option<LastWindow>> {
        let total = count(passages.len());
        let mut embedded_by = self.parts.embedder.model_id();
        let mut staged = 0;
        loop {
            let after = passages.split_off(passages.len().min(WINDOW_PASSAGES));
            progress.note("embed", staged, total);
            // An endpoint that failed once is not asked again for this document.
            if embedded_by.is_some() {
                let model = self.embed(&mut passages).await?;
                embedded_by = embedded_by.filter(|former| model.as_ref() == Some(former));
            }
            if after.is_empty() {
                return Ok(Some(LastWindow {
                    staged,
                    passages,
                    embedded_by,
                }));
            }
            staged += count(passages.len());
            let note = JobProgress::of("embed", staged, total);
            let held = self
                .parts
                .store
                .stage_passages(accepted.generation, &passages, progress.lease(), &note)
                .await?;
            if !held {
                return Ok(None);
            }
            failpoint("ingest.staged");
            passages = after;
        }
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
