//! The follower: applies SQL's change log to the index in order, makes it durable, then moves the
//! index's position. After a crash, a restore or the loss of the index it simply catches up. Where
//! processes share an index, one of them writes at a time. It embeds nothing: vectors come from SQL.

mod apply;
mod ledger;
mod open;
mod rebuild;
mod revision;
mod switch;
mod writing;

pub use ledger::{LEASE, SqlLedger};
pub use open::{open_index, open_server_index};
pub use rebuild::{Check, RebuildProgress};
pub use switch::Switch;

use crate::memory::MessageTexts;
use ragd_core::clock::Clock;
use ragd_index::{Index, TermCounter, VectorSpace};
use ragd_store::Store;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::{Mutex, Notify};

/// How often the follower looks for changes that it was not notified of (another process's).
const POLL: Duration = Duration::from_secs(1);

/// What the follower works with.
#[derive(Clone)]
pub struct FollowerParts {
    /// Where the change log and the passages are.
    pub store: Store,
    /// Opens the texts of messages.
    pub texts: MessageTexts,
    /// The index that follows.
    pub index: Index,
    /// The space of the index's vectors; `None`: it holds none.
    pub space: Option<VectorSpace>,
    /// Counts the terms of passages.
    pub counter: TermCounter,
    /// The time.
    pub clock: Clock,
}

/// Applies the change log to one index; cheap to clone, and of all clones one writes at a time.
#[derive(Clone)]
pub struct Follower {
    store: Store,
    texts: MessageTexts,
    index: Index,
    counter: TermCounter,
    clock: Clock,
    shared: Arc<Shared>,
}

struct Shared {
    /// Held while changes are applied or the index is rebuilt.
    writing: Mutex<()>,
    wake: Notify,
    /// The space of the serving index's vectors; changed only while `writing` is held.
    space: RwLock<Option<VectorSpace>>,
    /// Changes not yet applied, as last seen.
    lag: AtomicI64,
}

impl Follower {
    /// The follower over its parts.
    pub fn new(parts: FollowerParts) -> Self {
        let FollowerParts {
            store,
            texts,
            index,
            space,
            counter,
            clock,
        } = parts;
        let shared = Arc::new(Shared {
            writing: Mutex::new(()),
            wake: Notify::new(),
            space: RwLock::new(space),
            lag: AtomicI64::new(0),
        });
        Self {
            store,
            texts,
            index,
            counter,
            clock,
            shared,
        }
    }

    /// The index that follows.
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// The space of the vectors that the serving index holds; `None`: it holds none.
    pub fn space(&self) -> Option<VectorSpace> {
        let space = &self.shared.space;
        space.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many changes are not yet applied, as last seen.
    pub fn lag(&self) -> i64 {
        self.shared.lag.load(Ordering::Relaxed)
    }

    /// Notifies the follower of changes, without waiting for it.
    pub fn wake(&self) {
        self.shared.wake.notify_one();
    }

    /// Follows until `stop` resolves. After a failure it tries again, and logs the failure once.
    pub async fn run(&self, stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        let mut logged = None;
        loop {
            tokio::select! {
                () = &mut stop => return,
                () = self.shared.wake.notified() => {}
                () = tokio::time::sleep(POLL) => {}
            }
            match self.pass().await {
                Ok(()) if logged.take().is_some() => {
                    tracing::info!("the index follows the change log again");
                }
                Ok(()) => {}
                Err(error) => {
                    let error = Some(error.chain());
                    if logged != error {
                        tracing::error!(error, "the index cannot follow the change log");
                        logged = error;
                    }
                }
            }
        }
    }
}

impl std::fmt::Debug for Follower {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Follower(lag {})", self.lag())
    }
}
