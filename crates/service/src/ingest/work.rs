//! The work on one accepted document: extract → chunk → embed → one transaction → index. Every write
//! asks for the job's lease, so that who lost it changes nothing. A fault of the document becomes
//! its `failed(reason)`; a fault of ragd's surroundings is tried again.

use super::Ingest;
use super::fingerprint::fingerprint;
use super::progress::Progress;
use ragd_core::domain::{
    DocumentId, IngestPayload, JobOutcome, JobProgress, LeasedJob, Passage, PassageId,
    PassageSource, Sha256,
};
use ragd_core::error::{Error, ErrorKind, Result};
use ragd_core::resilience::failpoint;
use ragd_store::{Accepted, CommitOutcome, Generation, GenerationCommit};
use ragd_text::{Chunk, ChunkSettings, ExtractFailure, ExtractOrder, Extracted, OcrChoice, chunk};
use tracing::Instrument;

/// How many passages are embedded and stored at once: of a long document only so many vectors are in
/// memory, and what was stored is not made again by a later try.
const WINDOW_PASSAGES: usize = 256;

/// How work on a document can end without an error of ragd.
enum Ending {
    Indexed {
        passages: i64,
    },
    /// It was deleted, or a later version was accepted.
    Overtaken,
    /// It failed, which is written already, with the job's end.
    Failed(ExtractFailure),
    LeaseLost,
}

impl Ingest {
    /// Does the work of an ingest job, as far as the job's end, which is the caller's to write
    /// unless the outcome says otherwise. Dropped, it leaves nothing behind that a later try does
    /// not replace.
    pub async fn run(&self, leased: &LeasedJob) -> JobOutcome {
        let Some((document, payload)) = order(leased) else {
            return JobOutcome::Fail("the job does not say which document it is about".to_owned());
        };
        let span = tracing::info_span!("ingest", document_id = %document);
        let progress = Progress::new(self.parts.store.clone(), leased.lease);
        let work = self.ending(document, payload, &progress);
        let ending = progress.during(work).instrument(span.clone()).await;
        span.in_scope(|| self.outcome(ending))
    }

    fn outcome(&self, ending: Result<Ending>) -> JobOutcome {
        match ending {
            Ok(Ending::Indexed { passages }) => {
                tracing::info!(passages, "indexed");
                JobOutcome::Done
            }
            Ok(Ending::Overtaken) => {
                tracing::info!("the document was deleted or replaced meanwhile");
                JobOutcome::Cancelled
            }
            Ok(Ending::Failed(failure)) => {
                tracing::warn!(reason = %failure, "the document failed");
                JobOutcome::Settled
            }
            Ok(Ending::LeaseLost) => JobOutcome::Lost,
            Err(error) => {
                let kind = error.kind();
                let reason = error.to_string();
                tracing::error!(error = error.chain(), "the document is unfinished");
                if matches!(kind, ErrorKind::Unavailable | ErrorKind::Upstream) {
                    return JobOutcome::Outage(reason);
                }
                self.parts.shared_metrics.internal_error("ingest");
                JobOutcome::Retry(format!("internal: {reason}"))
            }
        }
    }

    async fn ending(
        &self,
        document: DocumentId,
        payload: IngestPayload,
        progress: &Progress,
    ) -> Result<Ending> {
        let store = &self.parts.store;
        let Some(accepted) = store.accepted(document, payload.generation).await? else {
            return Ok(Ending::Overtaken);
        };
        if accepted.document.current_generation == payload.generation {
            // An earlier try was cut off between the commit and the index.
            return self
                .index(accepted.generation, accepted.document.passages)
                .await;
        }
        if !store
            .mark_processing(accepted.generation, self.parts.clock.now())
            .await?
        {
            return Ok(Ending::Overtaken);
        }
        let ocr = match payload.ocr {
            None => OcrChoice::Automatic,
            Some(true) => OcrChoice::Wanted,
            Some(false) => OcrChoice::Forbidden,
        };
        let extracted = match self.extract((&accepted, ocr), progress).await {
            Ok(extracted) => extracted,
            Err(failure) if failure.is_retryable() => {
                return Err(Error::internal(failure.to_string()));
            }
            Err(failure) => return self.failed(&accepted, failure, progress).await,
        };
        failpoint("ingest.extracted");
        self.commit(&accepted, extracted, progress).await
    }

    /// Writes that the document failed, with the job's end.
    async fn failed(
        &self,
        accepted: &Accepted,
        failure: ExtractFailure,
        progress: &Progress,
    ) -> Result<Ending> {
        let reason = failure.to_string();
        let held = self
            .parts
            .store
            .fail_with_job(
                accepted.generation,
                (progress.lease(), &reason),
                self.parts.clock.now(),
            )
            .await?;
        Ok(if held {
            Ending::Failed(failure)
        } else {
            Ending::LeaseLost
        })
    }

    async fn commit(
        &self,
        accepted: &Accepted,
        extracted: Extracted,
        progress: &Progress,
    ) -> Result<Ending> {
        progress.note("chunk", 0, 1);
        let content_type = extracted.content_type.clone();
        let title = self.title(accepted, &extracted);
        let passages = self.passages(accepted, extracted).await?;
        let Some(rest) = self.embed_windows(accepted, passages, progress).await? else {
            return Ok(Ending::LeaseLost);
        };
        progress.note("commit", 0, 1);
        let pending = &accepted.pending;
        let sha256 = original_hash(accepted)?;
        let commit = GenerationCommit {
            generation: accepted.generation,
            title,
            content_type,
            bytes: pending.bytes,
            sha256,
            fingerprint: fingerprint(sha256, &self.settings),
            metadata: Some(pending.metadata.clone()),
            staged: rest.staged,
            passages: rest.passages,
        };
        failpoint("ingest.before_commit");
        let count = commit.staged + i64::try_from(commit.passages.len()).unwrap_or(i64::MAX);
        let outcome = self
            .parts
            .store
            .commit_generation_of_job(&commit, progress.lease(), self.parts.clock.now())
            .await?;
        failpoint("ingest.committed");
        match outcome {
            CommitOutcome::Committed => {
                // What the endpoint did not make, or made while another model took over.
                if rest.embedded_by != self.parts.embedder.model_id() {
                    self.fill_later();
                }
                self.index(accepted.generation, count).await
            }
            CommitOutcome::Superseded | CommitOutcome::Deleted => Ok(Ending::Overtaken),
            CommitOutcome::LeaseLost => Ok(Ending::LeaseLost),
        }
    }

    async fn index(&self, generation: Generation, passages: i64) -> Result<Ending> {
        self.parts.follower.catch_up().await?;
        // Whoever applied the change has marked it, but for a rebuild, which passes over the log.
        self.parts
            .store
            .mark_indexed(generation, self.parts.clock.now())
            .await?;
        Ok(Ending::Indexed { passages })
    }

    /// Embeds window by window and stores all but the last one. `None`: the lease is lost.
    async fn embed_windows(
        &self,
        accepted: &Accepted,
        mut passages: Vec<Passage>,
        progress: &Progress,
    ) -> Result<Option<Rest>> {
        let total = passages.len();
        let mut embedded_by = self.parts.embedder.model_id();
        let mut staged = 0;
        loop {
            let after = passages.split_off(passages.len().min(WINDOW_PASSAGES));
            progress.note("embed", staged as u64, total as u64);
            // An endpoint that failed once is not asked again for this document.
            if embedded_by.is_some() {
                let by = self.embed(&mut passages).await?;
                embedded_by = embedded_by.filter(|model| by.as_ref() == Some(model));
            }
            let done = i64::try_from(staged).unwrap_or(i64::MAX);
            if after.is_empty() {
                return Ok(Some(Rest {
                    staged: done,
                    passages,
                    embedded_by,
                }));
            }
            staged += passages.len();
            let note = JobProgress::of(
                "embed",
                i64::try_from(staged).unwrap_or(i64::MAX),
                i64::try_from(total).unwrap_or(i64::MAX),
            );
            let held = self
                .parts
                .store
                .stage_passages((accepted.generation, &passages), (progress.lease(), &note))
                .await?;
            if !held {
                return Ok(None);
            }
            failpoint("ingest.staged");
            passages = after;
        }
    }

    async fn extract(
        &self,
        (accepted, ocr): (&Accepted, OcrChoice),
        progress: &Progress,
    ) -> Result<Extracted, ExtractFailure> {
        let unavailable = |error: Error| {
            ExtractFailure::new(ragd_text::FailureCode::Unavailable, error.to_string())
        };
        let path = self
            .parts
            .blobs
            .path(original_hash(accepted).map_err(unavailable)?);
        let name =
            ragd_core::domain::FileName::parse(&accepted.document.filename).map_err(|error| {
                ExtractFailure::new(ragd_text::FailureCode::UnsupportedType, error.to_string())
            })?;
        let note = |done, total| progress.note("ocr", done, total);
        let order = ExtractOrder {
            ocr,
            progress: Some(&note),
        };
        self.parts.extractor.extract_with(&path, &name, order).await
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

/// What is left to commit after all but the last window was stored.
struct Rest {
    staged: i64,
    passages: Vec<Passage>,
    /// The model of every vector; `None`: some are missing.
    embedded_by: Option<String>,
}

fn order(leased: &LeasedJob) -> Option<(DocumentId, IngestPayload)> {
    let payload = serde_json::from_value(leased.job.payload.clone()).ok()?;
    Some((DocumentId::from_uuid(leased.job.subject?), payload))
}

fn original_hash(accepted: &Accepted) -> Result<Sha256> {
    Sha256::parse_hex(&accepted.pending.sha256_hex)
        .ok_or_else(|| Error::internal("a stored version has an unreadable sha256"))
}
