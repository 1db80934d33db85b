//! The follower: applies SQL's change log to the index in order, makes it durable, then moves the
//! index's position. A crash, a restore, a second replica, a lost folder: all are the follower
//! catching up. Where processes share an index, one of them does so at a time. It never embeds anything; vectors come from SQL.

mod apply;
mod ledger;
mod open;
mod passages;
mod rebuild;
mod switch;
mod turn;

pub use ledger::{LEASE, SqlLedger};
pub use open::{open_index, open_server_index};
pub use rebuild::{RebuildProgress, Verdict};
pub use switch::Switch;

use crate::memory::MessageTexts;
use ragd_core::clock::Clock;
use ragd_index::{Index, TermCounter, VectorSpace};
use ragd_store::Store;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::{Mutex, Notify};

/// How often the follower looks for changes that nobody told it of (another process's).
const POLL: Duration = Duration::from_secs(1);

/// Follows the change log for one index; cheap to clone, clones take turns.
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
    turn: Mutex<()>,
    wake: Notify,
    /// The space of the serving index's vectors; changed only by who holds the turn.
    space: RwLock<Option<VectorSpace>>,
    /// Changes not yet applied, as last seen.
    lag: AtomicI64,
}

impl Follower {
    /// A follower of `store`'s changes into `index`, whose vectors are of the given space.
    pub fn new(
        (store, texts): (Store, MessageTexts),
        (index, space): (Index, Option<VectorSpace>),
        counter: TermCounter,
        clock: Clock,
    ) -> Self {
        let shared = Arc::new(Shared {
            turn: Mutex::new(()),
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

    /// Says that there is something to do, without waiting for it.
    pub fn wake(&self) {
        self.shared.wake.notify_one();
    }

    /// Follows until `stop` resolves. Failures are tried again, and each is logged once.
    pub async fn run(&self, stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        let mut told = None;
        loop {
            tokio::select! {
                () = &mut stop => return,
                () = self.shared.wake.notified() => {}
                () = tokio::time::sleep(POLL) => {}
            }
            match self.pass().await {
                Ok(()) if told.take().is_some() => {
                    tracing::info!("the index follows the change log again");
                }
                Ok(()) => {}
                Err(error) => {
                    let error = Some(error.chain());
                    if told != error {
                        tracing::error!(error, "the index cannot follow the change log");
                        told = error;
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
