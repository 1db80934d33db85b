//! Accepts connections until it is told to stop; then every connection is closed at once.

use super::connection::{Handler, serve};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long to wait when the system has no more file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves `handler` on `listener` until `shutdown`.
pub(crate) async fn listen<S: Handler>(
    handler: Arc<S>,
    listener: TcpListener,
    shutdown: CancellationToken,
) {
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shutdown.cancelled() => break,
        };
        match accepted {
            Ok((socket, _)) => {
                handler.connected();
                let handler = Arc::clone(&handler);
                let connection = async move { serve(socket, handler.as_ref()).await };
                connections.spawn(shutdown.clone().run_until_cancelled_owned(connection));
            }
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
    connections.close();
    connections.wait().await;
}
