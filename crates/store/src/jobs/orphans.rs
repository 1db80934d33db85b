//! What keeps documents and their jobs together: an accepted generation without a job gets one (an
//! older ragd had none, a restored backup may have lost it), a dead letter fails its generation, and
//! a job that is tried again takes its document with it.

use super::super::Store;
use super::super::accept::ingest_job;
use super::super::document_rows::Generation;
use super::super::param::params;
use super::super::tx::Tx;
use chrono::{DateTime, Utc};
use ragd_core::domain::{Job, JobPayload};
use ragd_core::error::Result;

impl Store {
    /// Enqueues an ingest for every document that waits for one and has none. Returns how many.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn enqueue_orphans(&self, now: DateTime<Utc>) -> Result<usize> {
        let orphans = self.unfinished_documents().await?;
        let count = orphans.len();
        for orphan in orphans {
            let mut tx = self.begin().await?;
            let job = ingest_job(&orphan.document, orphan.generation.number, None);
            tx.enqueue(&job, now).await?;
            tx.commit().await?;
        }
        Ok(count)
    }
}

impl Tx {
    /// Notes that a generation failed, and drops what was staged of it.
    pub(crate) async fn fail_generation(
        &mut self,
        generation: Generation,
        error: &str,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let sql = "UPDATE documents SET status = 'failed', error = $4, updated_at = $3
             WHERE id = $1 AND next_generation = $2 + 1 AND current_generation < $2";
        let failed = self
            .query(
                sql,
                params![generation.document.uuid(), generation.number, now, error],
            )
            .execute()
            .await?;
        self.drop_staged(generation).await?;
        Ok(failed > 0)
    }

    /// Drops the passages of a generation that will not be committed.
    pub(crate) async fn drop_staged(&mut self, generation: Generation) -> Result<()> {
        let sql = "DELETE FROM passages WHERE document_id = $1 AND generation = $2
             AND (SELECT current_generation FROM documents WHERE id = $1) < $2";
        self.query(sql, params![generation.document.uuid(), generation.number])
            .execute()
            .await?;
        Ok(())
    }

    /// Lets the document of a revived ingest wait again.
    pub(super) async fn requeue_subject(&mut self, job: &Job, now: DateTime<Utc>) -> Result<()> {
        let JobPayload::Ingest(ingest) = &job.payload else {
            return Ok(());
        };
        let sql = "UPDATE documents SET status = 'queued', error = NULL, updated_at = $3
             WHERE id = $1 AND next_generation = $2 + 1 AND current_generation < $2";
        self.query(sql, params![ingest.document.uuid(), ingest.generation, now])
            .execute()
            .await?;
        Ok(())
    }
}
