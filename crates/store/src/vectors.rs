//! The vectors of passages: found again by the text that they were made from, so that nothing is
//! embedded twice, and added later to passages that came in while no model was there.

use super::Store;
use super::bind::{List, vector_from_bytes, vector_to_bytes};
use super::change_log::{ChangeOp, NewChange, Subject};
use super::db::{Tx, execute, on, on_tx};
use super::passage_rows::{PassageRow, passage_columns};
use super::passages::current;
use chrono::{DateTime, Utc};
use ragd_core::domain::{DocumentId, MessageId, Passage, PassageId, Sha256};
use ragd_core::error::{Error, Result};
use sqlx::QueryBuilder;
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// How many rows one UPDATE takes, with two parameters each.
const ROWS_PER_UPDATE: usize = 500;

/// That a passage has no vector of a model, neither its own nor one that waits beside it.
macro_rules! without_vector {
    ($model:literal) => {
        concat!(
            "(p.model IS NULL OR p.model <> ",
            $model,
            ") AND NOT EXISTS (SELECT 1 FROM embeddings e WHERE e.passage_id = p.id AND e.model = ",
            $model,
            ")"
        )
    };
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
        // One look-up a hash: a text that a thousand passages share gives one row, not a thousand.
        macro_rules! look_up {
            ($hashes:literal) => {
                concat!(
                    "SELECT h.hash, COALESCE(
                         (SELECT p.embedding FROM passages p
                             WHERE p.model = $1 AND p.content_sha256 = h.hash LIMIT 1),
                         (SELECT e.embedding FROM embeddings e
                             WHERE e.model = $1 AND e.content_sha256 = h.hash LIMIT 1))
                     FROM (SELECT ",
                    $hashes,
                    ") AS h"
                )
            };
        }
        let sql = self.db.dialect(
            look_up!("unhex(value) AS hash FROM json_each($2)"),
            look_up!("unnest($2) AS hash"),
        );
        let wanted: Vec<Vec<u8>> = hashes.iter().map(|hash| hash.0.to_vec()).collect();
        let rows: Vec<(Vec<u8>, Option<Vec<u8>>)> = on!(self, |pool| {
            sqlx::query_as(sql)
                .bind(model)
                .bind(List(wanted))
                .fetch_all(pool)
        })?;
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
        let sql = concat!(
            "SELECT ",
            passage_columns!(),
            " FROM passages p LEFT JOIN documents d ON d.id = p.document_id
             WHERE p.id > $1 AND ",
            without_vector!("$2"),
            " AND ",
            current!(),
            " ORDER BY p.id LIMIT $3"
        );
        let after = after.map_or(Uuid::nil(), PassageId::uuid);
        let rows: Vec<PassageRow> = on!(self, |pool| {
            let query = sqlx::query_as(sql).bind(after).bind(model);
            query.bind(limit).fetch_all(pool)
        })?;
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
        let sql = concat!(
            "SELECT COUNT(*) FROM passages p LEFT JOIN documents d ON d.id = p.document_id WHERE ",
            without_vector!("$1"),
            " AND ",
            current!()
        );
        on!(self, |pool| sqlx::query_scalar(sql)
            .bind(model)
            .fetch_one(pool))
    }

    /// Stores vectors that `model` made, in place of any others, and tells the indexes. Passages
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
        execute!(self, sqlx::query(sql).bind(List(passages.clone())))?;
        // Of messages the rooms, so that their deletion waits as well.
        let sql = "SELECT 1 FROM rooms WHERE id IN
             (SELECT room_id FROM passages WHERE id = ANY ($1)) ORDER BY id FOR NO KEY UPDATE";
        execute!(self, sqlx::query(sql).bind(List(passages)))?;
        Ok(())
    }

    async fn update_vectors(
        &mut self,
        model: &str,
        rows: &[(PassageId, Vec<f32>)],
    ) -> Result<Vec<Touched>> {
        on_tx!(self, |c| {
            let mut update = QueryBuilder::new("UPDATE passages SET model = ");
            update.push_bind(model);
            update.push(", embedding = v.column2 FROM (");
            update.push_values(rows, |mut row, (id, vector)| {
                row.push_bind(id.uuid()).push_bind(vector_to_bytes(vector));
            });
            update.push(") AS v WHERE passages.id = v.column1");
            update.push(" RETURNING document_id, message_id, generation");
            let keep = rows.len() == ROWS_PER_UPDATE;
            async move { update.build_query_as().persistent(keep).fetch_all(c).await }
        })
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
