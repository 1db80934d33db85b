//! The ledger of an index on a server, kept in SQL: its rows, and the lease that lets one process at a
//! time write. The lease is taken and renewed by conditional updates with the given clock, so the
//! clocks of processes that share an index must agree within a few seconds.

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use ragd_core::clock::Clock;
use ragd_core::error::{Error, ErrorKind, Result};
use ragd_index::{
    Added, BuildRecord, CODE_FOLLOWED_ELSEWHERE, CODE_MISMATCH, Lease, Ledger, Position, Target,
    TargetState, VectorSpace,
};
use ragd_store::{IndexStep, IndexTarget, LeaseClaim, Store};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use uuid::Uuid;

/// How long a lease lasts that is not renewed; after a crash another process can then write.
pub const LEASE: Duration = Duration::from_secs(15);
/// What must be left of a lease beyond the longest request, in case this process is slow.
const MARGIN: Duration = Duration::from_secs(2);

/// The ledger of one process.
#[derive(Debug)]
pub struct SqlLedger {
    store: Store,
    clock: Clock,
    /// The id of this process.
    holder: Uuid,
    /// What must be left of a lease before a request may begin.
    needed: Duration,
    /// When each lease of this process ends, by the name of its target.
    held: Mutex<HashMap<String, DateTime<Utc>>>,
}

impl SqlLedger {
    /// The ledger in `store`, for requests to the server that take `longest_request` at most.
    pub fn new(store: Store, clock: Clock, longest_request: Duration) -> Self {
        Self {
            store,
            clock,
            holder: Uuid::new_v4(),
            needed: longest_request + MARGIN,
            held: Mutex::default(),
        }
    }

    async fn state(&self, target: &Target) -> Result<Option<TargetState>> {
        let row = self.store.index_target(&target.name).await?;
        row.map(|row| state_of(target, row)).transpose()
    }

    async fn claim_lease(&self, target: &Target) -> Result<Option<TargetState>> {
        if self.state(target).await?.is_none() {
            let record = BuildRecord {
                build: 0,
                sequence: 0,
                terms_version: String::new(),
                average_terms: 0.0,
                added: Added::default(),
            };
            let row = row_of(target, Uuid::new_v4(), &record)?;
            self.store.insert_index_target(&row).await?;
        }
        let now = self.clock.now();
        let until = now + LEASE;
        let claim = LeaseClaim {
            holder: self.holder,
            now,
            until,
        };
        if !self.store.claim_index_lease(&target.name, claim).await? {
            self.held().remove(&target.name);
            return Ok(None);
        }
        self.held().insert(target.name.clone(), until);
        // Read with the lease held: no other process can change it now.
        self.state(target).await
    }

    async fn hold_lease(&self, target: &Target) -> Result<Lease> {
        let now = self.clock.now();
        let until = self.held().get(&target.name).copied();
        match until {
            Some(until) if until - self.needed > now => Ok(Lease::Held),
            Some(_) => {
                let until = now + LEASE;
                let name = &target.name;
                if self
                    .store
                    .renew_index_lease(name, self.holder, until)
                    .await?
                {
                    self.held().insert(name.clone(), until);
                    Ok(Lease::Held)
                } else {
                    self.held().remove(name);
                    Err(elsewhere())
                }
            }
            None => match self.claim_lease(target).await? {
                Some(state) => Ok(Lease::Acquired(state)),
                None => Err(elsewhere()),
            },
        }
    }

    async fn release_lease(&self, target: &Target) -> Result<()> {
        let was_held = self.held().remove(&target.name).is_some();
        if was_held {
            let released = self.store.release_index_lease(&target.name, self.holder);
            released.await?;
        }
        Ok(())
    }

    fn held(&self) -> MutexGuard<'_, HashMap<String, DateTime<Utc>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ledger for SqlLedger {
    fn read<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<Option<TargetState>>> {
        Box::pin(self.state(target))
    }

    fn claim<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<Option<TargetState>>> {
        Box::pin(self.claim_lease(target))
    }

    fn hold<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<Lease>> {
        Box::pin(self.hold_lease(target))
    }

    fn release<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.release_lease(target))
    }

    fn next_build<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<u64>> {
        Box::pin(async move {
            let number = self.store.next_index_build(&target.name).await?;
            u64::try_from(number).map_err(|_| unreadable())
        })
    }

    fn advance<'a>(
        &'a self,
        target: &'a Target,
        from: Position,
        sequence: i64,
        added: Added,
    ) -> BoxFuture<'a, Result<bool>> {
        Box::pin(async move {
            let step = IndexStep {
                build: number(from.build)?,
                from: from.sequence,
                to: sequence,
                added_passages: number(added.passages)?,
                added_terms: number(added.terms)?,
            };
            self.store
                .advance_index(&target.name, self.holder, step)
                .await
        })
    }

    fn serve<'a>(
        &'a self,
        target: &'a Target,
        from: u64,
        record: BuildRecord,
    ) -> BoxFuture<'a, Result<bool>> {
        Box::pin(async move {
            // The instance of a row never changes.
            let row = row_of(target, Uuid::nil(), &record)?;
            self.store
                .serve_index(self.holder, number(from)?, &row)
                .await
        })
    }
}

fn state_of(target: &Target, row: IndexTarget) -> Result<TargetState> {
    let dimension = row
        .dimension
        .and_then(|dimension| usize::try_from(dimension).ok());
    let space = row
        .model
        .zip(dimension)
        .map(|(model, dimension)| VectorSpace { model, dimension });
    if space != target.space {
        let name = |space: Option<&VectorSpace>| {
            space.map_or_else(|| "no model".to_owned(), ToString::to_string)
        };
        return Err(Error::new(
            ErrorKind::Conflict,
            format!(
                "the index {} is of {}, and now it should be of {}: set QDRANT_PREFIX to another name",
                target.name,
                name(space.as_ref()),
                name(target.space.as_ref())
            ),
        )
        .with_code(CODE_MISMATCH));
    }
    let count = |value: i64| u64::try_from(value).map_err(|_| unreadable());
    Ok(TargetState {
        instance: row.instance,
        record: BuildRecord {
            build: count(row.build)?,
            sequence: row.sequence,
            terms_version: row.terms_version,
            average_terms: row.average_terms as f32,
            added: Added {
                passages: count(row.added_passages)?,
                terms: count(row.added_terms)?,
            },
        },
    })
}

fn row_of(target: &Target, instance: Uuid, record: &BuildRecord) -> Result<IndexTarget> {
    let space = target.space.as_ref();
    Ok(IndexTarget {
        name: target.name.clone(),
        instance,
        model: space.map(|space| space.model.clone()),
        dimension: space
            .map(|space| number(space.dimension as u64))
            .transpose()?,
        build: number(record.build)?,
        sequence: record.sequence,
        terms_version: record.terms_version.clone(),
        average_terms: f64::from(record.average_terms),
        added_passages: number(record.added.passages)?,
        added_terms: number(record.added.terms)?,
    })
}

fn number(value: u64) -> Result<i64> {
    i64::try_from(value).map_err(|_| unreadable())
}

fn unreadable() -> Error {
    Error::internal("the ledger of the index contains a number out of range")
}

fn elsewhere() -> Error {
    Error::new(
        ErrorKind::Conflict,
        "another ragd process is writing to the index",
    )
    .with_code(CODE_FOLLOWED_ELSEWHERE)
}
