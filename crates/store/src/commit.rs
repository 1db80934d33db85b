//! The two moments at which what is served changes: a generation is committed, a document is
//! deleted. Each is one transaction over the document, its passages and the change log, so that no
//! reader and no index ever sees a mixture. A deletion wins over a commit that comes later.

use super::Store;
use super::accept::refuse_nul_in_json;
use super::bind::refuse_nul;
use super::change_log::{ChangeOp, NewChange, Subject};
use super::document_rows::{DocumentRow, Generation};
use super::documents::WriteScope;
use super::param::{optional_json, params};
use super::tx::Tx;
use chrono::{DateTime, Utc};
use ragd_core::domain::{DocumentId, JobKind, JobProgress, Lease, Passage, Sha256};
use ragd_core::error::Result;

/// A finished generation of a document.
#[derive(Debug, Clone)]
pub struct GenerationCommit {
    /// Which one, as it was handed out.
    pub generation: Generation,
    /// What the document is called from now on.
    pub title: String,
    /// The media type that was found.
    pub content_type: String,
    /// How many bytes the original has.
    pub bytes: i64,
    /// The hash of the original.
    pub sha256: Sha256,
    /// What decided the passages: see [`ragd_core::domain::Document::fingerprint`].
    pub fingerprint: String,
    /// What the caller stored with this version; `None` keeps what is there.
    pub metadata: Option<serde_json::Value>,
    /// Its passages, but for those that were staged before. Owner and collection are taken from the
    /// stored document.
    pub passages: Vec<Passage>,
    /// How many passages were staged before: those with the first ordinals.
    pub staged: i64,
}

/// What became of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitOutcome {
    /// It is the current generation; also when an earlier try had made it so.
    Committed,
    /// A later generation is current already; nothing was changed.
    Superseded,
    /// The document was deleted meanwhile; nothing was changed.
    Deleted,
    /// The lease of the job that made it is lost; nothing was changed.
    LeaseLost,
}

impl Store {
    /// Makes a generation the current one: stores its passages, drops the previous ones, and appends
    /// the changes for the indexes. The document's status is `processing` until
    /// [`Store::mark_indexed`], unless a still newer generation was accepted, of which the status then
    /// speaks.
    ///
    /// # Errors
    /// `Invalid` when a text contains NUL; `Internal` when a passage is not of this generation;
    /// `Unavailable` without a database. Nothing was changed then.
    pub async fn commit_generation(
        &self,
        commit: &GenerationCommit,
        now: DateTime<Utc>,
    ) -> Result<CommitOutcome> {
        self.commit_held(commit, None, now).await
    }

    /// As [`Store::commit_generation`], if the lease of the job that made it still holds; the job is
    /// then at the stage `index`.
    ///
    /// # Errors
    /// As [`Store::commit_generation`].
    pub async fn commit_generation_of_job(
        &self,
        commit: &GenerationCommit,
        lease: Lease,
        now: DateTime<Utc>,
    ) -> Result<CommitOutcome> {
        self.commit_held(commit, Some(lease), now).await
    }

    async fn commit_held(
        &self,
        commit: &GenerationCommit,
        lease: Option<Lease>,
        now: DateTime<Utc>,
    ) -> Result<CommitOutcome> {
        refuse_nul("title", &commit.title)?;
        refuse_nul("content_type", &commit.content_type)?;
        commit
            .metadata
            .as_ref()
            .map_or(Ok(()), |metadata| refuse_nul_in_json("metadata", metadata))?;
        let Generation { document, number } = commit.generation;
        let mut tx = self.begin().await?;
        // The document's row first, as in every transaction that takes both.
        let Some(row) = tx.lock_document(document).await? else {
            return Ok(CommitOutcome::Deleted);
        };
        if row.current_generation > number {
            return Ok(CommitOutcome::Superseded);
        }
        if let Some(lease) = lease
            && !tx
                .checkpoint(lease, &JobProgress::of("index", 0, 1))
                .await?
        {
            return Ok(CommitOutcome::LeaseLost);
        }
        if row.current_generation < number {
            tx.replace_passages(commit, &row).await?;
            tx.switch_generation(commit, now).await?;
            tx.append_changes(
                &switch_changes(commit.generation, row.current_generation),
                now,
            )
            .await?;
        }
        tx.commit().await?;
        Ok(CommitOutcome::Committed)
    }

    /// Stores passages of a generation that is not yet committed: no reader sees them until it is. Those
    /// that were staged before are replaced. `false`: the lease is lost, or the document is gone.
    ///
    /// # Errors
    /// `Invalid` when a text contains NUL; `Internal` when a passage is not of this generation;
    /// `Unavailable` without a database.
    pub async fn stage_passages(
        &self,
        generation: Generation,
        passages: &[Passage],
        lease: Lease,
        progress: &JobProgress,
    ) -> Result<bool> {
        let mut tx = self.begin().await?;
        let Some(row) = tx.lock_document(generation.document).await? else {
            return Ok(false);
        };
        if row.current_generation >= generation.number || !tx.checkpoint(lease, progress).await? {
            return Ok(false);
        }
        tx.unstage(generation, passages).await?;
        tx.insert_passages(generation, passages, &row).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Deletes a document with its passages, permanently. `false` when there is none that `scope` may
    /// change.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn delete_document(
        &self,
        id: DocumentId,
        scope: WriteScope,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let mut tx = self.begin().await?;
        let allowed = |row: &DocumentRow| match scope {
            WriteScope::Owner(owner) => row.owner_id == owner.uuid(),
            WriteScope::Everyone => true,
        };
        if !tx.lock_document(id).await?.as_ref().is_some_and(allowed) {
            return Ok(false);
        }
        tx.cancel_jobs_of(JobKind::Ingest, id.uuid(), now).await?;
        for sql in [
            "DELETE FROM passages WHERE document_id = $1",
            "DELETE FROM documents WHERE id = $1",
        ] {
            tx.query(sql, params![id.uuid()]).execute().await?;
        }
        let gone = NewChange {
            op: ChangeOp::Delete,
            subject: Subject::Document(id),
            generation: None,
        };
        tx.append_changes(&[gone], now).await?;
        tx.commit().await?;
        Ok(true)
    }
}

impl Tx {
    /// Drops what an earlier try staged in the places of these passages.
    async fn unstage(&mut self, generation: Generation, passages: &[Passage]) -> Result<()> {
        let ordinals = || passages.iter().map(|passage| passage.ordinal);
        let sql = "DELETE FROM passages
             WHERE document_id = $1 AND generation = $2 AND ordinal BETWEEN $3 AND $4";
        self.query(
            sql,
            params![
                generation.document.uuid(),
                generation.number,
                ordinals().min().unwrap_or(0),
                ordinals().max().unwrap_or(-1)
            ],
        )
        .execute()
        .await?;
        Ok(())
    }

    async fn replace_passages(
        &mut self,
        commit: &GenerationCommit,
        document: &DocumentRow,
    ) -> Result<()> {
        // Those of other generations, and what an earlier try staged beyond this one's.
        let sql = "DELETE FROM passages
             WHERE document_id = $1 AND NOT (generation = $2 AND ordinal < $3)";
        self.query(
            sql,
            params![
                commit.generation.document.uuid(),
                commit.generation.number,
                commit.staged
            ],
        )
        .execute()
        .await?;
        self.insert_passages(commit.generation, &commit.passages, document)
            .await
    }

    async fn switch_generation(
        &mut self,
        commit: &GenerationCommit,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let sql = "UPDATE documents SET
                 current_generation = $2,
                 status = CASE WHEN next_generation = $2 + 1 THEN 'processing' ELSE status END,
                 error = CASE WHEN next_generation = $2 + 1 THEN NULL ELSE error END,
                 passages = $3, title = $4, content_type = $5, bytes = $6, sha256 = $7,
                 fingerprint = $8, metadata = COALESCE($9, metadata), updated_at = $10,
                 pending = CASE WHEN next_generation = $2 + 1 THEN NULL ELSE pending END
             WHERE id = $1";
        let rest = i64::try_from(commit.passages.len()).unwrap_or(i64::MAX);
        let passages = commit.staged.saturating_add(rest);
        self.query(
            sql,
            params![
                commit.generation.document.uuid(),
                commit.generation.number,
                passages,
                commit.title.as_str(),
                commit.content_type.as_str(),
                commit.bytes,
                commit.sha256.0.as_slice(),
                commit.fingerprint.as_str(),
                optional_json(commit.metadata.as_ref())?,
                now
            ],
        )
        .execute()
        .await?;
        Ok(())
    }
}

/// The new generation is to be found before the old one is gone.
fn switch_changes(new: Generation, old: i64) -> Vec<NewChange> {
    let change = |op, number| NewChange {
        op,
        subject: Subject::Document(new.document),
        generation: Some(number),
    };
    let mut changes = vec![change(ChangeOp::Upsert, new.number)];
    if old > 0 {
        changes.push(change(ChangeOp::Delete, old));
    }
    changes
}
