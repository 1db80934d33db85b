//! The work on one accepted document: extract → chunk → embed → one transaction → index. A fault of
//! the document becomes its `failed(reason)`; a fault of ragd's surroundings leaves it unfinished,
//! to be taken up again.

use super::Ingest;
use super::fingerprint::fingerprint;
use super::jobs::JobState;
use crate::domain::{JobId, Passage, PassageId, PassageSource, Sha256};
use crate::error::{Error, Result};
use crate::store::{Accepted, CommitOutcome, GenerationCommit};
use crate::text::{Chunk, ChunkSettings, ExtractFailure, Extracted, chunk};
use tracing::Instrument;

/// How work on a document can end without an error of ragd.
enum Ending {
    Indexed {
        passages: usize,
    },
    /// It was deleted, or a later version was committed.
    Overtaken,
    Failed(ExtractFailure),
}

impl Ingest {
    pub(super) async fn work(&self, job: JobId, accepted: Accepted) {
        // The semaphore is never closed; if it were, working at once is still right.
        let _place = self.places.acquire().await;
        let span = tracing::info_span!("ingest", document_id = %accepted.document.id);
        let begun = self.parts.clock.now();
        self.jobs.update(job, |view| {
            view.state = JobState::Leased;
            view.attempt = 1;
            view.started_at = Some(begun);
        });
        let ending = self.ending(job, &accepted).instrument(span.clone()).await;
        let (state, outcome, error) = span.in_scope(|| self.tell(&accepted, ending));
        let ended = self.parts.clock.now();
        self.parts
            .metrics
            .jobs
            .with_label_values(&["ingest", outcome])
            .inc();
        self.jobs.update(job, |view| {
            view.state = state;
            view.error = error;
            view.finished_at = Some(ended);
            if state == JobState::Done {
                view.progress = super::JobProgress {
                    stage: "done",
                    done: 1,
                    total: 1,
                };
            }
        });
    }

    fn tell(
        &self,
        accepted: &Accepted,
        ending: Result<Ending>,
    ) -> (JobState, &'static str, Option<String>) {
        let name = &accepted.document.filename;
        match ending {
            Ok(Ending::Indexed { passages }) => {
                tracing::info!(passages, "indexed '{name}'");
                (JobState::Done, "done", None)
            }
            Ok(Ending::Overtaken) => {
                tracing::info!("'{name}' was deleted or replaced meanwhile");
                (JobState::Cancelled, "cancelled", None)
            }
            Ok(Ending::Failed(failure)) => {
                tracing::warn!(reason = %failure, "'{name}' failed");
                (JobState::Dead, "dead", Some(failure.to_string()))
            }
            Err(error) => {
                self.parts
                    .metrics
                    .errors
                    .with_label_values(&["ingest", "internal"])
                    .inc();
                tracing::error!(error = error.chain(), "'{name}' is unfinished");
                (JobState::Dead, "dead", Some(error.to_string()))
            }
        }
    }

    async fn ending(&self, job: JobId, accepted: &Accepted) -> Result<Ending> {
        let generation = accepted.generation;
        if !self
            .parts
            .store
            .mark_processing(generation, self.parts.clock.now())
            .await?
        {
            return Ok(Ending::Overtaken);
        }
        let extracted = match self.extract(job, accepted).await {
            Ok(extracted) => extracted,
            Err(failure) if failure.is_retryable() => {
                return Err(Error::unavailable(failure.to_string()));
            }
            Err(failure) => {
                let reason = failure.to_string();
                self.parts
                    .store
                    .fail(generation, &reason, self.parts.clock.now())
                    .await?;
                return Ok(Ending::Failed(failure));
            }
        };
        self.jobs.progress(job, "chunk", (0, 1));
        let content_type = extracted.content_type.clone();
        let title = self.title(accepted, &extracted);
        let mut passages = self.passages(accepted, extracted).await?;
        let embedded_by = self.embed(job, &mut passages).await?;
        let count = passages.len();
        self.jobs.progress(job, "commit", (0, 1));
        let pending = &accepted.pending;
        let sha256 = original_hash(accepted)?;
        let commit = GenerationCommit {
            generation,
            title,
            content_type,
            bytes: pending.bytes,
            sha256,
            fingerprint: fingerprint(sha256, &self.settings),
            metadata: Some(pending.metadata.clone()),
            passages,
        };
        match self
            .parts
            .store
            .commit_generation(&commit, self.parts.clock.now())
            .await?
        {
            CommitOutcome::Committed => {
                // What the endpoint did not make, or made while another model took over.
                if embedded_by != self.parts.embedder.model_id() {
                    self.fill_later();
                }
                self.jobs.progress(job, "index", (0, 1));
                self.parts.follower.catch_up().await?;
                Ok(Ending::Indexed { passages: count })
            }
            CommitOutcome::Superseded | CommitOutcome::Deleted => Ok(Ending::Overtaken),
        }
    }

    async fn extract(&self, job: JobId, accepted: &Accepted) -> Result<Extracted, ExtractFailure> {
        self.jobs.progress(job, "extract", (0, 1));
        let unavailable = |error: Error| {
            ExtractFailure::new(crate::text::FailureCode::Unavailable, error.to_string())
        };
        let path = self
            .parts
            .blobs
            .path(original_hash(accepted).map_err(unavailable)?);
        let name =
            crate::domain::FileName::parse(&accepted.document.filename).map_err(|error| {
                ExtractFailure::new(crate::text::FailureCode::UnsupportedType, error.to_string())
            })?;
        self.parts.extractor.extract(&path, &name).await
    }

    /// What the document is called: as the caller said, else as it says itself, else by its name.
    fn title(&self, accepted: &Accepted, extracted: &Extracted) -> String {
        let given = &accepted.pending.title;
        if *given != accepted.document.filename {
            return given.clone();
        }
        let found = extracted
            .title
            .as_deref()
            .map(str::trim)
            .filter(|title| !title.is_empty());
        found.map_or_else(|| given.clone(), |title| title.chars().take(500).collect())
    }

    async fn passages(&self, accepted: &Accepted, extracted: Extracted) -> Result<Vec<Passage>> {
        let settings = ChunkSettings {
            size_chars: self.settings.chunk_size,
            overlap_chars: self.settings.chunk_overlap,
        };
        let chunks: Vec<Chunk> = tokio::task::spawn_blocking(move || chunk(&extracted, &settings))
            .await
            .map_err(|error| Error::internal("chunking was interrupted").with_source(error))?;
        let document = &accepted.document;
        let generation = accepted.generation.number;
        let created_at = self.parts.clock.now();
        let number = |value: usize| i64::try_from(value).unwrap_or(i64::MAX);
        let passage = |(ordinal, chunk): (usize, Chunk)| Passage {
            id: PassageId::of_document(document.id, generation, number(ordinal)),
            owner: document.owner,
            source: PassageSource::Document {
                document: document.id,
                collection: document.collection.clone(),
            },
            generation,
            ordinal: number(ordinal),
            content: chunk.text,
            heading: chunk.heading,
            page: chunk.page,
            char_start: chunk.char_start,
            char_end: chunk.char_end,
            embedding: None,
            model: None,
            created_at,
        };
        Ok(chunks.into_iter().enumerate().map(passage).collect())
    }
}

fn original_hash(accepted: &Accepted) -> Result<Sha256> {
    Sha256::parse_hex(&accepted.pending.sha256_hex)
        .ok_or_else(|| Error::internal("a stored version has an unreadable sha256"))
}

/// The hash by which a text's vector is found again.
pub(super) fn text_hash(passage: &Passage) -> Sha256 {
    Sha256::of(passage.indexed_text().as_bytes())
}
