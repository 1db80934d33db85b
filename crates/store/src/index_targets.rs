//! Where each index on a server stands, and the lease that one process at a time holds on it. Every
//! change is one conditional UPDATE: it names the holder and what it expects, and changes nothing
//! when that is not so. Knows nothing of the server itself.

use super::Store;
use super::param::params;
use chrono::{DateTime, Utc};
use ragd_core::error::Result;
use uuid::Uuid;

/// The place of an index on a server.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct IndexTarget {
    /// Its name.
    pub name: String,
    /// Marks what on the server belongs to this database.
    pub instance: Uuid,
    /// The model of its vectors; `None`: words alone.
    pub model: Option<String>,
    /// How many numbers a vector has.
    pub dimension: Option<i64>,
    /// The build that serves; 0 before the first.
    pub build: i64,
    /// Up to where in the change log the build holds everything durably.
    pub sequence: i64,
    /// What its terms were made with.
    pub terms_version: String,
    /// The terms of a passage, on average, that its weights are made for.
    pub average_terms: f64,
    /// Passages added to the build, replacements counted again.
    pub added_passages: i64,
    /// The terms of these passages.
    pub added_terms: i64,
}

/// A lease that is asked for.
#[derive(Debug, Clone, Copy)]
pub struct LeaseClaim {
    /// Who asks.
    pub holder: Uuid,
    /// The time now: a lease that ends by then is free.
    pub now: DateTime<Utc>,
    /// When the new lease ends.
    pub until: DateTime<Utc>,
}

/// A step of the position.
#[derive(Debug, Clone, Copy)]
pub struct IndexStep {
    /// The build that was followed into.
    pub build: i64,
    /// The position that it is expected at.
    pub from: i64,
    /// The position that it moves to.
    pub to: i64,
    /// Passages added since `from`.
    pub added_passages: i64,
    /// The terms of these passages.
    pub added_terms: i64,
}

impl Store {
    /// The target of this name.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn index_target(&self, name: &str) -> Result<Option<IndexTarget>> {
        let sql = "SELECT name, instance, model, dimension, build, sequence, terms_version,
                 average_terms, added_passages, added_terms
             FROM index_targets WHERE name = $1";
        self.db.query(sql, params![name]).optional().await
    }

    /// Adds a target; one that is there already stays as it is.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn insert_index_target(&self, target: &IndexTarget) -> Result<()> {
        let sql = "INSERT INTO index_targets (name, instance, model, dimension, build, last_build,
                 sequence, terms_version, average_terms, added_passages, added_terms)
             VALUES ($1, $2, $3, $4, $5, $5, $6, $7, $8, $9, $10)
             ON CONFLICT (name) DO NOTHING";
        let mut tx = self.begin().await?;
        tx.query(
            sql,
            params![
                target.name.as_str(),
                target.instance,
                target.model.as_deref(),
                target.dimension,
                target.build,
                target.sequence,
                target.terms_version.as_str(),
                target.average_terms,
                target.added_passages,
                target.added_terms
            ],
        )
        .execute()
        .await?;
        tx.commit().await
    }

    /// Takes the lease on a target when it is free, has ended or is the holder's own; true then.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn claim_index_lease(&self, name: &str, claim: LeaseClaim) -> Result<bool> {
        let sql = "UPDATE index_targets SET lease_holder = $2, lease_expires_at = $3
             WHERE name = $1
               AND (lease_holder IS NULL OR lease_holder = $2 OR lease_expires_at <= $4)";
        let mut tx = self.begin().await?;
        let changed = tx
            .query(sql, params![name, claim.holder, claim.until, claim.now])
            .execute()
            .await?;
        tx.commit().await?;
        Ok(changed == 1)
    }

    /// Moves the end of the holder's own lease; false when another process has taken it since. A
    /// lease that ended and was not taken is still the holder's.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn renew_index_lease(
        &self,
        name: &str,
        holder: Uuid,
        until: DateTime<Utc>,
    ) -> Result<bool> {
        let sql = "UPDATE index_targets SET lease_expires_at = $3
             WHERE name = $1 AND lease_holder = $2";
        let mut tx = self.begin().await?;
        let changed = tx
            .query(sql, params![name, holder, until])
            .execute()
            .await?;
        tx.commit().await?;
        Ok(changed == 1)
    }

    /// Gives the holder's lease back; another's stays.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn release_index_lease(&self, name: &str, holder: Uuid) -> Result<()> {
        let sql = "UPDATE index_targets SET lease_holder = NULL, lease_expires_at = NULL
             WHERE name = $1 AND lease_holder = $2";
        let mut tx = self.begin().await?;
        tx.query(sql, params![name, holder]).execute().await?;
        tx.commit().await
    }

    /// A number that no build of any target has had.
    ///
    /// # Errors
    /// `Unavailable` without a database; `Internal` when there is no such target.
    pub async fn next_index_build(&self, name: &str) -> Result<i64> {
        let mut tx = self.begin().await?;
        if tx.is_postgres() {
            // Two targets would otherwise read the same highest number at once.
            let sql = "LOCK TABLE index_targets IN SHARE ROW EXCLUSIVE MODE";
            tx.query(sql, params![]).execute().await?;
        }
        let sql = "UPDATE index_targets
             SET last_build = 1 + (SELECT MAX(last_build) FROM index_targets)
             WHERE name = $1 RETURNING last_build";
        let number: i64 = tx.query(sql, params![name]).scalar().await?;
        tx.commit().await?;
        Ok(number)
    }

    /// Moves a target's position; false, and nothing moved, when it stands elsewhere or the lease
    /// is not the holder's.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn advance_index(&self, name: &str, holder: Uuid, step: IndexStep) -> Result<bool> {
        let sql = "UPDATE index_targets
             SET sequence = $5, added_passages = added_passages + $6, added_terms = added_terms + $7
             WHERE name = $1 AND lease_holder = $2 AND build = $3 AND sequence = $4";
        let mut tx = self.begin().await?;
        let changed = tx
            .query(
                sql,
                params![
                    name,
                    holder,
                    step.build,
                    step.from,
                    step.to,
                    step.added_passages,
                    step.added_terms
                ],
            )
            .execute()
            .await?;
        tx.commit().await?;
        Ok(changed == 1)
    }

    /// Puts another build in the place of build `from`, as `target` says; false, and nothing
    /// changed, when another one serves by now or the lease is not the holder's.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn serve_index(&self, holder: Uuid, from: i64, target: &IndexTarget) -> Result<bool> {
        let sql = "UPDATE index_targets
             SET build = $4, sequence = $5, terms_version = $6, average_terms = $7,
                 added_passages = $8, added_terms = $9
             WHERE name = $1 AND lease_holder = $2 AND build = $3";
        let mut tx = self.begin().await?;
        let changed = tx
            .query(
                sql,
                params![
                    target.name.as_str(),
                    holder,
                    from,
                    target.build,
                    target.sequence,
                    target.terms_version.as_str(),
                    target.average_terms,
                    target.added_passages,
                    target.added_terms
                ],
            )
            .execute()
            .await?;
        tx.commit().await?;
        Ok(changed == 1)
    }
}
