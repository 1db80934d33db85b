//! The thread on which the engine optimises. An optimisation merges segments and builds graphs
//! until nothing is left to do, and cannot be cancelled, so only one may run at a time and a
//! shutdown does not wait for it.

use super::shard::Shard;
use ragd_core::error::{Error, Result};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use tokio::sync::oneshot;

/// A shard to optimise, and where to send the result if a caller waits for it.
struct Request {
    shard: Arc<Shard>,
    done: Option<oneshot::Sender<Result<()>>>,
}

/// The state that the handle and the thread share.
#[derive(Debug, Default)]
struct Signals {
    /// Whether a request without a waiting caller is queued; a second one would be redundant.
    queued: AtomicBool,
    running: AtomicBool,
}

/// The handle of the thread, which ends when this is dropped and the queue is empty.
#[derive(Debug)]
pub(super) struct Optimizer {
    requests: mpsc::Sender<Request>,
    signals: Arc<Signals>,
}

impl Optimizer {
    /// Starts the thread.
    ///
    /// # Errors
    /// `Internal` when the thread cannot be started.
    pub fn start() -> Result<Self> {
        let (requests, queue) = mpsc::channel();
        let signals = Arc::new(Signals::default());
        let shared = Arc::clone(&signals);
        std::thread::Builder::new()
            .name("index-optimize".to_owned())
            .spawn(move || serve(&queue, &shared))
            .map_err(|error| {
                Error::internal("cannot start the index's optimiser").with_source(error)
            })?;
        Ok(Self { requests, signals })
    }

    /// Requests an optimisation without waiting for it.
    pub fn request(&self, shard: Arc<Shard>) {
        if self.signals.queued.swap(true, Ordering::AcqRel) {
            return;
        }
        if self.requests.send(Request { shard, done: None }).is_err() {
            tracing::error!(
                "the index's optimiser has stopped; searches continue, but will become slower"
            );
        }
    }

    /// Optimises and waits for the result.
    ///
    /// # Errors
    /// `Internal` when the engine fails.
    pub async fn run(&self, shard: Arc<Shard>) -> Result<()> {
        let ended = || Error::internal("the index's optimiser has stopped");
        let (done, outcome) = oneshot::channel();
        let done = Some(done);
        self.requests
            .send(Request { shard, done })
            .map_err(|_| ended())?;
        outcome.await.map_err(|_| ended())?
    }

    /// Whether an optimisation is running.
    pub fn is_running(&self) -> bool {
        self.signals.running.load(Ordering::Acquire)
    }
}

fn serve(queue: &mpsc::Receiver<Request>, signals: &Signals) {
    while let Ok(Request { shard, done }) = queue.recv() {
        if done.is_none() {
            // From here on, a change of the shard may come too late for this run.
            signals.queued.store(false, Ordering::Release);
        }
        signals.running.store(true, Ordering::Release);
        let outcome = shard.optimize();
        signals.running.store(false, Ordering::Release);
        // Dropped before the result is sent, so that the caller can then close the shard.
        drop(shard);
        match (done, outcome) {
            // The caller may have stopped waiting.
            (Some(done), outcome) => drop(done.send(outcome)),
            (None, Ok(())) => {}
            (None, Err(error)) => {
                tracing::error!(error = error.chain(), "optimising the index failed");
            }
        }
    }
}
