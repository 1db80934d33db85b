//! Locks and permits that both engines use.

use ragd_core::error::{Error, ErrorKind, Result};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::AcquireError;

/// Takes a lock even if a thread panicked while it held it: what the locks of this crate guard is
/// consistent at any moment.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The error of a semaphore that is closed, as the index is then too.
pub(super) fn closed(error: AcquireError) -> Error {
    Error::internal("the index is closed").with_source(error)
}

/// The right to rebuild an index, which one rebuild in this process has at a time.
#[derive(Debug)]
pub(super) struct RebuildPermit(Arc<AtomicBool>);

impl RebuildPermit {
    /// Takes the permit; `rebuilding` says whether it is taken.
    ///
    /// # Errors
    /// `Conflict` when another rebuild has it.
    pub fn take(rebuilding: &Arc<AtomicBool>) -> Result<Self> {
        if rebuilding.swap(true, Ordering::AcqRel) {
            return Err(Error::new(
                ErrorKind::Conflict,
                "the index is already being rebuilt",
            ));
        }
        Ok(Self(Arc::clone(rebuilding)))
    }
}

impl Drop for RebuildPermit {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}
