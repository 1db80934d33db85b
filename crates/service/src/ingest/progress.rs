//! The progress of an ingest, written to its job's row while the work goes on; not often, so that a
//! small document does not cost a write for each stage.

use ragd_core::domain::{JobProgress, Lease};
use ragd_store::Store;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// The least time between two writes, and before the first.
const BETWEEN: Duration = Duration::from_millis(500);

/// The progress of one try.
pub(super) struct Progress {
    store: Store,
    lease: Lease,
    notes: watch::Sender<JobProgress>,
}

impl Progress {
    pub(super) fn new(store: Store, lease: Lease) -> Self {
        Self {
            store,
            lease,
            notes: watch::Sender::new(JobProgress::of("extract", 0, 1)),
        }
    }

    /// The job's lease.
    pub(super) fn lease(&self) -> Lease {
        self.lease
    }

    /// Notes how far the work is; the note is written later, unless a newer one replaces it.
    pub(super) fn note(&self, stage: &str, done: i64, total: i64) {
        self.notes.send_replace(JobProgress::of(stage, done, total));
    }

    /// Does `work`, and writes its notes meanwhile.
    pub(super) async fn during<T>(&self, work: impl Future<Output = T>) -> T {
        let mut notes = self.notes.subscribe();
        let mut written = Instant::now();
        tokio::pin!(work);
        loop {
            tokio::select! {
                outcome = &mut work => return outcome,
                () = tokio::time::sleep(BETWEEN.saturating_sub(written.elapsed())) => {}
            }
            tokio::select! {
                outcome = &mut work => return outcome,
                // The sender is this progress's own.
                _noted = notes.changed() => {}
            }
            let note = notes.borrow_and_update().clone();
            // A lost lease is noticed by the work's own writes.
            tokio::select! {
                outcome = &mut work => return outcome,
                written = self.store.checkpoint(self.lease, &note) => {
                    if let Err(error) = written {
                        tracing::debug!(error = error.chain(), "progress was not written");
                    }
                }
            }
            written = Instant::now();
        }
    }
}
