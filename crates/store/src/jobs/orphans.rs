//! What keeps documents and their jobs together: an accepted generation without a job gets one (an
//! older ragd had none, a restored backup may have lost it), a dead letter fails its generation, and
//! a job that is tried again takes its document with it.

use super::super::Store;
use super::super::accept::ingest_job;
use super::super::db::{Tx, execute};
use chrono::{DateTime, Utc};
use ragd_core::domain::{IngestPayload, Job, JobKind};
use ragd_core::error::Result;
use uuid::Uuid;

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
        document: Uuid,
        (generation, error): (i64, &str),
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let sql = "UPDATE documents SET status = 'failed', error = $4, updated_at = $3
             WHERE id = $1 AND next_generation = $2 + 1 AND current_generation < $2";
        let failed = execute!(
            self,
            sqlx::query(sql)
                .bind(document)
                .bind(generation)
                .bind(now)
                .bind(error)
        )?;
        self.drop_staged((document, generation)).await?;
        Ok(failed > 0)
    }

    /// Drops the passages of a generation that will not be committed.
    pub(crate) async fn drop_staged(&mut self, (document, generation): (Uuid, i64)) -> Result<()> {
        let sql = "DELETE FROM passages WHERE document_id = $1 AND generation = $2
             AND (SELECT current_generation FROM documents WHERE id = $1) < $2";
        execute!(self, sqlx::query(sql).bind(document).bind(generation))?;
        Ok(())
    }

    /// Lets the document of a revived ingest wait again.
    pub(super) async fn requeue_subject(&mut self, job: &Job, now: DateTime<Utc>) -> Result<()> {
        let (JobKind::Ingest, Some(document), Ok(payload)) = (
            job.kind,
            job.subject,
            serde_json::from_value::<IngestPayload>(job.payload.clone()),
        ) else {
            return Ok(());
        };
        let sql = "UPDATE documents SET status = 'queued', error = NULL, updated_at = $3
             WHERE id = $1 AND next_generation = $2 + 1 AND current_generation < $2";
        execute!(
            self,
            sqlx::query(sql)
                .bind(document)
                .bind(payload.generation)
                .bind(now)
        )?;
        Ok(())
    }
}
