//! How a document comes in: its row is made or taken over, and the next generation handed out.
//! What is served does not change until that generation is committed (see `commit`).

use super::Store;
use super::bind::refuse_nul;
use super::db::{Tx, on, on_tx};
use super::documents::{DocumentRow, Generation, PendingVersion, document_columns};
use chrono::{DateTime, Utc};
use ragd_core::domain::{
    Collection, Document, DocumentId, FileName, IngestPayload, JobId, JobKind, Lane, NewJob,
    OwnerId, Sha256,
};
use ragd_core::error::{Error, Result};
use sqlx::types::Json;

/// How often an ingest is tried. What is wrong with a document is told at the first try; the others
/// are for what is wrong around it.
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
        let pending = row.pending_version();
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
    /// for all of them. Earlier ingests of the same documents are called off.
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
        let sql = concat!(
            "SELECT ",
            document_columns!(),
            " FROM documents WHERE id = $1 AND next_generation = $2 + 1"
        );
        let row: Option<DocumentRow> = on!(self, |pool| {
            let query = sqlx::query_as(sql).bind(id.uuid()).bind(number);
            query.fetch_optional(pool)
        })?;
        row.map(Accepted::from_row).transpose()
    }

    /// Takes a document in without a job, for whoever makes and commits its generation itself:
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
        let sql = concat!(
            "UPDATE documents SET next_generation = next_generation + 1, status = 'queued',
                 error = NULL, updated_at = $2
             WHERE id = $1 RETURNING ",
            document_columns!()
        );
        let mut tx = self.begin().await?;
        let row: Option<DocumentRow> = on_tx!(&mut tx, |c| {
            sqlx::query_as(sql)
                .bind(id.uuid())
                .bind(now)
                .fetch_optional(c)
        })?;
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
    let payload = IngestPayload { generation, ocr };
    NewJob {
        owner: document.owner,
        kind: JobKind::Ingest,
        subject: Some(document.id.uuid()),
        payload: serde_json::json!(payload),
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
        self.call_off((JobKind::Ingest, document.id.uuid()), now)
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
        let sql = concat!(
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
             RETURNING ",
            document_columns!()
        );
        let pending = PendingVersion {
            sha256_hex: new.sha256.to_hex(),
            bytes: new.bytes,
            title: new.title.clone(),
            metadata: new.metadata.clone(),
        };
        on_tx!(self, |c| {
            sqlx::query_as(sql)
                .bind(DocumentId::new(now).uuid())
                .bind(new.owner.uuid())
                .bind(new.collection.as_str())
                .bind(new.uri.as_str())
                .bind(new.filename.as_str())
                .bind(new.title.as_str())
                .bind(new.content_type.as_str())
                .bind(new.bytes)
                .bind(new.sha256.0.as_slice())
                .bind(Json(&new.metadata))
                .bind(now)
                .bind(Json(&pending))
                .fetch_one(c)
        })
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
