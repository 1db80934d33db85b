//! Taking a document in: limits first, then the original's bytes, then the row; only then is it
//! acknowledged, and the work begun.

use super::fingerprint::{fingerprint, is_same};
use super::source::{check_extension, check_size};
use super::{Accepted, Ingest, JobView, NewSource};
use crate::domain::{Document, DocumentId, DocumentStatus, JobId, OwnerId, ReadScope, Sha256};
use crate::error::{Error, Result};
use crate::store::{self, NewDocument};

impl Ingest {
    /// Takes a document in. When this returns, bytes and row are durable and the work goes on by
    /// itself; the same bytes under the same settings and model begin none.
    ///
    /// # Errors
    /// `Invalid` or `TooLarge` with the limit that it breaks; `Unavailable` without a database.
    pub async fn accept(&self, source: NewSource) -> Result<Accepted> {
        check_extension(&source.filename, &self.settings)?;
        check_size(source.bytes.len() as u64, &self.settings)?;
        if !source.metadata.is_object() {
            return Err(Error::invalid("metadata: must be a JSON object"));
        }
        let hash = Sha256::of(&source.bytes);
        let uri = source.address();
        let known = self
            .parts
            .store
            .find_by_source(source.owner, &source.collection, &uri)
            .await?;
        if let Some(document) = &known
            && self.is_unchanged(document, hash)
        {
            let document = document.clone();
            return Ok(Accepted {
                document,
                job: None,
                unchanged: true,
                new: false,
            });
        }
        let bytes = i64::try_from(source.bytes.len()).unwrap_or(i64::MAX);
        let _kept = self.originals.read().await;
        self.parts.blobs.put(hash, source.bytes).await?;
        let new = NewDocument {
            owner: source.owner,
            collection: source.collection,
            uri,
            title: source
                .title
                .unwrap_or_else(|| source.filename.as_str().to_owned()),
            filename: source.filename,
            content_type: "application/octet-stream".to_owned(),
            bytes,
            sha256: hash,
            metadata: source.metadata,
        };
        let accepted = self
            .parts
            .store
            .accept(&new, self.parts.clock.now())
            .await?;
        let document = accepted.document.clone();
        let job = self.begin(accepted);
        Ok(Accepted {
            document,
            job: Some(job),
            unchanged: false,
            new: known.is_none(),
        })
    }

    /// Takes up what an earlier process left unfinished. Returns how many documents that are.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn resume(&self) -> Result<usize> {
        let unfinished = self.parts.store.unfinished_documents().await?;
        let count = unfinished.len();
        for accepted in unfinished {
            self.begin(accepted);
        }
        Ok(count)
    }

    /// Waits for a job, and returns its document as it then is; `None` when it was deleted
    /// meanwhile or the job is not known.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn wait(&self, job: JobId, document: DocumentId) -> Result<Option<Document>> {
        if let Some(mut watch) = self.jobs.watch(job) {
            // An error means that the job was forgotten, and so had ended.
            let _ended = watch.wait_for(|view| view.finished_at.is_some()).await;
        }
        let everything = ReadScope {
            owner: OwnerId::system(),
            collections: None,
        };
        self.parts.store.document(document, &everything).await
    }

    /// A job as its owner, or (`None`) an admin, sees it.
    pub fn job(&self, id: JobId, owner: Option<OwnerId>) -> Option<JobView> {
        self.jobs
            .view(id)
            .filter(|job| owner.is_none_or(|owner| job.owner == owner))
    }

    pub(super) fn begin(&self, accepted: store::Accepted) -> JobId {
        let now = self.parts.clock.now();
        let job = self
            .jobs
            .add(accepted.document.owner, accepted.document.id, now);
        let ingest = self.clone();
        self.tasks
            .spawn(async move { ingest.work(job, accepted).await });
        job
    }

    fn is_unchanged(&self, document: &Document, hash: Sha256) -> bool {
        let wanted = fingerprint(hash, &self.settings);
        document.status == DocumentStatus::Indexed
            && document
                .fingerprint
                .as_deref()
                .is_some_and(|stored| is_same(stored, &wanted))
    }
}
