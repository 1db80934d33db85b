//! The work on one accepted document: extract → chunk → embed → one transaction → index. Every write
//! checks the job's lease, so a worker that lost it changes nothing. A fault of the document becomes
//! its `failed(reason)`; a fault of what ragd depends on is tried again.

use super::Ingest;
use super::progress::Progress;
use futures_util::future::BoxFuture;
use ragd_core::domain::{IngestPayload, JobOutcome, Lease};
use ragd_core::error::{Error, ErrorKind, Result};
use ragd_core::resilience::failpoint;
use ragd_store::Accepted;
use ragd_text::{ExtractFailure, OcrChoice};
use tracing::Instrument;

/// How work on a document ends without an error of ragd.
pub(super) enum WorkOutcome {
    Indexed {
        passages: i64,
    },
    /// The document was deleted, or a later version was accepted.
    Superseded,
    /// The document failed. This and the job's end are written already.
    Failed(ExtractFailure),
    LeaseLost,
}

impl Ingest {
    /// Does the work of an ingest job. The caller writes the job's end, unless the outcome says that
    /// it is written. Dropped halfway, it leaves nothing that a later try does not replace.
    pub fn run(&self, payload: IngestPayload, lease: Lease) -> BoxFuture<'_, JobOutcome> {
        Box::pin(async move {
            let span = tracing::info_span!("ingest", document_id = %payload.document);
            let progress = Progress::new(self.parts.store.clone(), lease);
            let work = self.work(payload, &progress);
            let outcome = progress.during(work).instrument(span.clone()).await;
            span.in_scope(|| self.job_outcome(outcome))
        })
    }

    fn job_outcome(&self, outcome: Result<WorkOutcome>) -> JobOutcome {
        match outcome {
            Ok(WorkOutcome::Indexed { passages }) => {
                tracing::info!(passages, "indexed");
                JobOutcome::Done
            }
            Ok(WorkOutcome::Superseded) => {
                tracing::info!("the document was deleted or replaced meanwhile");
                JobOutcome::Cancelled
            }
            Ok(WorkOutcome::Failed(failure)) => {
                tracing::warn!(reason = %failure, "the document failed");
                JobOutcome::Settled
            }
            Ok(WorkOutcome::LeaseLost) => JobOutcome::Lost,
            Err(error) => {
                let reason = error.to_string();
                tracing::error!(error = error.chain(), "the document is unfinished");
                if matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Upstream) {
                    return JobOutcome::Outage(reason);
                }
                self.parts.shared_metrics.internal_error("ingest");
                JobOutcome::Retry(format!("internal: {reason}"))
            }
        }
    }

    async fn work(&self, payload: IngestPayload, progress: &Progress) -> Result<WorkOutcome> {
        let (store, clock) = (&self.parts.store, &self.parts.clock);
        let accepted = store.accepted(payload.document, payload.generation);
        let Some(accepted) = accepted.await? else {
            return Ok(WorkOutcome::Superseded);
        };
        if accepted.document.current_generation == payload.generation {
            return self.resume_index(&accepted).await;
        }
        if !store
            .mark_processing(accepted.generation, clock.now())
            .await?
        {
            return Ok(WorkOutcome::Superseded);
        }
        let ocr = match payload.ocr {
            None => OcrChoice::Automatic,
            Some(true) => OcrChoice::Wanted,
            Some(false) => OcrChoice::Forbidden,
        };
        let extracted = match self.extract(&accepted, ocr, progress).await {
            Ok(extracted) => extracted,
            Err(failure) if failure.is_retryable() => {
                return Err(Error::internal(failure.to_string()));
            }
            Err(failure) => return self.fail(&accepted, failure, progress).await,
        };
        failpoint("ingest.extracted");
        if extracted.left_out > 0 {
            tracing::info!(
                document_id = %accepted.document.id,
                lines = extracted.left_out,
                "lines that repeat on every page were left out"
            );
        }
        self.commit(&accepted, extracted, progress).await
    }

    /// Brings a generation into the index whose earlier try ended after its commit.
    async fn resume_index(&self, accepted: &Accepted) -> Result<WorkOutcome> {
        self.parts.follower.catch_up().await?;
        // The index may have passed over the change without marking the document, when its position
        // comes from another state of the database.
        let (generation, now) = (accepted.generation, self.parts.clock.now());
        self.parts.store.mark_indexed(generation, now).await?;
        Ok(WorkOutcome::Indexed {
            passages: accepted.document.passages,
        })
    }

    /// Writes that the document failed, with the job's end.
    async fn fail(
        &self,
        accepted: &Accepted,
        failure: ExtractFailure,
        progress: &Progress,
    ) -> Result<WorkOutcome> {
        let (store, now) = (&self.parts.store, self.parts.clock.now());
        let reason = failure.to_string();
        let failed = store.fail_with_job(accepted.generation, progress.lease(), &reason, now);
        Ok(if failed.await? {
            WorkOutcome::Failed(failure)
        } else {
            WorkOutcome::LeaseLost
        })
    }
}
