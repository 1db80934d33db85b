//! Stops a command on SIGTERM or Ctrl-C.

use ragd_core::error::{Error, Result};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Cancels `stop` on SIGTERM or SIGINT.
///
/// # Errors
/// `Internal` when the process cannot listen for signals.
pub(super) fn stop_on_signal(stop: CancellationToken) -> Result<()> {
    let listen = |kind| {
        signal(kind)
            .map_err(|error| Error::internal("cannot listen for signals").with_source(error))
    };
    let mut terminate = listen(SignalKind::terminate())?;
    let mut interrupt = listen(SignalKind::interrupt())?;
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
        stop.cancel();
    });
    Ok(())
}
