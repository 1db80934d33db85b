//! The table of documents: finding, listing, and how a document's status moves. What changes the
//! passages with it (accepting, committing, deleting) is in `accept` and `commit`. Access is part
//! of each query: what a caller may not see is not there.

use super::Store;
use super::accept::Accepted;
use super::bind::{List, Reader, refuse_nul};
use super::db::{Tx, execute, on, on_tx};
use super::keyset::Keyset;
use chrono::{DateTime, Utc};
use ragd_core::domain::{
    Collection, Document, DocumentId, DocumentStatus, JobState, Lease, OwnerId, Page, PageRequest,
    ReadScope, Sha256,
};
use ragd_core::error::{Error, Result};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use uuid::Uuid;

/// The columns of a [`DocumentRow`].
macro_rules! document_columns {
    () => {
        "id, owner_id, collection, status, current_generation, next_generation, passages, bytes, \
         sha256, fingerprint, content_type, filename, title, uri, error, metadata, pending, created_at, \
         updated_at"
    };
}
pub(super) use document_columns;

/// The condition that a reader may see a document, for SQLite and for Postgres. The reader's owner,
/// whether it reads all, and its collections are $1, $2 and $3.
macro_rules! readable_document {
    (sqlite) => {
        "(owner_id = $1 OR $2 OR collection IN (SELECT value FROM json_each($3)))"
    };
    (postgres) => {
        "(owner_id = $1 OR $2 OR collection = ANY ($3))"
    };
}

/// Which documents to list; the default is all.
#[derive(Debug, Clone, Default)]
pub struct DocumentFilter {
    /// Only those that stand here.
    pub status: Option<DocumentStatus>,
    /// Only those of this collection.
    pub collection: Option<Collection>,
}

/// One version of a document: its passages are made, committed, indexed and dropped together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Generation {
    /// The document.
    pub document: DocumentId,
    /// 1 for the first, one more for each that was accepted since.
    pub number: i64,
}

/// Whose documents a caller may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteScope {
    /// This owner's.
    Owner(OwnerId),
    /// Everyone's: an admin, or the server's own work.
    Everyone,
}

/// What a version was handed in with; kept until that version is committed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PendingVersion {
    /// The hash of the original, in hexadecimal.
    pub sha256_hex: String,
    /// How many bytes the original has.
    pub bytes: i64,
    /// What the caller called it; the file name where it said nothing.
    pub title: String,
    /// What the caller stores with it.
    pub metadata: serde_json::Value,
}

#[derive(sqlx::FromRow)]
pub(super) struct DocumentRow {
    id: Uuid,
    pub(super) owner_id: Uuid,
    pub(super) collection: String,
    status: String,
    pub(super) current_generation: i64,
    pub(super) next_generation: i64,
    passages: i64,
    bytes: i64,
    sha256: Vec<u8>,
    fingerprint: Option<String>,
    content_type: String,
    filename: String,
    title: String,
    uri: String,
    error: Option<String>,
    metadata: Json<serde_json::Value>,
    pending: Option<Json<PendingVersion>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl DocumentRow {
    /// The newest generation that was handed out.
    pub(super) fn newest_generation(&self) -> i64 {
        self.next_generation - 1
    }

    /// What the newest version is made from: as it was handed in, else as the current one.
    pub(super) fn pending_version(&self) -> PendingVersion {
        match &self.pending {
            Some(Json(pending)) => pending.clone(),
            None => PendingVersion {
                sha256_hex: hex::encode(&self.sha256),
                bytes: self.bytes,
                title: self.title.clone(),
                metadata: self.metadata.0.clone(),
            },
        }
    }

    pub(super) fn into_document(self) -> Result<Document> {
        let unreadable =
            |what| Error::internal(format!("a stored document has an unreadable {what}"));
        let sha256 = <[u8; 32]>::try_from(self.sha256).map_err(|_| unreadable("sha256"))?;
        Ok(Document {
            id: DocumentId::from_uuid(self.id),
            owner: OwnerId::from_uuid(self.owner_id),
            collection: Collection::parse(&self.collection)?,
            title: self.title,
            filename: self.filename,
            uri: self.uri,
            content_type: self.content_type,
            bytes: self.bytes,
            sha256: Sha256(sha256),
            status: DocumentStatus::parse(&self.status).ok_or_else(|| unreadable("status"))?,
            error: self.error,
            passages: self.passages,
            metadata: self.metadata.0,
            current_generation: self.current_generation,
            fingerprint: self.fingerprint,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

impl Store {
    /// The document that `owner` has from `uri` in `collection`.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn find_by_source(
        &self,
        owner: OwnerId,
        collection: &Collection,
        uri: &str,
    ) -> Result<Option<Document>> {
        let sql = concat!(
            "SELECT ",
            document_columns!(),
            " FROM documents WHERE owner_id = $1 AND collection = $2 AND uri = $3"
        );
        let row: Option<DocumentRow> = on!(self, |pool| {
            sqlx::query_as(sql)
                .bind(owner.uuid())
                .bind(collection.as_str())
                .bind(uri)
                .fetch_optional(pool)
        })?;
        row.map(DocumentRow::into_document).transpose()
    }

    /// The document `id`, if `scope` may read it.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn document(&self, id: DocumentId, scope: &ReadScope) -> Result<Option<Document>> {
        let sql = self.db.dialect(
            concat!(
                "SELECT ",
                document_columns!(),
                " FROM documents WHERE ",
                readable_document!(sqlite),
                " AND id = $4"
            ),
            concat!(
                "SELECT ",
                document_columns!(),
                " FROM documents WHERE ",
                readable_document!(postgres),
                " AND id = $4"
            ),
        );
        let reader = Reader::of(scope);
        let row: Option<DocumentRow> = on!(self, |pool| {
            sqlx::query_as(sql)
                .bind(reader.owner)
                .bind(reader.reads_all)
                .bind(List(reader.collections))
                .bind(id.uuid())
                .fetch_optional(pool)
        })?;
        row.map(DocumentRow::into_document).transpose()
    }

    /// A page of the documents that `scope` may read, by creation.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn list_documents(
        &self,
        scope: &ReadScope,
        filter: &DocumentFilter,
        page: PageRequest,
    ) -> Result<Page<Document>> {
        let keyset = Keyset::of(&page);
        let sql = self.list_sql(keyset.ascending);
        let reader = Reader::of(scope);
        let rows: Vec<DocumentRow> = on!(self, |pool| {
            sqlx::query_as(sql)
                .bind(reader.owner)
                .bind(reader.reads_all)
                .bind(List(reader.collections))
                .bind(keyset.above)
                .bind(keyset.below)
                .bind(filter.status.map(DocumentStatus::as_str))
                .bind(filter.collection.as_ref().map(Collection::as_str))
                .bind(keyset.rows())
                .fetch_all(pool)
        })?;
        let documents: Result<Vec<Document>> =
            rows.into_iter().map(DocumentRow::into_document).collect();
        Ok(keyset.page(documents?))
    }

    fn list_sql(&self, ascending: bool) -> &'static str {
        macro_rules! list {
            ($dialect:ident, $order:literal) => {
                concat!(
                    "SELECT ", document_columns!(), " FROM documents WHERE ",
                    readable_document!($dialect),
                    " AND id > $4 AND id < $5
                      AND ($6 IS NULL OR status = $6) AND ($7 IS NULL OR collection = $7)
                      ORDER BY id ", $order, " LIMIT $8"
                )
            };
        }
        if ascending {
            self.db
                .dialect(list!(sqlite, "ASC"), list!(postgres, "ASC"))
        } else {
            self.db
                .dialect(list!(sqlite, "DESC"), list!(postgres, "DESC"))
        }
    }

    /// Whether any document, of whoever, is made from the original with this hash, now or as soon
    /// as its newest version is committed.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn is_original_used(&self, hash: Sha256) -> Result<bool> {
        let sql = "SELECT COUNT(*) FROM documents
             WHERE sha256 = $1 OR CAST(pending AS TEXT) LIKE $2";
        let in_pending = format!("%{}%", hash.to_hex());
        let used: i64 = on!(self, |pool| sqlx::query_scalar(sql)
            .bind(hash.0.as_slice())
            .bind(in_pending.as_str())
            .fetch_one(pool))?;
        Ok(used > 0)
    }

    /// Every document with a generation that was accepted and neither committed nor failed and that
    /// no job is about, with that generation, oldest first.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn unfinished_documents(&self) -> Result<Vec<Accepted>> {
        let sql = concat!(
            "SELECT ",
            document_columns!(),
            " FROM documents
             WHERE status IN ('queued', 'processing') AND current_generation < next_generation - 1
               AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.subject_id = documents.id
                   AND j.kind = 'ingest' AND j.state IN ('ready', 'leased'))
             ORDER BY id"
        );
        let rows: Vec<DocumentRow> = on!(self, |pool| sqlx::query_as(sql).fetch_all(pool))?;
        rows.into_iter().map(Accepted::from_row).collect()
    }

    /// Notes that work on `generation` has begun. `false` when it is of no use any more: the
    /// document was deleted, or a later generation is current.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn mark_processing(
        &self,
        generation: Generation,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let mut tx = self.begin().await?;
        // Status and error speak of the newest generation; work on an older one changes neither.
        let sql = "UPDATE documents SET updated_at = $3,
                 status = CASE WHEN next_generation = $2 + 1 THEN 'processing' ELSE status END,
                 error = CASE WHEN next_generation = $2 + 1 THEN NULL ELSE error END
             WHERE id = $1 AND current_generation < $2";
        let useful = tx.update_status(sql, generation, now).await?;
        tx.commit().await?;
        Ok(useful)
    }

    /// Notes that the committed `generation` can be found: whoever applied it to the index calls
    /// this before it moves its cursor, so that a crash in between repeats it. `false` when that
    /// generation is not the newest one, or is marked already.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn mark_indexed(&self, generation: Generation, now: DateTime<Utc>) -> Result<bool> {
        let mut tx = self.begin().await?;
        let sql = "UPDATE documents SET status = 'indexed', updated_at = $3
             WHERE id = $1 AND current_generation = $2 AND next_generation = $2 + 1
               AND status = 'processing'";
        let marked = tx.update_status(sql, generation, now).await?;
        tx.commit().await?;
        Ok(marked)
    }

    /// As [`Store::mark_indexed`], for every change up to `sequence` of the change log: an index that
    /// is rebuilt or replaced passes over them. Returns how many documents it marked.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn mark_indexed_up_to(&self, sequence: i64, now: DateTime<Utc>) -> Result<u64> {
        let mut tx = self.begin().await?;
        let sql = "UPDATE documents SET status = 'indexed', updated_at = $2
             WHERE status = 'processing' AND next_generation = current_generation + 1
               AND EXISTS (SELECT 1 FROM change_log c WHERE c.seq <= $1 AND c.op = 'upsert'
                   AND c.subject_kind = 'document' AND c.subject_id = documents.id
                   AND c.generation = documents.current_generation)";
        let marked = execute!(&mut tx, sqlx::query(sql).bind(sequence).bind(now))?;
        tx.commit().await?;
        Ok(marked)
    }

    /// Notes that `generation` failed for good with `error` (`code: message`); the current one
    /// goes on being served. `false` when that does not matter any more: the document was deleted,
    /// or a later generation was accepted.
    ///
    /// # Errors
    /// `Invalid` when `error` contains NUL; `Unavailable` without a database.
    pub async fn fail(
        &self,
        generation: Generation,
        error: &str,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        refuse_nul("error", error)?;
        let mut tx = self.begin().await?;
        let document = generation.document.uuid();
        let failed = tx
            .fail_generation(document, (generation.number, error), now)
            .await?;
        tx.commit().await?;
        Ok(failed)
    }

    /// As [`Store::fail`], and makes the job that found it a dead letter, if its lease still holds.
    /// `false`: it does not, and nothing was changed.
    ///
    /// # Errors
    /// As [`Store::fail`].
    pub async fn fail_with_job(
        &self,
        generation: Generation,
        (lease, error): (Lease, &str),
        now: DateTime<Utc>,
    ) -> Result<bool> {
        refuse_nul("error", error)?;
        let mut tx = self.begin().await?;
        let document = generation.document;
        // The document's row first, as in every transaction that takes both.
        tx.lock_document(document).await?;
        let dead = (JobState::Dead, Some(error));
        if !tx.end_job(lease, dead, now).await? {
            return Ok(false);
        }
        tx.fail_generation(document.uuid(), (generation.number, error), now)
            .await?;
        tx.commit().await?;
        Ok(true)
    }
}

impl Tx {
    /// Runs an update whose $1, $2 and $3 are a document, its generation and the time; whether it
    /// changed anything.
    async fn update_status(
        &mut self,
        sql: &'static str,
        generation: Generation,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let changed = execute!(
            self,
            sqlx::query(sql)
                .bind(generation.document.uuid())
                .bind(generation.number)
                .bind(now)
        )?;
        Ok(changed > 0)
    }

    /// The document, locked until the end of the transaction.
    pub(super) async fn lock_document(&mut self, id: DocumentId) -> Result<Option<DocumentRow>> {
        let sql = self.dialect(
            concat!(
                "SELECT ",
                document_columns!(),
                " FROM documents WHERE id = $1"
            ),
            concat!(
                "SELECT ",
                document_columns!(),
                " FROM documents WHERE id = $1 FOR UPDATE"
            ),
        );
        on_tx!(self, |c| sqlx::query_as(sql)
            .bind(id.uuid())
            .fetch_optional(c))
    }
}
