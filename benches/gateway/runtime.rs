//! The runtime of the load generator, and that of the upstream: one thread each.

use tokio::runtime::{Builder, Runtime};

/// A runtime on the calling thread.
pub fn start() -> Runtime {
    Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
        .expect("a runtime")
}
