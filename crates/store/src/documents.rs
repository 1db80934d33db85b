//! The table of documents: finding, listing, and how a document's status moves. What changes the
//! passages with it (accepting, committing, deleting) is in `accept` and `commit`. Access is part
//! of each query: what a caller may not see is not there.

use super::Store;
use super::bind::{Reader, refuse_nul};
use super::document_rows::{DOCUMENT_COLUMNS, DocumentRow, Generation};
use super::keyset::Keyset;
use super::param::params;
use super::sql::{page_sql, sql};
use super::tx::Tx;
use chrono::{DateTime, Utc};
use ragd_core::domain::{
    Collection, Document, DocumentId, DocumentStatus, JobState, Lease, OwnerId, Page, PageRequest,
    ReadScope, Sha256,
};
use ragd_core::error::Result;

/// The condition that a reader may see a document, for SQLite. The reader's owner, whether it reads
/// all, and its collections are $1, $2 and $3.
const READABLE_SQLITE: &str =
    "(owner_id = $1 OR $2 OR collection IN (SELECT value FROM json_each($3)))";
/// As [`READABLE_SQLITE`], for Postgres.
const READABLE_POSTGRES: &str = "(owner_id = $1 OR $2 OR collection = ANY ($3))";

/// The documents of a list, without its order.
fn list_sql(readable: &str) -> String {
    format!(
        "SELECT {DOCUMENT_COLUMNS} FROM documents
         WHERE {readable} AND id > $4 AND id < $5
           AND ($6 IS NULL OR status = $6) AND ($7 IS NULL OR collection = $7)"
    )
}

/// Which documents to list; the default is all.
#[derive(Debug, Clone, Default)]
pub struct DocumentFilter {
    /// Only those that stand here.
    pub status: Option<DocumentStatus>,
    /// Only those of this collection.
    pub collection: Option<Collection>,
}

/// Whose documents a caller may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteScope {
    /// This owner's.
    Owner(OwnerId),
    /// Everyone's: an admin, or the server's own work.
    Everyone,
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
        let sql = sql!(
            "SELECT {DOCUMENT_COLUMNS} FROM documents WHERE owner_id = $1 AND collection = $2 AND uri = $3"
        );
        let row: Option<DocumentRow> = self
            .db
            .query(sql, params![owner.uuid(), collection.as_str(), uri])
            .optional()
            .await?;
        row.map(DocumentRow::into_document).transpose()
    }

    /// The document `id`, if `scope` may read it.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn document(&self, id: DocumentId, scope: &ReadScope) -> Result<Option<Document>> {
        let sql = self.db.dialect(
            sql!("SELECT {DOCUMENT_COLUMNS} FROM documents WHERE {READABLE_SQLITE} AND id = $4"),
            sql!("SELECT {DOCUMENT_COLUMNS} FROM documents WHERE {READABLE_POSTGRES} AND id = $4"),
        );
        let reader = Reader::of(scope);
        let row: Option<DocumentRow> = self
            .db
            .query(
                sql,
                params![
                    reader.owner,
                    reader.reads_all,
                    reader.collections,
                    id.uuid()
                ],
            )
            .optional()
            .await?;
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
        let sql = self.db.dialect(
            page_sql!(
                keyset,
                "{list} ORDER BY id {order} LIMIT $8",
                list = list_sql(READABLE_SQLITE)
            ),
            page_sql!(
                keyset,
                "{list} ORDER BY id {order} LIMIT $8",
                list = list_sql(READABLE_POSTGRES)
            ),
        );
        let reader = Reader::of(scope);
        let rows: Vec<DocumentRow> = self
            .db
            .query(
                sql,
                params![
                    reader.owner,
                    reader.reads_all,
                    reader.collections,
                    keyset.above,
                    keyset.below,
                    filter.status.map(DocumentStatus::as_str),
                    filter.collection.as_ref().map(Collection::as_str),
                    keyset.rows()
                ],
            )
            .all()
            .await?;
        let documents: Result<Vec<Document>> =
            rows.into_iter().map(DocumentRow::into_document).collect();
        Ok(keyset.page(documents?))
    }

    /// Whether any document, of any owner, is made from the original with this hash, now or as soon
    /// as its newest version is committed.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn is_original_used(&self, hash: Sha256) -> Result<bool> {
        let sql = "SELECT COUNT(*) FROM documents
             WHERE sha256 = $1 OR CAST(pending AS TEXT) LIKE $2";
        let in_pending = format!("%{}%", hash.to_hex());
        let used: i64 = self
            .db
            .query(sql, params![hash.0.as_slice(), in_pending.as_str()])
            .scalar()
            .await?;
        Ok(used > 0)
    }

    /// Notes that work on `generation` has begun. `false` when it is not needed any more: the
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

    /// Notes that the committed `generation` can be found. The one that applied it to the index calls
    /// this before moving its cursor, so that a crash in between repeats it. `false` when that
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
        let marked = tx.query(sql, params![sequence, now]).execute().await?;
        tx.commit().await?;
        Ok(marked)
    }

    /// Notes that `generation` failed permanently with `error` (`code: message`); the current one
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
        let failed = tx.fail_generation(generation, error, now).await?;
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
        lease: Lease,
        error: &str,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        refuse_nul("error", error)?;
        let mut tx = self.begin().await?;
        // The document's row first, as in every transaction that takes both.
        tx.lock_document(generation.document).await?;
        if !tx.end_job(lease, JobState::Dead, Some(error), now).await? {
            return Ok(false);
        }
        tx.fail_generation(generation, error, now).await?;
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
        let changed = self
            .query(
                sql,
                params![generation.document.uuid(), generation.number, now],
            )
            .execute()
            .await?;
        Ok(changed > 0)
    }

    /// The document, locked until the end of the transaction.
    pub(super) async fn lock_document(&mut self, id: DocumentId) -> Result<Option<DocumentRow>> {
        let sql = self.dialect(
            sql!("SELECT {DOCUMENT_COLUMNS} FROM documents WHERE id = $1"),
            sql!("SELECT {DOCUMENT_COLUMNS} FROM documents WHERE id = $1 FOR UPDATE"),
        );
        self.query(sql, params![id.uuid()]).optional().await
    }
}
