//! Listens, and serves each connection until it ends or the server is told to stop; then everything
//! is closed at once, for nobody waits for a rehearsal.

use super::drip::{Tap, Tapped};
use super::reply::reply;
use super::settings::Settings;
use super::stage::Stage;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long to wait when the system has no more file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves a rehearsal upstream on `listener` until `shutdown`. The settings are taken as they are:
/// see [`Settings::check`].
pub async fn serve(settings: Settings, listener: TcpListener, shutdown: CancellationToken) {
    let stage = Arc::new(Stage::new(settings));
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shutdown.cancelled() => break,
        };
        match accepted {
            Ok((socket, _)) => {
                let connection = connection(socket, Arc::clone(&stage));
                connections.spawn(shutdown.clone().run_until_cancelled_owned(connection));
            }
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
    connections.close();
    connections.wait().await;
}

async fn connection(socket: TcpStream, stage: Arc<Stage>) {
    // Tokens are to leave at once. A socket that refuses is about to fail anyway.
    let _refused = socket.set_nodelay(true);
    let tap = Tap::default();
    let replying = tap.clone();
    let service = service_fn(move |request| reply(Arc::clone(&stage), replying.clone(), request));
    let served =
        http1::Builder::new().serve_connection(TokioIo::new(Tapped::new(socket, tap)), service);
    // A connection that ends early does so because the script, or the client, wanted it.
    let _ended = served.await;
}
