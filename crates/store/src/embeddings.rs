//! Vectors that wait beside the passages until their model serves: made one batch after another
//! while the other model's are searched, then moved into the passages, or dropped, in batches that
//! keep every transaction short. Nothing here is announced to the indexes: they are built for one model,
//! and see its vectors wherever they are.

use super::Store;
use super::bind::vector_to_bytes;
use super::param::{Param, params};
use super::tx::{Batch, Tx};
use ragd_core::domain::{PassageId, Sha256};
use ragd_core::error::Result;
use uuid::Uuid;

/// How many rows one INSERT takes, with four parameters each.
const ROWS_PER_INSERT: usize = 500;

/// A vector that waits: of which passage, of which text, and its numbers.
pub type WaitingVector = (PassageId, Sha256, Vec<f32>);

impl Store {
    /// Keeps vectors that `model` made beside their passages. Those of passages that are gone by
    /// now are passed over; doing it twice is the same as once.
    ///
    /// # Errors
    /// `Unavailable` without a database; nothing was changed then.
    pub async fn keep_beside(&self, model: &str, vectors: &[WaitingVector]) -> Result<()> {
        let mut tx = self.begin().await?;
        let ids = vectors.iter().map(|(id, ..)| id.uuid()).collect();
        tx.lock_documents(ids).await?;
        for rows in vectors.chunks(ROWS_PER_INSERT) {
            tx.insert_waiting(model, rows).await?;
        }
        tx.commit().await
    }

    /// Moves at most `limit` vectors of `model` into their passages, in place of the ones that are
    /// there. Returns how many it moved; 0 when none wait any more.
    ///
    /// # Errors
    /// `Unavailable` without a database; nothing was changed then.
    pub async fn move_waiting(&self, model: &str, limit: i64) -> Result<u64> {
        let mut tx = self.begin().await?;
        let sql = "SELECT passage_id FROM embeddings WHERE model = $1 ORDER BY passage_id LIMIT $2";
        let ids: Vec<Uuid> = tx.query(sql, params![model, limit]).scalars().await?;
        if ids.is_empty() {
            return Ok(0);
        }
        tx.lock_documents(ids.clone()).await?;
        let update = tx.dialect(
            "UPDATE passages SET model = e.model, embedding = e.embedding FROM embeddings e
             WHERE e.passage_id = passages.id AND e.model = $1
               AND passages.id IN (SELECT unhex(value) FROM json_each($2))",
            "UPDATE passages SET model = e.model, embedding = e.embedding FROM embeddings e
             WHERE e.passage_id = passages.id AND e.model = $1 AND passages.id = ANY ($2)",
        );
        tx.query(update, params![model, ids.clone()])
            .execute()
            .await?;
        let moved = tx.delete_waiting(model, ids).await?;
        tx.commit().await?;
        Ok(moved)
    }

    /// Drops at most `limit` vectors that wait for other models than `model` (`None`: for any).
    /// Returns how many it dropped.
    ///
    /// # Errors
    /// `Unavailable` without a database; nothing was changed then.
    pub async fn drop_waiting_but(&self, model: Option<&str>, limit: i64) -> Result<u64> {
        let mut tx = self.begin().await?;
        let sql = "SELECT model, passage_id FROM embeddings WHERE model <> $1
             ORDER BY model, passage_id LIMIT $2";
        let rows: Vec<(String, Uuid)> = tx
            .query(sql, params![model.unwrap_or_default(), limit])
            .all()
            .await?;
        let Some((first, _)) = rows.first().cloned() else {
            return Ok(0);
        };
        let of_first = rows.into_iter().filter(|(model, _)| *model == first);
        let ids = of_first.map(|(_, id)| id).collect();
        let dropped = tx.delete_waiting(&first, ids).await?;
        tx.commit().await?;
        Ok(dropped)
    }
}

impl Tx {
    async fn insert_waiting(&mut self, model: &str, rows: &[WaitingVector]) -> Result<()> {
        let mut params = Vec::with_capacity(4 * rows.len());
        for (id, hash, vector) in rows {
            params.extend([
                Param::from(id.uuid()),
                model.into(),
                hash.0.as_slice().into(),
                vector_to_bytes(vector).into(),
            ]);
        }
        // The passage may have gone while its vector was made.
        let batch = Batch {
            before: "INSERT INTO embeddings (passage_id, model, content_sha256, embedding)
                 SELECT v.column1, v.column2, v.column3, v.column4 FROM (",
            after: ") AS v WHERE EXISTS (SELECT 1 FROM passages p WHERE p.id = v.column1)
                 ON CONFLICT (passage_id, model) DO UPDATE SET
                     content_sha256 = excluded.content_sha256, embedding = excluded.embedding",
            columns: 4,
            rows: rows.len(),
            params,
        };
        let keep = rows.len() == ROWS_PER_INSERT;
        self.query_batch(&batch).kept(keep).execute().await?;
        Ok(())
    }

    async fn delete_waiting(&mut self, model: &str, passages: Vec<Uuid>) -> Result<u64> {
        let sql = self.dialect(
            "DELETE FROM embeddings WHERE model = $1
               AND passage_id IN (SELECT unhex(value) FROM json_each($2))",
            "DELETE FROM embeddings WHERE model = $1 AND passage_id = ANY ($2)",
        );
        self.query(sql, params![model, passages]).execute().await
    }
}
