//! The handle of an index on a server: the write lease, the first build, changes of passages and of
//! the position, health. Searches and rebuilds have their own files.

use super::super::error::{CODE_MISMATCH, CODE_MISSING, moved};
use super::super::ledger::{Added, BuildRecord, Ledger, Target, TargetState};
use super::super::point::{Point, Selector};
use super::super::query::IndexFilter;
use super::super::status::{Health, Position};
use super::super::sync::lock;
use super::super::terms::{DEFAULT_AVERAGE_TERMS, TERMS_VERSION};
use super::connection::Connection;
use super::points::Build;
use super::settings::{self, ServerSettings};
use super::shared::{Inner, Serving, no_build, permit};
use qdrant_client::QdrantError;
use qdrant_client::qdrant::CollectionStatus;
use ragd_core::error::{Error, ErrorKind, Result};
use std::sync::{Arc, Mutex};
use tokio::sync::Semaphore;
use uuid::Uuid;

/// The most concurrent searches; further ones wait here, not at the server.
const READS: usize = 64;

/// An index on a server; cheap to clone.
#[derive(Debug, Clone)]
pub struct Server(pub(super) Arc<Inner>);

impl Server {
    /// Prepares the connection and reads the ledger; the server is not contacted.
    ///
    /// # Errors
    /// As [`Index::connect`](super::super::Index::connect).
    pub(crate) async fn connect(settings: ServerSettings, ledger: Arc<dyn Ledger>) -> Result<Self> {
        settings.check()?;
        let connection = Connection::new(&settings)?;
        let target = Target {
            name: settings::alias(&settings.prefix, settings.space.as_ref()),
            space: settings.space,
        };
        let state = ledger.read(&target).await?;
        Ok(Self(Arc::new(Inner {
            connection,
            ledger,
            prefix: settings.prefix,
            serving: Mutex::new(Serving::new(target, state)),
            reads: Semaphore::new(READS),
            writes: Semaphore::new(1),
            rebuilding: Arc::default(),
        })))
    }

    pub(crate) fn alias(&self) -> String {
        self.serving().target.name
    }

    pub(crate) fn position(&self) -> Position {
        self.serving().position()
    }

    pub(crate) async fn refresh(&self) -> Result<Position> {
        let target = self.serving().target;
        let state = self.0.ledger.read(&target).await?;
        self.0.adopt(&target, state);
        Ok(self.position())
    }

    pub(crate) async fn claim(&self) -> Result<bool> {
        let target = self.serving().target;
        let state = self.0.ledger.claim(&target).await?;
        let claimed = state.is_some();
        if claimed {
            self.0.adopt(&target, state);
        }
        Ok(claimed)
    }

    pub(crate) async fn release(&self) -> Result<()> {
        self.0.ledger.release(&self.serving().target).await
    }

    pub(crate) async fn check(&self) -> Result<bool> {
        self.refresh().await?;
        let serving = self.serving();
        match serving.state {
            Some(TargetState { instance, record })
                if record.build > 0 && record.terms_version == TERMS_VERSION =>
            {
                let collection = settings::collection(&serving.target.name, record.build);
                let collections = self.0.collections(instance);
                collections
                    .is_named(&serving.target.name, &collection)
                    .await
            }
            _ => {
                // There is nothing to find yet, but an unreachable server is worth reporting
                // already.
                self.0.ping().await?;
                Ok(false)
            }
        }
    }

    pub(crate) async fn ensure(&self) -> Result<()> {
        let target = self.serving().target;
        self.0.hold(&target).await?;
        let Some(TargetState { instance, record }) = self.serving().state else {
            return Err(no_build());
        };
        if record.build == 0 {
            return self.begin(target, instance).await;
        }
        if record.terms_version != TERMS_VERSION {
            return Err(Error::new(
                ErrorKind::Conflict,
                "the index was built by another version of ragd: \
                 `ragd index rebuild` rebuilds it from the database",
            )
            .with_code(CODE_MISMATCH));
        }
        let collections = self.0.collections(instance);
        let name = settings::collection(&target.name, record.build);
        if collections.is_named(&target.name, &name).await? {
            Ok(())
        } else if collections.exists(&name).await? {
            // A switch was interrupted after the ledger was changed and before the alias was.
            collections.point_alias(&target.name, &name).await
        } else {
            Err(gone())
        }
    }

    /// Creates the first build of a target, empty.
    async fn begin(&self, target: Target, instance: Uuid) -> Result<()> {
        let number = self.0.ledger.next_build(&target).await?;
        let collections = self.0.collections(instance);
        let name = settings::collection(&target.name, number);
        collections.create(&name, target.space.as_ref()).await?;
        collections.point_alias(&target.name, &name).await?;
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
        self.replace(Serving::of_build(target, instance, record));
        Ok(())
    }

    pub(crate) async fn upsert(&self, points: Vec<Point>) -> Result<()> {
        let _permit = permit(&self.0.writes).await?;
        let build = self.build().await?;
        build.upsert(&self.0, &points).await?;
        lock(&self.0.serving).pending.count(&points);
        Ok(())
    }

    pub(crate) async fn delete(&self, selectors: Vec<Selector>) -> Result<()> {
        let _permit = permit(&self.0.writes).await?;
        let build = self.build().await?;
        build.delete(&self.0, selectors).await
    }

    pub(crate) async fn commit(&self, from: Position, sequence: i64) -> Result<Position> {
        let _permit = permit(&self.0.writes).await?;
        let target = self.serving().target;
        self.0.hold(&target).await?;
        let serving = self.serving();
        let added = serving.pending;
        let ledger = &self.0.ledger;
        if serving.position() != from || !ledger.advance(&target, from, sequence, added).await? {
            self.refresh().await?;
            return Err(moved());
        }
        let mut serving = lock(&self.0.serving);
        serving.pending = Added::default();
        if let Some(state) = &mut serving.state {
            state.record.sequence = sequence;
            state.record.added.passages += added.passages;
            state.record.added.terms += added.terms;
        }
        Ok(serving.position())
    }

    pub(crate) async fn optimize(&self) -> Result<()> {
        let collections = self.0.collections(Uuid::nil());
        while !collections.is_optimized(&self.alias()).await? {
            collections.pause().await;
        }
        Ok(())
    }

    pub(crate) async fn health(&self) -> Result<Health> {
        self.refresh().await?;
        let collections = self.0.collections(Uuid::nil());
        let info = collections.info(&self.alias()).await;
        let info = info.map_err(|error| self.0.lost(error))?;
        let passages = self.count(IndexFilter::default()).await?;
        let serving = self.serving();
        let state = serving.state.as_ref().ok_or_else(no_build)?;
        let added = Added {
            passages: state.record.added.passages + serving.pending.passages,
            terms: state.record.added.terms + serving.pending.terms,
        };
        Ok(Health {
            passages,
            segments: usize::try_from(info.segments_count).unwrap_or(usize::MAX),
            position: state.record.position(),
            built_average_terms: state.record.average_terms,
            seen_average_terms: added.average_terms(),
            optimizing: info.status() == CollectionStatus::Yellow,
        })
    }

    pub(crate) async fn close(self) {
        if let Err(error) = self.release().await {
            tracing::debug!(
                error = error.chain(),
                "the lease of the index could not be released"
            );
        }
    }

    pub(crate) async fn destroy(&self) -> Result<()> {
        let serving = self.serving();
        let Some(state) = serving.state else {
            return Ok(());
        };
        let collections = self.0.collections(state.instance);
        collections
            .delete_builds_but(&serving.target.name, &[])
            .await
    }

    /// The serving build, for writes.
    async fn build(&self) -> Result<Build> {
        let target = self.serving().target;
        self.0.hold(&target).await?;
        match self.serving().state {
            Some(TargetState { record, .. }) if record.build > 0 => Ok(Build {
                target,
                number: record.build,
                average_terms: record.average_terms,
            }),
            _ => Err(no_build()),
        }
    }

    /// The target and build that serve, as this process last saw them.
    pub(super) fn serving(&self) -> Serving {
        lock(&self.0.serving).clone()
    }

    /// Replaces the target and build that serve, and returns the former ones.
    pub(super) fn replace(&self, serving: Serving) -> Serving {
        std::mem::replace(&mut *lock(&self.0.serving), serving)
    }

    /// Sends a read, and once more if the collection was not found: it may have been deleted by a
    /// switch after the alias was resolved.
    pub(super) async fn read<T, F>(&self, request: impl Fn() -> F) -> Result<T>
    where
        F: Future<Output = Result<T, QdrantError>>,
    {
        let _permit = permit(&self.0.reads).await?;
        match self.0.connection.call(request()).await {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let again = self.0.connection.call(request()).await;
                again.map_err(|error| self.0.lost(error))
            }
            answer => answer,
        }
    }
}

/// The error of a build whose collection was deleted.
fn gone() -> Error {
    Error::unavailable(
        "the index's collection does not exist on the Qdrant server any more: \
         `ragd index rebuild` rebuilds it from the database",
    )
    .with_code(CODE_MISSING)
}
