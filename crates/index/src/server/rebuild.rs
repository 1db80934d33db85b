//! A build that is being filled beside the serving one. Committed, it takes that one's place in
//! three steps, in this order: the ledger (refused where another process has changed it), the alias
//! (from then on questions go to it), the deletion of the old collection. A crash between the steps
//! leaves a ledger that says what is to be done, and the next process that writes does it.

use super::super::CODE_MOVED;
use super::super::ledger::{Added, BuildRecord, Hold, Target};
use super::super::point::{Point, Selector};
use super::super::space::{VectorSpace, check_average};
use super::super::terms::TERMS_VERSION;
use super::points::Build;
use super::settings::{alias, collection};
use super::{Server, Serving, added, lock, place};
use ragd_core::error::{Error, ErrorKind, Result};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use uuid::Uuid;

/// A build beside the serving one. Dropped without a commit, its collection is deleted.
#[derive(Debug)]
pub struct ServerRebuild {
    build: Build,
    /// The build of the same target that it replaces; 0: none.
    from: u64,
    instance: Uuid,
    added: Mutex<Added>,
    kept: AtomicBool,
    turn: Turn,
}

impl Server {
    pub(crate) async fn begin_rebuild(
        &self,
        space: Option<VectorSpace>,
        average_terms: f32,
    ) -> Result<ServerRebuild> {
        check_average(average_terms)?;
        let turn = Turn::take(self)?;
        let target = Target {
            name: alias(&self.0.prefix, space.as_ref()),
            space,
        };
        let ledger = &self.0.ledger;
        let standing = match self.0.hold(&target).await? {
            Hold::Taken(standing) => standing,
            Hold::Kept => ledger
                .read(&target)
                .await?
                .ok_or_else(|| Error::internal("the ledger has lost the index's target"))?,
        };
        let collections = self.0.collections(standing.instance);
        // Refused here, a build that could never be named leaves no collection behind.
        collections.check_alias(&target.name).await?;
        let number = ledger.next_build(&target).await?;
        collections
            .delete_builds_but(&target.name, &[standing.record.build])
            .await?;
        let name = collection(&target.name, number);
        collections.create(&name, target.space.as_ref()).await?;
        Ok(ServerRebuild {
            build: Build {
                target,
                number,
                average_terms,
            },
            from: standing.record.build,
            instance: standing.instance,
            added: Mutex::new(Added::default()),
            kept: AtomicBool::new(false),
            turn,
        })
    }
}

impl ServerRebuild {
    pub(crate) async fn upsert(&self, points: Vec<Point>) -> Result<()> {
        let server = &self.turn.server;
        let _place = place(&server.0.writes).await?;
        self.build.upsert(&server.0, &points).await?;
        added(&mut lock(&self.added), &points);
        Ok(())
    }

    pub(crate) async fn delete(&self, selectors: Vec<Selector>) -> Result<()> {
        let server = &self.turn.server;
        let _place = place(&server.0.writes).await?;
        self.build.delete(&server.0, selectors).await
    }

    pub(crate) async fn commit(self, sequence: i64) -> Result<()> {
        let server = self.turn.server.clone();
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
        let _place = place(&inner.writes).await?;
        inner.hold(target).await?;
        if !inner
            .ledger
            .serve(target, self.from, record.clone())
            .await?
        {
            return Err(Error::new(
                ErrorKind::Conflict,
                "another process has rebuilt the index meanwhile",
            )
            .with_code(CODE_MOVED));
        }
        // From here on the new build is the one that serves, whatever fails below.
        self.kept.store(true, Ordering::Release);
        let before = server.replace(Serving::of(target.clone(), self.instance, record));
        collections.name(&target.name, &name).await?;
        if before.target != *target {
            // Processes that still ask with the other model find their index where it was.
            inner.ledger.release(&before.target).await?;
        }
        if self.from > 0 {
            let old = collection(&target.name, self.from);
            if let Err(error) = collections.delete(&old).await {
                tracing::warn!(error = error.chain(), "the old build {old} stays for now");
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
        let (server, instance) = (self.turn.server.clone(), self.instance);
        let (name, target) = (self.build.collection(), self.build.target.clone());
        // Whatever this does not get done, the next rebuild does.
        runtime.spawn(async move {
            if let Err(error) = server.0.collections(instance).delete(&name).await {
                tracing::warn!(
                    error = error.chain(),
                    "the abandoned build {name} stays for now"
                );
            }
            // The serving target's lease is its follower's; another's was this rebuild's alone.
            if server.serving().target != target
                && let Err(error) = server.0.ledger.release(&target).await
            {
                tracing::warn!(error = error.chain(), "a lease ends by itself");
            }
        });
    }
}

/// The right to rebuild, which one has at a time in this process.
#[derive(Debug)]
struct Turn {
    server: Server,
}

impl Turn {
    fn take(server: &Server) -> Result<Self> {
        if server.0.rebuilding.swap(true, Ordering::AcqRel) {
            return Err(Error::new(
                ErrorKind::Conflict,
                "the index is already being rebuilt",
            ));
        }
        Ok(Self {
            server: server.clone(),
        })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.server.0.rebuilding.store(false, Ordering::Release);
    }
}
