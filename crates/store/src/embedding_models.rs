//! Which model makes this installation's vectors, which one is to take its place, and which one was
//! replaced. A switch from one to the next is one transaction.

use super::Store;
use super::param::{json, params};
use super::tx::Tx;
use chrono::{DateTime, Utc};
use ragd_core::error::{Error, Result};
use sqlx::types::Json;

/// The part that a model plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum ModelRole {
    /// Its vectors are searched.
    Serving,
    /// Its vectors are being made.
    Building,
    /// It served until another took its place, and the configuration may name it still.
    Superseded,
}

/// A model that makes vectors, as an installation remembers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbeddingModel {
    /// Its id, under which its vectors are stored.
    pub id: String,
    /// How many numbers a vector has.
    pub dimension: usize,
    /// How it is reached; the store does not look into it.
    pub source: serde_json::Value,
}

type Row = (String, i64, Json<serde_json::Value>);

impl Store {
    /// The model of a role.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn embedding_model(&self, role: ModelRole) -> Result<Option<EmbeddingModel>> {
        let sql = "SELECT model, dimension, source FROM embedding_models WHERE role = $1";
        let row: Option<Row> = self
            .db
            .query(sql, params![<&str>::from(role)])
            .optional()
            .await?;
        row.map(model).transpose()
    }

    /// Gives a role to a model, or, with `None`, to no model.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn set_embedding_model(
        &self,
        role: ModelRole,
        model: Option<&EmbeddingModel>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        tx.clear_role(role).await?;
        if let Some(model) = model {
            tx.put_role(role, model, now).await?;
        }
        tx.commit().await
    }

    /// Makes `model` the one that serves; the one that served is superseded, and none is being
    /// built any more. All at once, and doing it twice is the same as once.
    ///
    /// # Errors
    /// `Unavailable` without a database; nothing was changed then.
    pub async fn switch_embedding_model(
        &self,
        model: &EmbeddingModel,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        let sql = "SELECT model, dimension, source FROM embedding_models WHERE role = 'serving'";
        let row: Option<Row> = tx.query(sql, params![]).optional().await?;
        let served = row.map(self::model).transpose()?;
        if let Some(served) = served.filter(|served| served.id != model.id) {
            tx.clear_role(ModelRole::Superseded).await?;
            tx.put_role(ModelRole::Superseded, &served, now).await?;
        }
        tx.clear_role(ModelRole::Building).await?;
        tx.clear_role(ModelRole::Serving).await?;
        tx.put_role(ModelRole::Serving, model, now).await?;
        tx.commit().await
    }

    /// Of databases that remember no model: the one that made most of the stored vectors, with
    /// their length. `None` when there are no vectors.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn most_used_model(&self) -> Result<Option<(String, usize)>> {
        // LENGTH counts the bytes of a vector on both; Postgres gives a 32-bit number.
        let sql = "SELECT model, CAST(MIN(LENGTH(embedding)) / 4 AS BIGINT) FROM passages
             WHERE model IS NOT NULL GROUP BY model ORDER BY COUNT(*) DESC, model LIMIT 1";
        let row: Option<(String, i64)> = self.db.query(sql, params![]).optional().await?;
        row.map(|(id, length)| Ok((id, dimension(length)?)))
            .transpose()
    }

    /// Whether any passage has a vector.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn has_embeddings(&self) -> Result<bool> {
        let sql = "SELECT 1 FROM passages WHERE model IS NOT NULL LIMIT 1";
        let row: Option<i32> = self.db.query(sql, params![]).optional_scalar().await?;
        Ok(row.is_some())
    }
}

impl Tx {
    async fn clear_role(&mut self, role: ModelRole) -> Result<()> {
        let sql = "DELETE FROM embedding_models WHERE role = $1";
        self.query(sql, params![<&str>::from(role)])
            .execute()
            .await?;
        Ok(())
    }

    async fn put_role(
        &mut self,
        role: ModelRole,
        model: &EmbeddingModel,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let sql = "INSERT INTO embedding_models (role, model, dimension, source, created_at)
             VALUES ($1, $2, $3, $4, $5)";
        let dimension = i64::try_from(model.dimension).unwrap_or(i64::MAX);
        self.query(
            sql,
            params![
                <&str>::from(role),
                model.id.as_str(),
                dimension,
                json(&model.source)?,
                now
            ],
        )
        .execute()
        .await?;
        Ok(())
    }
}

fn model((id, length, Json(source)): Row) -> Result<EmbeddingModel> {
    Ok(EmbeddingModel {
        id,
        dimension: dimension(length)?,
        source,
    })
}

fn dimension(length: i64) -> Result<usize> {
    usize::try_from(length)
        .map_err(|_| Error::internal("a stored model has an unreadable dimension"))
}
