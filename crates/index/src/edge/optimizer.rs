//! The one thread on which the engine optimises: it merges segments and builds graphs, loops until
//! idle and cannot be stopped, so it must never run twice at once nor be waited for at shutdown.

use super::shard::Shard;
use ragd_core::error::{Error, Result};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use tokio::sync::oneshot;

/// A shard to optimise, and who waits for it.
struct Request {
    shard: Arc<Shard>,
    done: Option<oneshot::Sender<Result<()>>>,
}

/// What requests and the thread tell each other.
#[derive(Debug, Default)]
struct Signals {
    /// A request that nobody waits for is queued; another one would change nothing.
    queued: AtomicBool,
    running: AtomicBool,
}

/// The handle of the thread, which ends when this is dropped and it has nothing left to do.
#[derive(Debug)]
pub(super) struct Optimizer {
    requests: mpsc::Sender<Request>,
    signals: Arc<Signals>,
}

impl Optimizer {
    /// Starts the thread.
    ///
    /// # Errors
    /// `Internal` when the system gives no thread.
    pub fn start() -> Result<Self> {
        let (requests, queue) = mpsc::channel();
        let signals = Arc::new(Signals::default());
        let seen = Arc::clone(&signals);
        std::thread::Builder::new()
            .name("index-optimize".to_owned())
            .spawn(move || serve(&queue, &seen))
            .map_err(|error| {
                Error::internal("cannot start the index's optimiser").with_source(error)
            })?;
        Ok(Self { requests, signals })
    }

    /// Asks for an optimisation that nobody waits for.
    pub fn request(&self, shard: Arc<Shard>) {
        if self.signals.queued.swap(true, Ordering::AcqRel) {
            return;
        }
        if self.requests.send(Request { shard, done: None }).is_err() {
            tracing::error!("the index's optimiser has ended; searches go on, more slowly in time");
        }
    }

    /// Optimises and waits for the end of it.
    ///
    /// # Errors
    /// `Internal` when the engine fails.
    pub async fn run(&self, shard: Arc<Shard>) -> Result<()> {
        let ended = || Error::internal("the index's optimiser has ended");
        let (done, outcome) = oneshot::channel();
        let done = Some(done);
        self.requests
            .send(Request { shard, done })
            .map_err(|_| ended())?;
        outcome.await.map_err(|_| ended())?
    }

    /// Whether an optimisation is under way.
    pub fn is_running(&self) -> bool {
        self.signals.running.load(Ordering::Acquire)
    }
}

fn serve(queue: &mpsc::Receiver<Request>, signals: &Signals) {
    while let Ok(Request { shard, done }) = queue.recv() {
        if done.is_none() {
            // From here on the shard may change in ways that this run does not see.
            signals.queued.store(false, Ordering::Release);
        }
        signals.running.store(true, Ordering::Release);
        let outcome = shard.optimize();
        signals.running.store(false, Ordering::Release);
        // Let go of the shard before anyone is told, so that it can be closed then.
        drop(shard);
        match (done, outcome) {
            // Whoever gave up waiting needs no answer.
            (Some(done), outcome) => drop(done.send(outcome)),
            (None, Ok(())) => {}
            (None, Err(error)) => {
                tracing::error!(error = error.chain(), "optimising the index failed");
            }
        }
    }
}
