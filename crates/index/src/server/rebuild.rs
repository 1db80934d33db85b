//! A build that is filled beside the serving one. A commit replaces the serving build in three
//! steps, in this order: the ledger (refused if another process has changed it), the alias (from
//! then on searches use the new build), the deletion of the old collection. After a crash between
//! the steps the ledger tells which of them are left, and the next process that writes completes
//! them.

use super::super::error::CODE_MOVED;
use super::super::ledger::{Added, BuildRecord, Lease, Target};
use super::super::point::{Point, Selector};
use super::super::space::{VectorSpace, check_average};
use super::super::sync::{RebuildPermit, lock};
use super::super::terms::TERMS_VERSION;
use super::index::Server;
use super::points::Build;
use super::settings::{alias, collection};
use super::shared::{Serving, permit};
use ragd_core::error::{Error, ErrorKind, Result};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use uuid::Uuid;

/// A build beside the serving one; its collection is deleted when it is dropped without a commit.
#[derive(Debug)]
pub struct ServerRebuild {
    build: Build,
    /// The build of the same target that it replaces; 0 for none.
    from: u64,
    instance: Uuid,
    added: Mutex<Added>,
    kept: AtomicBool,
    server: Server,
    _permit: RebuildPermit,
}

impl Server {
    pub(crate) async fn begin_rebuild(
        &self,
        space: Option<VectorSpace>,
        average_terms: f32,
    ) -> Result<ServerRebuild> {
        check_average(average_terms)?;
        let permit = RebuildPermit::take(&self.0.rebuilding)?;
        let target = Target {
            name: alias(&self.0.prefix, space.as_ref()),
            space,
        };
        let ledger = &self.0.ledger;
        let state = match self.0.hold(&target).await? {
            Lease::Acquired(state) => state,
            Lease::Held => ledger
                .read(&target)
                .await?
                .ok_or_else(|| Error::internal("the ledger has lost the index's target"))?,
        };
        let collections = self.0.collections(state.instance);
        // Checked before a collection is created that could never get its alias.
        collections.check_alias(&target.name).await?;
        let number = ledger.next_build(&target).await?;
        collections
            .delete_builds_but(&target.name, &[state.record.build])
            .await?;
        let name = collection(&target.name, number);
        collections.create(&name, target.space.as_ref()).await?;
        Ok(ServerRebuild {
            build: Build {
                target,
                number,
                average_terms,
            },
            from: state.record.build,
            instance: state.instance,
            added: Mutex::new(Added::default()),
            kept: AtomicBool::new(false),
            server: self.clone(),
            _permit: permit,
        })
    }
}

impl ServerRebuild {
    pub(crate) async fn upsert(&self, points: Vec<Point>) -> Result<()> {
        let server = &self.server;
        let _permit = permit(&server.0.writes).await?;
        self.build.upsert(&server.0, &points).await?;
        lock(&self.added).count(&points);
        Ok(())
    }

    pub(crate) async fn delete(&self, selectors: Vec<Selector>) -> Result<()> {
        let server = &self.server;
        let _permit = permit(&server.0.writes).await?;
        self.build.delete(&server.0, selectors).await
    }

    pub(crate) async fn commit(self, sequence: i64) -> Result<()> {
        let server = self.server.clone();
        let (inner, target) = (&server.0, &self.build.target);
        let collections = inner.collections(self.instance);
        let name = self.build.collection();
        while !collections.is_optimized(&name).await? {
            inner.hold(target).await?;
            collections.pause().await;
        }
        let record = BuildRecord {
            build: self.build.number,
            sequence,
            terms_version: TERMS_VERSION.to_owned(),
            average_terms: self.build.average_terms,
            added: *lock(&self.added),
        };
        let _permit = permit(&inner.writes).await?;
        inner.hold(target).await?;
        if !inner
            .ledger
            .serve(target, self.from, record.clone())
            .await?
        {
            return Err(Error::new(
                ErrorKind::Conflict,
                "another process has rebuilt the index in the meantime",
            )
            .with_code(CODE_MOVED));
        }
        // From here on the new build is the one that serves, whatever fails below.
        self.kept.store(true, Ordering::Release);
        let before = server.replace(Serving::of_build(target.clone(), self.instance, record));
        collections.point_alias(&target.name, &name).await?;
        if before.target != *target {
            // Processes that still use the other model keep their index.
            inner.ledger.release(&before.target).await?;
        }
        if self.from > 0 {
            let old = collection(&target.name, self.from);
            if let Err(error) = collections.delete(&old).await {
                tracing::warn!(
                    error = error.chain(),
                    "the old build {old} could not be deleted yet"
                );
            }
        }
        Ok(())
    }
}

impl Drop for ServerRebuild {
    fn drop(&mut self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        if self.kept.load(Ordering::Acquire) {
            return;
        }
        let (server, instance) = (self.server.clone(), self.instance);
        let (name, target) = (self.build.collection(), self.build.target.clone());
        // The next rebuild does whatever fails here.
        runtime.spawn(async move {
            if let Err(error) = server.0.collections(instance).delete(&name).await {
                tracing::warn!(
                    error = error.chain(),
                    "the abandoned build {name} could not be deleted yet"
                );
            }
            // The lease of the serving target belongs to its follower; that of another target was
            // acquired by this rebuild.
            if server.serving().target != target
                && let Err(error) = server.0.ledger.release(&target).await
            {
                tracing::warn!(
                    error = error.chain(),
                    "a lease could not be released and will expire"
                );
            }
        });
    }
}
