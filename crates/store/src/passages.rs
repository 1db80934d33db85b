//! Reading passages: to answer with them (only what is current, and only what the caller may
//! read), and to feed an index (everything, with vectors). Nothing is written here.

use super::Store;
use super::bind::{List, Reader};
use super::db::on;
use super::documents::Generation;
use super::passage_rows::{PassageRow, passage_columns};
use ragd_core::domain::{Passage, PassageId, ReadScope};
use ragd_core::error::Result;
use std::collections::HashMap;
use uuid::Uuid;

/// That a passage is of the generation that readers see. Commits drop the others at once, so this
/// holds for every row; a reader is not left to rely on that.
macro_rules! current {
    () => {
        "(p.document_id IS NULL OR d.current_generation = p.generation)"
    };
}
pub(super) use current;

/// The vector that one model made of a passage: its own, or the one that waits beside it. Without a
/// model there is none.
macro_rules! vector_of {
    ($model:literal) => {
        concat!(
            "CASE WHEN p.model = ",
            $model,
            " THEN p.embedding ELSE (SELECT e.embedding FROM embeddings e
                 WHERE e.passage_id = p.id AND e.model = ",
            $model,
            ") END AS embedding"
        )
    };
}
pub(super) use vector_of;

/// A passage to answer with; its vector is not read, nor a message's text.
#[derive(Debug, Clone)]
pub struct StoredPassage {
    /// The passage.
    pub passage: Passage,
    /// The document that it is a chunk of; `None` for a message.
    pub document: Option<DocumentLabel>,
}

/// What is shown of a document beside one of its passages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentLabel {
    /// See [`ragd_core::domain::Document::title`].
    pub title: String,
    /// See [`ragd_core::domain::Document::uri`].
    pub uri: String,
    /// See [`ragd_core::domain::Document::filename`].
    pub filename: String,
}

#[derive(sqlx::FromRow)]
struct StoredRow {
    #[sqlx(flatten)]
    passage: PassageRow,
    title: Option<String>,
    uri: Option<String>,
    filename: Option<String>,
}

impl StoredRow {
    fn into_stored(self) -> Result<StoredPassage> {
        let label = self.title.zip(self.uri).zip(self.filename);
        Ok(StoredPassage {
            passage: self.passage.into_passage()?,
            document: label.map(|((title, uri), filename)| DocumentLabel {
                title,
                uri,
                filename,
            }),
        })
    }
}

impl Store {
    /// Those of `ids` that are current and that `scope` may read (own messages; own documents and
    /// those of its collections), in the order of `ids`.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn passages_by_ids(
        &self,
        ids: &[PassageId],
        scope: &ReadScope,
    ) -> Result<Vec<StoredPassage>> {
        macro_rules! hydrate {
            ($collections:literal, $ids:literal) => {
                concat!(
                    "SELECT ",
                    passage_columns!(),
                    ", d.title, d.uri, d.filename
                     FROM passages p LEFT JOIN documents d ON d.id = p.document_id
                     WHERE ",
                    current!(),
                    " AND (p.owner_id = $1
                           OR (p.document_id IS NOT NULL AND ($2 OR p.collection ",
                    $collections,
                    "))) AND p.id ",
                    $ids
                )
            };
        }
        let sql = self.db.dialect(
            hydrate!(
                "IN (SELECT value FROM json_each($3))",
                "IN (SELECT unhex(value) FROM json_each($4))"
            ),
            hydrate!("= ANY ($3)", "= ANY ($4)"),
        );
        let reader = Reader::of(scope);
        let wanted: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
        let rows: Vec<StoredRow> = on!(self, |pool| {
            sqlx::query_as(sql)
                .bind(reader.owner)
                .bind(reader.reads_all)
                .bind(List(reader.collections))
                .bind(List(wanted))
                .fetch_all(pool)
        })?;
        in_order(ids, rows)
    }

    /// The passages of one generation with the vectors that `model` made, by place; empty when it
    /// is not the current one any more.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn document_generation(
        &self,
        generation: Generation,
        model: Option<&str>,
    ) -> Result<Vec<Passage>> {
        let sql = concat!(
            "SELECT ",
            passage_columns!(),
            ", ",
            vector_of!("$3"),
            " FROM passages p
             WHERE p.document_id = $1 AND p.generation = $2 ORDER BY p.ordinal"
        );
        let rows: Vec<PassageRow> = on!(self, |pool| {
            sqlx::query_as(sql)
                .bind(generation.document.uuid())
                .bind(generation.number)
                .bind(model)
                .fetch_all(pool)
        })?;
        rows.into_iter().map(|row| of_model(row, model)).collect()
    }

    /// At most `limit` current passages with the vectors that `model` made, in the order of ids, after `after`:
    /// for building an index anew. What is committed meanwhile may be in it or not, and is in the
    /// change log in any case.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn current_passages_after(
        &self,
        after: Option<PassageId>,
        limit: i64,
        model: Option<&str>,
    ) -> Result<Vec<Passage>> {
        let sql = concat!(
            "SELECT ",
            passage_columns!(),
            ", ",
            vector_of!("$3"),
            " FROM passages p LEFT JOIN documents d ON d.id = p.document_id
             WHERE p.id > $1 AND ",
            current!(),
            " ORDER BY p.id LIMIT $2"
        );
        let after = after.map_or(Uuid::nil(), PassageId::uuid);
        let rows: Vec<PassageRow> = on!(self, |pool| {
            let query = sqlx::query_as(sql).bind(after).bind(limit);
            query.bind(model).fetch_all(pool)
        })?;
        rows.into_iter().map(|row| of_model(row, model)).collect()
    }

    /// How many passages an index that has caught up holds.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn count_current_passages(&self) -> Result<i64> {
        let sql = concat!(
            "SELECT COUNT(*) FROM passages p LEFT JOIN documents d ON d.id = p.document_id WHERE ",
            current!()
        );
        on!(self, |pool| sqlx::query_scalar(sql).fetch_one(pool))
    }
}

/// A passage whose vector, if it has one, is of `model`.
pub(super) fn of_model(row: PassageRow, model: Option<&str>) -> Result<Passage> {
    let passage = row.into_passage()?;
    Ok(Passage {
        model: model
            .filter(|_| passage.embedding.is_some())
            .map(str::to_owned),
        ..passage
    })
}

fn in_order(ids: &[PassageId], rows: Vec<StoredRow>) -> Result<Vec<StoredPassage>> {
    let mut found = HashMap::with_capacity(rows.len());
    for row in rows {
        let stored = row.into_stored()?;
        found.insert(stored.passage.id, stored);
    }
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}
