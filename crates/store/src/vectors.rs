//! The vectors of passages: found again by the text that they were made from, so that nothing is
//! embedded twice, and added later to passages that came in while no model was there.

use super::Store;
use super::bind::{vector_from_bytes, vector_to_bytes};
use super::change_log::{ChangeOp, NewChange, Subject};
use super::param::{Param, params};
use super::passage_rows::{PASSAGE_COLUMNS, PassageRow};
use super::passages::CURRENT;
use super::sql::sql;
use super::tx::{Batch, Tx};
use chrono::{DateTime, Utc};
use ragd_core::domain::{DocumentId, MessageId, Passage, PassageId, Sha256};
use ragd_core::error::{Error, Result};
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// How many rows one UPDATE takes, with two parameters each.
const ROWS_PER_UPDATE: usize = 500;

/// That a passage has no vector of a model, neither its own nor one that waits beside it. `model` is
/// a placeholder.
fn without_vector(model: &str) -> String {
    format!(
        "(p.model IS NULL OR p.model <> {model}) AND NOT EXISTS
             (SELECT 1 FROM embeddings e WHERE e.passage_id = p.id AND e.model = {model})"
    )
}

/// The vector of each hash of `hashes`. One look-up a hash: a text that a thousand passages share
/// gives one row, not a thousand.
fn by_hash_sql(hashes: &str) -> String {
    format!(
        "SELECT h.hash, COALESCE(
             (SELECT p.embedding FROM passages p
                 WHERE p.model = $1 AND p.content_sha256 = h.hash LIMIT 1),
             (SELECT e.embedding FROM embeddings e
                 WHERE e.model = $1 AND e.content_sha256 = h.hash LIMIT 1))
         FROM (SELECT {hashes}) AS h"
    )
}

/// A passage whose vector was stored: (document, message, generation).
type Touched = (Option<Uuid>, Option<Uuid>, i64);

impl Store {
    /// The vectors that `model` made of texts with these hashes (of
    /// [`Passage::indexed_text`](ragd_core::domain::Passage::indexed_text)), as far as they are stored.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn embeddings_by_hash(
        &self,
        model: &str,
        hashes: &[Sha256],
    ) -> Result<HashMap<Sha256, Vec<f32>>> {
        let sql = self.db.dialect(
            sql!("{}", by_hash_sql("unhex(value) AS hash FROM json_each($2)")),
            sql!("{}", by_hash_sql("unnest($2) AS hash")),
        );
        let wanted: Vec<Vec<u8>> = hashes.iter().map(|hash| hash.0.to_vec()).collect();
        let rows: Vec<(Vec<u8>, Option<Vec<u8>>)> =
            self.db.query(sql, params![model, wanted]).all().await?;
        let found = rows
            .into_iter()
            .filter_map(|(hash, vector)| Some((hash, vector?)));
        found.map(|(hash, vector)| known(&hash, &vector)).collect()
    }

    /// At most `limit` current passages without a vector of `model`, in the order of ids, after
    /// `after`. A vector of another model is not read.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn passages_without_embedding(
        &self,
        model: &str,
        after: Option<PassageId>,
        limit: i64,
    ) -> Result<Vec<Passage>> {
        let sql = sql!(
            "SELECT {PASSAGE_COLUMNS} FROM passages p LEFT JOIN documents d ON d.id = p.document_id
             WHERE p.id > $1 AND {without_vector} AND {CURRENT} ORDER BY p.id LIMIT $3",
            without_vector = without_vector("$2")
        );
        let after = after.map_or(Uuid::nil(), PassageId::uuid);
        let rows: Vec<PassageRow> = self
            .db
            .query(sql, params![after, model, limit])
            .all()
            .await?;
        rows.into_iter()
            .map(|row| {
                row.into_passage().map(|passage| Passage {
                    model: None,
                    ..passage
                })
            })
            .collect()
    }

    /// How many current passages have no vector of `model`.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn count_without_embedding(&self, model: &str) -> Result<i64> {
        let sql = sql!(
            "SELECT COUNT(*) FROM passages p LEFT JOIN documents d ON d.id = p.document_id
             WHERE {without_vector} AND {CURRENT}",
            without_vector = without_vector("$1")
        );
        self.db.query(sql, params![model]).scalar().await
    }

    /// Stores vectors that `model` made, in place of any others, with changes for the indexes. Passages
    /// that are gone by now are passed over. Returns how many were there.
    ///
    /// # Errors
    /// `Unavailable` without a database; nothing was changed then.
    pub async fn set_embeddings(
        &self,
        model: &str,
        vectors: &[(PassageId, Vec<f32>)],
        now: DateTime<Utc>,
    ) -> Result<u64> {
        let mut tx = self.begin().await?;
        tx.lock_documents_of(vectors).await?;
        let mut touched = Vec::with_capacity(vectors.len());
        for rows in vectors.chunks(ROWS_PER_UPDATE) {
            touched.extend(tx.update_vectors(model, rows).await?);
        }
        let stored = touched.len() as u64;
        tx.append_changes(&upserts(touched)?, now).await?;
        tx.commit().await?;
        Ok(stored)
    }
}

impl Tx {
    /// Locks the documents whose passages are about to change, in one order, so that commits and
    /// other embedders wait for each other in a queue, not in a circle. SQLite needs none of it.
    pub(super) async fn lock_documents_of(
        &mut self,
        vectors: &[(PassageId, Vec<f32>)],
    ) -> Result<()> {
        self.lock_documents(vectors.iter().map(|(id, _)| id.uuid()).collect())
            .await
    }

    /// As [`Tx::lock_documents_of`], of these passages.
    pub(super) async fn lock_documents(&mut self, passages: Vec<Uuid>) -> Result<()> {
        if !self.is_postgres() {
            return Ok(());
        }
        let sql = "SELECT 1 FROM documents WHERE id IN
             (SELECT document_id FROM passages WHERE id = ANY ($1)) ORDER BY id FOR UPDATE";
        self.query(sql, params![passages.clone()]).execute().await?;
        // Of messages the rooms, so that their deletion waits as well.
        let sql = "SELECT 1 FROM rooms WHERE id IN
             (SELECT room_id FROM passages WHERE id = ANY ($1)) ORDER BY id FOR NO KEY UPDATE";
        self.query(sql, params![passages]).execute().await?;
        Ok(())
    }

    async fn update_vectors(
        &mut self,
        model: &str,
        rows: &[(PassageId, Vec<f32>)],
    ) -> Result<Vec<Touched>> {
        let before = self.dialect(
            "UPDATE passages SET model = ?, embedding = v.column2 FROM (",
            "UPDATE passages SET model = $1, embedding = v.column2 FROM (",
        );
        let mut params = vec![Param::from(model)];
        for (id, vector) in rows {
            params.extend([id.uuid().into(), vector_to_bytes(vector).into()]);
        }
        let batch = Batch {
            before,
            after: ") AS v WHERE passages.id = v.column1
                 RETURNING document_id, message_id, generation",
            columns: 2,
            rows: rows.len(),
            params,
        };
        let keep = rows.len() == ROWS_PER_UPDATE;
        self.query_batch(&batch).kept(keep).all().await
    }
}

fn known(hash: &[u8], vector: &[u8]) -> Result<(Sha256, Vec<f32>)> {
    let hash = <[u8; 32]>::try_from(hash)
        .map_err(|_| Error::internal("a stored hash has the wrong length"))?;
    Ok((Sha256(hash), vector_from_bytes(vector)?))
}

/// One change for each generation that was touched.
fn upserts(touched: Vec<Touched>) -> Result<Vec<NewChange>> {
    let distinct: BTreeSet<Touched> = touched.into_iter().collect();
    let change = |(document, message, generation): Touched| {
        let document = document.map(|id| Subject::Document(DocumentId::from_uuid(id)));
        let message = message.map(|id| Subject::Message(MessageId::from_uuid(id)));
        let subject = document.or(message);
        Ok(NewChange {
            op: ChangeOp::Upsert,
            subject: subject
                .ok_or_else(|| Error::internal("a stored passage has an unreadable source"))?,
            generation: Some(generation),
        })
    };
    distinct.into_iter().map(change).collect()
}
