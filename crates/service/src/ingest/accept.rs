//! Accepts documents: checks the limits, stores the original's bytes, then row and job in one
//! transaction; only then is a document acknowledged.

use super::fingerprint::{fingerprint, is_same};
use super::source::{check_extension, check_size};
use super::{Accepted, Ingest, NewSource};
use futures_util::future::BoxFuture;
use ragd_core::domain::{Document, DocumentId, DocumentStatus, JobId, OwnerId, ReadScope, Sha256};
use ragd_core::error::{Error, Result};
use ragd_core::resilience::failpoint;
use ragd_store::{Enqueued, NewDocument};

/// Whether a source brings anything new.
enum Examined {
    /// The same bytes under the same settings are there already.
    Unchanged(Box<Document>),
    /// It needs work; its bytes are stored.
    Changed {
        document: Box<NewDocument>,
        /// Whether there is an earlier version.
        known: bool,
    },
}

impl Accepted {
    pub(super) fn of(enqueued: Enqueued, new: bool) -> Self {
        Self {
            document: enqueued.accepted.document,
            job: Some(enqueued.job),
            unchanged: false,
            new,
        }
    }
}

impl Ingest {
    /// Accepts a document. When this returns, bytes, row and job are durable and a worker does the
    /// rest; for the same bytes under the same settings there is no job.
    ///
    /// # Errors
    /// `Invalid` or `TooLarge` with the limit that it breaks; `Unavailable` without a database.
    pub fn accept(&self, source: NewSource) -> BoxFuture<'_, Result<Accepted>> {
        Box::pin(async move {
            let mut accepted = self.accept_all(vec![source]).await?;
            accepted
                .pop()
                .ok_or_else(|| Error::internal("a document was neither accepted nor refused"))
        })
    }

    /// Accepts documents together: one transaction for all that are new or changed. Returns them in
    /// the order of `sources`, which must have different addresses.
    ///
    /// # Errors
    /// As [`Ingest::accept`]; then none is accepted.
    pub(super) async fn accept_all(&self, sources: Vec<NewSource>) -> Result<Vec<Accepted>> {
        let _kept = self.originals.read().await;
        let mut outcomes = Vec::with_capacity(sources.len());
        let mut new = Vec::new();
        for source in sources {
            match self.examine(source).await? {
                Examined::Unchanged(document) => outcomes.push(Some(Accepted {
                    document: *document,
                    job: None,
                    unchanged: true,
                    new: false,
                })),
                Examined::Changed { document, known } => {
                    outcomes.push(None);
                    new.push((*document, known));
                }
            }
        }
        failpoint("accept.original_stored");
        let (documents, known): (Vec<NewDocument>, Vec<bool>) = new.into_iter().unzip();
        let now = self.parts.clock.now();
        let enqueued = self.parts.store.accept_all(&documents, now).await?;
        failpoint("accept.committed");
        let mut enqueued = enqueued.into_iter().zip(known);
        let accepted = outcomes.into_iter().filter_map(|outcome| {
            outcome.or_else(|| {
                let (enqueued, known) = enqueued.next()?;
                Some(Accepted::of(enqueued, !known))
            })
        });
        Ok(accepted.collect())
    }

    /// Checks a source, and stores its bytes when it is new or changed.
    async fn examine(&self, source: NewSource) -> Result<Examined> {
        check_extension(&source.filename, &self.settings)?;
        check_size(source.bytes.len() as u64, &self.settings)?;
        if !source.metadata.is_object() {
            return Err(Error::invalid("metadata: must be a JSON object"));
        }
        let (source, hash) = hashed(source).await?;
        let uri = source.address();
        let store = &self.parts.store;
        let known = store
            .find_by_source(source.owner, &source.collection, &uri)
            .await?;
        let is_known = known.is_some();
        if let Some(document) = known.filter(|document| self.is_unchanged(document, hash)) {
            return Ok(Examined::Unchanged(Box::new(document)));
        }
        let bytes = i64::try_from(source.bytes.len()).unwrap_or(i64::MAX);
        self.parts.blobs.put(hash, source.bytes).await?;
        let title = source.title;
        let document = NewDocument {
            owner: source.owner,
            collection: source.collection,
            uri,
            title: title.unwrap_or_else(|| source.filename.as_str().to_owned()),
            filename: source.filename,
            content_type: "application/octet-stream".to_owned(),
            bytes,
            sha256: hash,
            metadata: source.metadata,
        };
        Ok(Examined::Changed {
            document: Box::new(document),
            known: is_known,
        })
    }

    /// Enqueues accepted documents that have no job. Returns how many there were.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub fn resume(&self) -> BoxFuture<'_, Result<usize>> {
        Box::pin(async move {
            let now = self.parts.clock.now();
            self.parts.store.enqueue_orphans(now).await
        })
    }

    /// Waits until a job has ended, and returns its document; `None` when it was deleted meanwhile.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub fn wait(
        &self,
        job: JobId,
        document: DocumentId,
    ) -> BoxFuture<'_, Result<Option<Document>>> {
        Box::pin(async move {
            self.parts.store.job_ends(job).await?;
            let everything = ReadScope {
                owner: OwnerId::system(),
                collections: None,
            };
            self.parts.store.document(document, &everything).await
        })
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

/// A source with the hash of its bytes; hashing blocks.
async fn hashed(source: NewSource) -> Result<(NewSource, Sha256)> {
    let hash = move || {
        let hash = Sha256::of(&source.bytes);
        (source, hash)
    };
    tokio::task::spawn_blocking(hash)
        .await
        .map_err(|error| Error::internal("hashing was interrupted").with_source(error))
}
