//! The index on a Qdrant server, over gRPC: questions go to an alias, writes to the collection of
//! the build that serves, under the right to write and up to a position that a [`Ledger`] keeps. It
//! refuses to touch what another database put on the same server.
//!
//! ```text
//! ragd-all-minilm-l6-v2-int8-2-384      the alias: one for each embedding model
//! ragd-all-minilm-l6-v2-int8-2-384-7    the collection of build 7
//! ```

mod address;
mod collection;
mod connection;
mod filter;
mod points;
mod rebuild;
mod search;
mod settings;

pub use address::ServerAddress;
pub use connection::CODE_UNREACHABLE;
pub use rebuild::ServerRebuild;
pub use settings::ServerSettings;

use super::ledger::{Added, BuildRecord, Hold, Ledger, Standing, Target};
use super::point::{Point, Selector};
use super::terms::{DEFAULT_AVERAGE_TERMS, TERMS_VERSION};
use super::{CODE_MISMATCH, CODE_MISSING, CODE_MOVED, Health, Position};
use collection::Collections;
use connection::Connection;
use points::Build;
use qdrant_client::QdrantError;
use qdrant_client::qdrant::CollectionStatus;
use ragd_core::error::{Error, ErrorKind, Result};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Semaphore, SemaphorePermit};
use uuid::Uuid;

/// How many questions are under way at once; more wait here, not at the server.
const READS: usize = 64;

/// An index on a server; cheap to clone.
#[derive(Debug, Clone)]
pub struct Server(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    connection: Connection,
    ledger: Arc<dyn Ledger>,
    prefix: String,
    serving: Mutex<Serving>,
    reads: Semaphore,
    /// Changes go in order, so one at a time.
    writes: Semaphore,
    rebuilding: AtomicBool,
}

/// What serves, as this process last saw it.
#[derive(Debug, Clone)]
struct Serving {
    target: Target,
    /// `None` until the ledger has the target.
    standing: Option<Standing>,
    /// What was added since the position last moved.
    pending: Added,
}

impl Serving {
    fn of(target: Target, instance: Uuid, record: BuildRecord) -> Self {
        Self {
            target,
            standing: Some(Standing { instance, record }),
            pending: Added::default(),
        }
    }

    /// How many passages were ever added to the build.
    fn added_passages(&self) -> u64 {
        let standing = self.standing.as_ref();
        standing.map_or(0, |standing| standing.record.added.passages)
    }

    fn position(&self) -> Position {
        let standing = self.standing.as_ref();
        standing.map_or(
            Position {
                build: 0,
                sequence: 0,
            },
            |standing| standing.record.position(),
        )
    }

    /// Takes over what the ledger says; what was added towards another position counts no more.
    fn adopt(&mut self, standing: Option<Standing>) {
        let before = self.position();
        self.standing = standing;
        if self.position() != before {
            self.pending = Added::default();
        }
    }
}

impl Server {
    /// Prepares the connection and reads the ledger; the server is not contacted.
    ///
    /// # Errors
    /// As [`Index::connect`](super::Index::connect).
    pub async fn connect(settings: ServerSettings, ledger: Arc<dyn Ledger>) -> Result<Self> {
        settings.check()?;
        let connection = Connection::new(&settings)?;
        let target = Target {
            name: settings::alias(&settings.prefix, settings.space.as_ref()),
            space: settings.space,
        };
        let standing = ledger.read(&target).await?;
        Ok(Self(Arc::new(Inner {
            connection,
            ledger,
            prefix: settings.prefix,
            serving: Mutex::new(Serving {
                target,
                standing,
                pending: Added::default(),
            }),
            reads: Semaphore::new(READS),
            writes: Semaphore::new(1),
            rebuilding: AtomicBool::new(false),
        })))
    }

    pub(super) fn alias(&self) -> String {
        self.serving().target.name
    }

    pub(super) fn position(&self) -> Position {
        self.serving().position()
    }

    pub(super) async fn refresh(&self) -> Result<Position> {
        let target = self.serving().target;
        let standing = self.0.ledger.read(&target).await?;
        self.0.adopt(&target, standing);
        Ok(self.position())
    }

    pub(super) async fn claim(&self) -> Result<bool> {
        let target = self.serving().target;
        let standing = self.0.ledger.claim(&target).await?;
        let claimed = standing.is_some();
        if claimed {
            self.0.adopt(&target, standing);
        }
        Ok(claimed)
    }

    pub(super) async fn release(&self) -> Result<()> {
        self.0.ledger.release(&self.serving().target).await
    }

    pub(super) async fn check(&self) -> Result<bool> {
        self.refresh().await?;
        let serving = self.serving();
        match serving.standing {
            Some(Standing { instance, record })
                if record.build > 0 && record.terms_version == TERMS_VERSION =>
            {
                let collection = settings::collection(&serving.target.name, record.build);
                let collections = self.0.collections(instance);
                collections
                    .is_named(&serving.target.name, &collection)
                    .await
            }
            _ => {
                // Nothing to find there yet; whether the server is there is worth knowing already.
                self.0.greet().await?;
                Ok(false)
            }
        }
    }

    pub(super) async fn ensure(&self) -> Result<()> {
        let target = self.serving().target;
        self.0.hold(&target).await?;
        let Some(Standing { instance, record }) = self.serving().standing else {
            return Err(no_build());
        };
        if record.build == 0 {
            return self.begin(target, instance).await;
        }
        if record.terms_version != TERMS_VERSION {
            return Err(Error::new(
                ErrorKind::Conflict,
                "the index was built by another version of ragd: \
                 `ragd index rebuild` makes it anew from the database",
            )
            .with_code(CODE_MISMATCH));
        }
        let collections = self.0.collections(instance);
        let name = settings::collection(&target.name, record.build);
        if collections.is_named(&target.name, &name).await? {
            Ok(())
        } else if collections.exists(&name).await? {
            // A switch was interrupted between the ledger and the alias.
            collections.name(&target.name, &name).await
        } else {
            Err(gone())
        }
    }

    /// Makes the first build of a target, empty.
    async fn begin(&self, target: Target, instance: Uuid) -> Result<()> {
        let number = self.0.ledger.next_build(&target).await?;
        let collections = self.0.collections(instance);
        let name = settings::collection(&target.name, number);
        collections.create(&name, target.space.as_ref()).await?;
        collections.name(&target.name, &name).await?;
        let record = BuildRecord {
            build: number,
            sequence: 0,
            terms_version: TERMS_VERSION.to_owned(),
            average_terms: DEFAULT_AVERAGE_TERMS,
            added: Added::default(),
        };
        if !self.0.ledger.serve(&target, 0, record.clone()).await? {
            return Err(moved());
        }
        self.replace(Serving::of(target, instance, record));
        Ok(())
    }

    pub(super) async fn upsert(&self, points: Vec<Point>) -> Result<()> {
        let _place = place(&self.0.writes).await?;
        let build = self.build().await?;
        build.upsert(&self.0, &points).await?;
        added(&mut lock(&self.0.serving).pending, &points);
        Ok(())
    }

    pub(super) async fn delete(&self, selectors: Vec<Selector>) -> Result<()> {
        let _place = place(&self.0.writes).await?;
        let build = self.build().await?;
        build.delete(&self.0, selectors).await
    }

    pub(super) async fn commit(&self, from: Position, sequence: i64) -> Result<Position> {
        let _place = place(&self.0.writes).await?;
        let target = self.serving().target;
        self.0.hold(&target).await?;
        let serving = self.serving();
        let step = (sequence, serving.pending);
        if serving.position() != from || !self.0.ledger.advance(&target, from, step).await? {
            self.refresh().await?;
            return Err(moved());
        }
        let mut serving = lock(&self.0.serving);
        serving.pending = Added::default();
        if let Some(standing) = &mut serving.standing {
            standing.record.sequence = sequence;
            standing.record.added.passages += step.1.passages;
            standing.record.added.terms += step.1.terms;
        }
        Ok(serving.position())
    }

    pub(super) async fn optimize(&self) -> Result<()> {
        let collections = self.0.collections(Uuid::nil());
        while !collections.is_optimized(&self.alias()).await? {
            collections.pause().await;
        }
        Ok(())
    }

    pub(super) async fn health(&self) -> Result<Health> {
        self.refresh().await?;
        let collections = self.0.collections(Uuid::nil());
        let info = collections.info(&self.alias()).await;
        let info = info.map_err(|error| self.0.lost(error))?;
        let passages = self.count(super::IndexFilter::default()).await?;
        let serving = self.serving();
        let standing = serving.standing.as_ref().ok_or_else(no_build)?;
        let (passages_added, terms_added) = (
            standing.record.added.passages + serving.pending.passages,
            standing.record.added.terms + serving.pending.terms,
        );
        Ok(Health {
            passages,
            segments: usize::try_from(info.segments_count).unwrap_or(usize::MAX),
            position: standing.record.position(),
            built_average_terms: standing.record.average_terms,
            seen_average_terms: (passages_added > 0)
                .then(|| (terms_added as f64 / passages_added as f64) as f32),
            optimizing: info.status() == CollectionStatus::Yellow,
        })
    }

    pub(super) async fn close(self) {
        if let Err(error) = self.release().await {
            tracing::debug!(
                error = error.chain(),
                "the index's lease was not given back"
            );
        }
    }

    pub(super) async fn destroy(&self) -> Result<()> {
        let serving = self.serving();
        let Some(standing) = serving.standing else {
            return Ok(());
        };
        let collections = self.0.collections(standing.instance);
        collections
            .delete_builds_but(&serving.target.name, &[])
            .await
    }

    /// The build that serves, to write to.
    async fn build(&self) -> Result<Build> {
        let target = self.serving().target;
        self.0.hold(&target).await?;
        match self.serving().standing {
            Some(Standing { record, .. }) if record.build > 0 => Ok(Build {
                target,
                number: record.build,
                average_terms: record.average_terms,
            }),
            _ => Err(no_build()),
        }
    }

    fn serving(&self) -> Serving {
        lock(&self.0.serving).clone()
    }

    fn replace(&self, serving: Serving) -> Serving {
        std::mem::replace(&mut *lock(&self.0.serving), serving)
    }

    /// Asks the server, and once more when the collection was gone: a switch may have come between
    /// the alias and its collection.
    async fn read<T, F>(&self, request: impl Fn() -> F) -> Result<T>
    where
        F: Future<Output = Result<T, QdrantError>>,
    {
        let _place = place(&self.0.reads).await?;
        match self.0.connection.call(request()).await {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let again = self.0.connection.call(request()).await;
                again.map_err(|error| self.0.lost(error))
            }
            answer => answer,
        }
    }
}

impl Inner {
    fn collections(&self, instance: Uuid) -> Collections<'_> {
        Collections {
            connection: &self.connection,
            instance,
        }
    }

    /// Makes sure of the right to write to `target`.
    async fn hold(&self, target: &Target) -> Result<Hold> {
        let hold = self.ledger.hold(target).await?;
        if let Hold::Taken(standing) = &hold {
            self.adopt(target, Some(standing.clone()));
        }
        Ok(hold)
    }

    fn adopt(&self, target: &Target, standing: Option<Standing>) {
        let mut serving = lock(&self.serving);
        if serving.target == *target {
            serving.adopt(standing);
        }
    }

    /// Asks for a sign of life.
    async fn greet(&self) -> Result<()> {
        let request = self.connection.client().health_check();
        self.connection.call(request).await.map(drop)
    }

    /// That a collection is not there is a state of the index, not a fault of the caller's.
    fn lost(&self, error: Error) -> Error {
        match error.kind() {
            ErrorKind::NotFound => Error::unavailable(
                "the index is not on the Qdrant server yet: ragd makes it anew from the database",
            )
            .with_code(CODE_MISSING)
            .with_source(error),
            _ => error,
        }
    }
}

/// Counts what was added.
fn added(sum: &mut Added, points: &[Point]) {
    sum.passages += points.len() as u64;
    sum.terms += points.iter().map(|p| p.terms.total() as u64).sum::<u64>();
}

fn no_build() -> Error {
    Error::unavailable("the index has not been made on the Qdrant server yet")
        .with_code(CODE_MISSING)
}

fn gone() -> Error {
    Error::unavailable(
        "the index's collection is gone from the Qdrant server: \
         `ragd index rebuild` makes it anew from the database",
    )
    .with_code(CODE_MISSING)
}

fn moved() -> Error {
    Error::new(
        ErrorKind::Conflict,
        "the index stands elsewhere in the change log than it was followed from",
    )
    .with_code(CODE_MOVED)
}

/// Takes a lock even if a thread died with it: what it guards is whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for a place among those that `gate` lets run at once.
async fn place(gate: &Semaphore) -> Result<SemaphorePermit<'_>> {
    gate.acquire()
        .await
        .map_err(|error| Error::internal("the index is closed").with_source(error))
}
