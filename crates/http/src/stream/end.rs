//! Marks whether a stream has ended properly, for the middleware that keeps responses.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a stream has ended properly: an extension of its response, set by the code that writes the
/// events.
#[derive(Debug, Clone, Default)]
pub(crate) struct StreamEnd(Arc<AtomicBool>);

impl StreamEnd {
    /// Marks the stream as ended properly.
    pub(crate) fn complete(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether the stream has ended properly.
    pub(crate) fn is_complete(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}
