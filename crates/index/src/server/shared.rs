//! What all clones of a server's handle share: the connection, the ledger, and which build serves
//! as this process last saw it.

use super::super::error::CODE_MISSING;
use super::super::ledger::{Added, BuildRecord, Lease, Ledger, Target, TargetState};
use super::super::status::Position;
use super::super::sync::{closed, lock};
use super::collection::Collections;
use super::connection::Connection;
use ragd_core::error::{Error, ErrorKind, Result};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use tokio::sync::{Semaphore, SemaphorePermit};
use uuid::Uuid;

/// The shared state of a server's handles.
#[derive(Debug)]
pub(super) struct Inner {
    pub connection: Connection,
    pub ledger: Arc<dyn Ledger>,
    pub prefix: String,
    pub serving: Mutex<Serving>,
    pub reads: Semaphore,
    /// One permit, because changes are applied in order.
    pub writes: Semaphore,
    /// Whether a rebuild has its permit.
    pub rebuilding: Arc<AtomicBool>,
}

/// The target and build that serve, as this process last saw them.
#[derive(Debug, Clone)]
pub(super) struct Serving {
    pub target: Target,
    /// `None` until the ledger has a record of the target.
    pub state: Option<TargetState>,
    /// What was added since the position last moved.
    pub pending: Added,
}

impl Serving {
    pub fn new(target: Target, state: Option<TargetState>) -> Self {
        Self {
            target,
            state,
            pending: Added::default(),
        }
    }

    /// A build that serves from now on.
    pub fn of_build(target: Target, instance: Uuid, record: BuildRecord) -> Self {
        Self::new(target, Some(TargetState { instance, record }))
    }

    /// How many passages were ever added to the build.
    pub fn added_passages(&self) -> u64 {
        let state = self.state.as_ref();
        state.map_or(0, |state| state.record.added.passages)
    }

    /// The build's position in the change log.
    pub fn position(&self) -> Position {
        let state = self.state.as_ref();
        state.map_or(
            Position {
                build: 0,
                sequence: 0,
            },
            |state| state.record.position(),
        )
    }

    /// Takes over the ledger's record; if the position has changed, what is pending counts no more.
    fn adopt(&mut self, state: Option<TargetState>) {
        let before = self.position();
        self.state = state;
        if self.position() != before {
            self.pending = Added::default();
        }
    }
}

impl Inner {
    /// The collections of the database `instance`.
    pub fn collections(&self, instance: Uuid) -> Collections<'_> {
        Collections {
            connection: &self.connection,
            instance,
        }
    }

    /// Makes sure that this process has the write lease of `target`.
    pub async fn hold(&self, target: &Target) -> Result<Lease> {
        let lease = self.ledger.hold(target).await?;
        if let Lease::Acquired(state) = &lease {
            self.adopt(target, Some(state.clone()));
        }
        Ok(lease)
    }

    /// Takes over the ledger's record of `target`, if that is the one that serves.
    pub fn adopt(&self, target: &Target, state: Option<TargetState>) {
        let mut serving = lock(&self.serving);
        if serving.target == *target {
            serving.adopt(state);
        }
    }

    /// Checks that the server answers.
    pub async fn ping(&self) -> Result<()> {
        let request = self.connection.client().health_check();
        self.connection.call(request).await.map(drop)
    }

    /// A missing collection is a state of the index, not a fault of the caller.
    pub fn lost(&self, error: Error) -> Error {
        match error.kind() {
            ErrorKind::NotFound => Error::unavailable(
                "the index is not on the Qdrant server yet: ragd rebuilds it from the database",
            )
            .with_code(CODE_MISSING)
            .with_source(error),
            _ => error,
        }
    }
}

/// The error of a target that has no build yet.
pub(super) fn no_build() -> Error {
    Error::unavailable("the index has not been created on the Qdrant server yet")
        .with_code(CODE_MISSING)
}

/// Waits for a permit.
pub(super) async fn permit(permits: &Semaphore) -> Result<SemaphorePermit<'_>> {
    permits.acquire().await.map_err(closed)
}
