//! How a worker gets a job: the claim counts the try and draws a fresh token. On SQLite one
//! statement in a transaction that begins as a writer; on Postgres rows that another claims at the
//! same moment are skipped.

use super::super::Store;
use super::super::param::params;
use super::super::sql::sql;
use super::{JOB_COLUMNS, JobRow, KNOWN_KIND, LEASE_TIME};
use chrono::{DateTime, Utc};
use ragd_core::domain::{Lane, LeasedJob};
use ragd_core::error::Result;
use uuid::Uuid;

/// Who wants work, and which.
#[derive(Debug, Clone, Copy)]
pub struct Claim {
    /// The installation that claims: at its next start it takes its own leases back at once.
    pub holder: Uuid,
    /// From which lane.
    pub lane: Lane,
    /// How many jobs at most.
    pub limit: i64,
}

/// A claim. All jobs of one claim share a token: with the id it tells one claim of a job from
/// another. On SQLite `lock` is empty: its writers are alone.
fn claim_sql(lock: &str) -> String {
    format!(
        "UPDATE jobs SET state = 'leased', attempt = attempt + 1, lease_token = $1,
             lease_holder = $2, lease_until = $3, started_at = COALESCE(started_at, $4)
         WHERE id IN (SELECT id FROM jobs
             WHERE state = 'ready' AND lane = $5 AND run_at <= $4 AND {KNOWN_KIND}
             ORDER BY run_at, id LIMIT $6{lock})
         RETURNING {JOB_COLUMNS}"
    )
}

/// The time of the oldest ready job of a lane.
fn oldest_sql(lane: Lane) -> String {
    let lane = lane.as_str();
    format!(
        "(SELECT run_at FROM jobs WHERE state = 'ready' AND lane = '{lane}' AND run_at <= $1
             AND {KNOWN_KIND} ORDER BY run_at, id LIMIT 1)"
    )
}

impl Store {
    /// Claims the oldest jobs of a lane whose time has come; empty when there are none.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn claim_jobs(&self, claim: Claim, now: DateTime<Utc>) -> Result<Vec<LeasedJob>> {
        let sql = self.db.dialect(
            sql!("{}", claim_sql("")),
            sql!("{}", claim_sql(" FOR UPDATE SKIP LOCKED")),
        );
        let rows: Vec<JobRow> = self
            .db
            .write(
                sql,
                params![
                    Uuid::new_v4(),
                    claim.holder,
                    now + LEASE_TIME,
                    now,
                    claim.lane.as_str(),
                    claim.limit
                ],
            )
            .all()
            .await?;
        let mut leased: Vec<LeasedJob> = rows
            .into_iter()
            .map(JobRow::into_leased)
            .collect::<Result<_>>()?;
        leased.sort_by_key(|leased| (leased.job.run_at, leased.job.id));
        Ok(leased)
    }

    /// Since when the oldest job of each lane, in the order of [`Lane::ALL`], could be claimed;
    /// `None`: there is none. One look at the end of an index for each lane.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn oldest_ready(&self, now: DateTime<Utc>) -> Result<[Option<DateTime<Utc>>; 3]> {
        let sql = sql!("SELECT {}", Lane::ALL.map(oldest_sql).join(", "));
        type Ages = (
            Option<DateTime<Utc>>,
            Option<DateTime<Utc>>,
            Option<DateTime<Utc>>,
        );
        let (high, default, low): Ages = self.db.query(sql, params![now]).one().await?;
        Ok([high, default, low])
    }
}
