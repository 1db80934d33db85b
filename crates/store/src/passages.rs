//! Reading passages: to answer with them (only what is current, and only what the caller may
//! read), and to feed an index (everything, with vectors). Nothing is written here.

use super::Store;
use super::bind::Reader;
use super::document_rows::Generation;
use super::param::params;
use super::passage_rows::{PASSAGE_COLUMNS, PassageRow};
use super::sql::sql;
use ragd_core::domain::{Passage, PassageId, ReadScope};
use ragd_core::error::Result;
use std::collections::HashMap;
use uuid::Uuid;

/// That a passage is of the generation that readers see. Commits drop the others at once, so this
/// holds for every row; a reader is not left to rely on that.
pub(super) const CURRENT: &str = "(p.document_id IS NULL OR d.current_generation = p.generation)";

/// The vector that one model made of a passage: its own, or the one that waits beside it. Without a
/// model there is none. `model` is a placeholder.
pub(super) fn vector_of(model: &str) -> String {
    format!(
        "CASE WHEN p.model = {model} THEN p.embedding ELSE (SELECT e.embedding FROM embeddings e
             WHERE e.passage_id = p.id AND e.model = {model}) END AS embedding"
    )
}

/// The passages that a reader may see; `collections` and `ids` are conditions on their columns.
fn readable_sql(collections: &str, ids: &str) -> String {
    format!(
        "SELECT {PASSAGE_COLUMNS}, d.title, d.uri, d.filename
         FROM passages p LEFT JOIN documents d ON d.id = p.document_id
         WHERE {CURRENT}
           AND (p.owner_id = $1 OR (p.document_id IS NOT NULL AND ($2 OR p.collection {collections})))
           AND p.id {ids}"
    )
}

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
        let sql = self.db.dialect(
            sql!(
                "{}",
                readable_sql(
                    "IN (SELECT value FROM json_each($3))",
                    "IN (SELECT unhex(value) FROM json_each($4))"
                )
            ),
            sql!("{}", readable_sql("= ANY ($3)", "= ANY ($4)")),
        );
        let reader = Reader::of(scope);
        let wanted: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
        let rows: Vec<StoredRow> = self
            .db
            .query(
                sql,
                params![reader.owner, reader.reads_all, reader.collections, wanted],
            )
            .all()
            .await?;
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
        let sql = sql!(
            "SELECT {PASSAGE_COLUMNS}, {vector_of} FROM passages p
             WHERE p.document_id = $1 AND p.generation = $2 ORDER BY p.ordinal",
            vector_of = vector_of("$3")
        );
        let rows: Vec<PassageRow> = self
            .db
            .query(
                sql,
                params![generation.document.uuid(), generation.number, model],
            )
            .all()
            .await?;
        rows.into_iter().map(|row| of_model(row, model)).collect()
    }

    /// At most `limit` current passages with the vectors that `model` made, in the order of ids, after
    /// `after`: for building an index anew. What is committed meanwhile may be in it or not, and is in
    /// the change log in any case.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn current_passages_after(
        &self,
        after: Option<PassageId>,
        limit: i64,
        model: Option<&str>,
    ) -> Result<Vec<Passage>> {
        let sql = sql!(
            "SELECT {PASSAGE_COLUMNS}, {vector_of}
             FROM passages p LEFT JOIN documents d ON d.id = p.document_id
             WHERE p.id > $1 AND {CURRENT} ORDER BY p.id LIMIT $2",
            vector_of = vector_of("$3")
        );
        let after = after.map_or(Uuid::nil(), PassageId::uuid);
        let rows: Vec<PassageRow> = self
            .db
            .query(sql, params![after, limit, model])
            .all()
            .await?;
        rows.into_iter().map(|row| of_model(row, model)).collect()
    }

    /// How many passages an index that has caught up holds.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn count_current_passages(&self) -> Result<i64> {
        let sql = sql!(
            "SELECT COUNT(*) FROM passages p LEFT JOIN documents d ON d.id = p.document_id
             WHERE {CURRENT}"
        );
        self.db.query(sql, params![]).scalar().await
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
