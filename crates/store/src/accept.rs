//! Accepting documents: the row is made or taken over, and the next generation handed out.
//! What is served does not change until that generation is committed (see `commit`).

use super::Store;
use super::bind::refuse_nul;
use super::document_rows::{DOCUMENT_COLUMNS, DocumentRow, Generation, PendingVersion};
use super::param::{json, params};
use super::sql::sql;
use super::tx::Tx;
use chrono::{DateTime, Utc};
use ragd_core::domain::{
    Collection, Document, DocumentId, FileName, IngestPayload, JobId, JobKind, JobPayload, Lane,
    NewJob, OwnerId, Sha256,
};
use ragd_core::error::{Error, Result};

/// How often an ingest is tried. A fault of the document itself fails the first try; the others
/// are for faults of what it depends on.
const INGEST_ATTEMPTS: i64 = 5;

/// A document as it was handed in.
#[derive(Debug, Clone)]
pub struct NewDocument {
    /// Who may change it.
    pub owner: OwnerId,
    /// The collection that decides who may read it.
    pub collection: Collection,
    /// Where it came from, at most [`NewDocument::MAX_URI_BYTES`]; with owner and collection it
    /// tells a new document from a new version.
    pub uri: String,
    /// The name that it came with.
    pub filename: FileName,
    /// Shown to people.
    pub title: String,
    /// The media type that was found, or the one claimed.
    pub content_type: String,
    /// How many bytes the original has.
    pub bytes: i64,
    /// The hash of the original.
    pub sha256: Sha256,
    /// What the caller stores with it: a JSON object.
    pub metadata: serde_json::Value,
}

impl NewDocument {
    /// The longest `uri`: with its owner and collection it must fit into an entry of a Postgres
    /// index (2,704 bytes).
    pub const MAX_URI_BYTES: usize = 2_048;

    fn check(&self) -> Result<()> {
        if self.uri.len() > Self::MAX_URI_BYTES {
            return Err(Error::invalid(format!(
                "uri: must have at most {} bytes, it has {}",
                Self::MAX_URI_BYTES,
                self.uri.len()
            )));
        }
        refuse_nul("uri", &self.uri)?;
        refuse_nul("title", &self.title)?;
        refuse_nul("content_type", &self.content_type)?;
        refuse_nul_in_json("metadata", &self.metadata)
    }
}

/// A document that was accepted, and the job that makes its next generation.
#[derive(Debug, Clone)]
pub struct Enqueued {
    /// What was accepted.
    pub accepted: Accepted,
    /// The job.
    pub job: JobId,
}

/// A document that was accepted, and the generation to make.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// As it is stored now. A document that is already served still shows its current version.
    pub document: Document,
    /// What to make and commit.
    pub generation: Generation,
    /// What that generation is made from.
    pub pending: PendingVersion,
}

impl Accepted {
    pub(super) fn from_row(row: DocumentRow) -> Result<Self> {
        let number = row.newest_generation();
        let pending = row.pending_version()?;
        let document = row.into_document()?;
        let generation = Generation {
            document: document.id,
            number,
        };
        Ok(Self {
            document,
            generation,
            pending,
        })
    }
}

impl Store {
    /// As [`Store::accept`], and enqueues the ingest of each in the same transaction, which is one
    /// for all of them. Earlier ingests of the same documents are cancelled.
    ///
    /// # Errors
    /// As [`Store::accept`]; nothing was accepted then.
    pub async fn accept_all(
        &self,
        documents: &[NewDocument],
        now: DateTime<Utc>,
    ) -> Result<Vec<Enqueued>> {
        documents.iter().try_for_each(NewDocument::check)?;
        let mut tx = self.begin().await?;
        let mut enqueued = Vec::with_capacity(documents.len());
        for new in documents {
            let row = tx.upsert_document(new, now).await?;
            let accepted = Accepted::from_row(row)?;
            enqueued.push(tx.enqueue_ingest(accepted, None, now).await?);
        }
        tx.commit().await?;
        Ok(enqueued)
    }

    /// A document and what its generation `number` is made from. `None`: it is gone, or a later
    /// generation was accepted.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn accepted(&self, id: DocumentId, number: i64) -> Result<Option<Accepted>> {
        let sql = sql!(
            "SELECT {DOCUMENT_COLUMNS} FROM documents WHERE id = $1 AND next_generation = $2 + 1"
        );
        let row: Option<DocumentRow> = self
            .db
            .query(sql, params![id.uuid(), number])
            .optional()
            .await?;
        row.map(Accepted::from_row).transpose()
    }

    /// Every document with a generation that was accepted and neither committed nor failed and that
    /// no job is about, with that generation, oldest first.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn unfinished_documents(&self) -> Result<Vec<Accepted>> {
        let sql = sql!(
            "SELECT {DOCUMENT_COLUMNS} FROM documents
             WHERE status IN ('queued', 'processing') AND current_generation < next_generation - 1
               AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.subject_id = documents.id
                   AND j.kind = 'ingest' AND j.state IN ('ready', 'leased'))
             ORDER BY id"
        );
        let rows: Vec<DocumentRow> = self.db.query(sql, params![]).all().await?;
        rows.into_iter().map(Accepted::from_row).collect()
    }

    /// Accepts a document without a job, for a caller that makes and commits its generation itself:
    /// makes its row, or takes over the one with the same owner, collection
    /// and uri, and hands out its next generation. Its status is `queued` afterwards. A version
    /// that is being served stays as it is until the generation is committed, so the caller keeps
    /// hash, size, title and metadata of the new one until then.
    ///
    /// # Errors
    /// `Invalid` when a text contains NUL or the uri is too long; `Unavailable` without a database.
    pub async fn accept(&self, new: &NewDocument, now: DateTime<Utc>) -> Result<Accepted> {
        new.check()?;
        let mut tx = self.begin().await?;
        let row = tx.upsert_document(new, now).await?;
        tx.commit().await?;
        Accepted::from_row(row)
    }

    /// Hands out the next generation of a document that is there, and enqueues its ingest from the
    /// same bytes; `ocr` as in [`IngestPayload::ocr`]. `None` when it is not there.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn accept_again(
        &self,
        id: DocumentId,
        ocr: Option<bool>,
        now: DateTime<Utc>,
    ) -> Result<Option<Enqueued>> {
        let sql = sql!(
            "UPDATE documents SET next_generation = next_generation + 1, status = 'queued',
                 error = NULL, updated_at = $2
             WHERE id = $1 RETURNING {DOCUMENT_COLUMNS}"
        );
        let mut tx = self.begin().await?;
        let row: Option<DocumentRow> = tx.query(sql, params![id.uuid(), now]).optional().await?;
        let Some(accepted) = row.map(Accepted::from_row).transpose()? else {
            return Ok(None);
        };
        let enqueued = tx.enqueue_ingest(accepted, ocr, now).await?;
        tx.commit().await?;
        Ok(Some(enqueued))
    }
}

/// The job that makes `generation` of `document`.
pub(super) fn ingest_job(document: &Document, generation: i64, ocr: Option<bool>) -> NewJob {
    NewJob {
        owner: document.owner,
        payload: JobPayload::Ingest(IngestPayload {
            document: document.id,
            generation,
            ocr,
        }),
        lane: Lane::Default,
        run_at: None,
        max_attempts: INGEST_ATTEMPTS,
        dedupe_key: Some(format!("ingest:{}:{generation}", document.id)),
    }
}

impl Tx {
    async fn enqueue_ingest(
        &mut self,
        accepted: Accepted,
        ocr: Option<bool>,
        now: DateTime<Utc>,
    ) -> Result<Enqueued> {
        let document = &accepted.document;
        self.cancel_jobs_of(JobKind::Ingest, document.id.uuid(), now)
            .await?;
        let job = ingest_job(document, accepted.generation.number, ocr);
        let job = self.enqueue(&job, now).await?;
        Ok(Enqueued { accepted, job })
    }

    async fn upsert_document(
        &mut self,
        new: &NewDocument,
        now: DateTime<Utc>,
    ) -> Result<DocumentRow> {
        // Until a first version is served, the row describes the one that is being made.
        let sql = sql!(
            "INSERT INTO documents (id, owner_id, collection, uri, filename, title,
                 content_type, bytes, sha256, metadata, status, current_generation,
                 next_generation, passages, pending, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'queued', 0, 2, 0, $12, $11, $11)
             ON CONFLICT (owner_id, collection, uri) DO UPDATE SET
                 next_generation = documents.next_generation + 1,
                 status = 'queued',
                 error = NULL,
                 pending = excluded.pending,
                 updated_at = excluded.updated_at,
                 title = CASE WHEN documents.current_generation = 0
                     THEN excluded.title ELSE documents.title END,
                 content_type = CASE WHEN documents.current_generation = 0
                     THEN excluded.content_type ELSE documents.content_type END,
                 bytes = CASE WHEN documents.current_generation = 0
                     THEN excluded.bytes ELSE documents.bytes END,
                 sha256 = CASE WHEN documents.current_generation = 0
                     THEN excluded.sha256 ELSE documents.sha256 END,
                 metadata = CASE WHEN documents.current_generation = 0
                     THEN excluded.metadata ELSE documents.metadata END
             RETURNING {DOCUMENT_COLUMNS}"
        );
        let pending = PendingVersion {
            sha256: new.sha256,
            bytes: new.bytes,
            title: new.title.clone(),
            metadata: new.metadata.clone(),
        };
        self.query(
            sql,
            params![
                DocumentId::new(now).uuid(),
                new.owner.uuid(),
                new.collection.as_str(),
                new.uri.as_str(),
                new.filename.as_str(),
                new.title.as_str(),
                new.content_type.as_str(),
                new.bytes,
                new.sha256.0.as_slice(),
                json(&new.metadata)?,
                now,
                json(&pending)?
            ],
        )
        .one()
        .await
    }
}

/// Postgres keeps no `\u0000` in JSON either.
pub(super) fn refuse_nul_in_json(field: &str, value: &serde_json::Value) -> Result<()> {
    use serde_json::Value::{Array, Object, String};
    match value {
        String(text) => refuse_nul(field, text),
        Array(items) => items
            .iter()
            .try_for_each(|item| refuse_nul_in_json(field, item)),
        Object(entries) => entries.iter().try_for_each(|(name, item)| {
            refuse_nul(field, name).and_then(|()| refuse_nul_in_json(field, item))
        }),
        _ => Ok(()),
    }
}
