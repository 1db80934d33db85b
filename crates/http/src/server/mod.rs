//! Listens, and serves each connection until it ends, or until the server is told to stop: then it
//! takes no more, lets what is under way end for a moment, and closes the rest.

mod fast_path;
mod write_timeout;

use crate::router::opened;
use crate::server::fast_path::Express;
use crate::server::write_timeout::MustRead;
use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use ragd_core::error::Result;
use ragd_service::app::App;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service;

/// How long a client may take to send a request's head, or be silent between two requests.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How much of a request is buffered; a head that is far too large is refused here already.
const BUFFER_BYTES: usize = 64 * 1_024;
/// How long a client may take nothing of an answer that waits for it.
const READ_PATIENCE: Duration = Duration::from_secs(30);
/// How long requests that are under way may go on after the server was told to stop.
const DRAIN: Duration = Duration::from_secs(2);
/// How long to wait when the system has no more file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves `app` on `listener` until `shutdown`.
///
/// # Errors
/// `Internal` when this application has been served before.
pub async fn serve(app: App, listener: TcpListener, shutdown: CancellationToken) -> Result<()> {
    let (router, state) = opened(app)?;
    let ways = (router, Express::of(&state));
    let connections = TaskTracker::new();
    let cut = CancellationToken::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shutdown.cancelled() => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let connection = connection((stream, peer), ways.clone(), shutdown.clone());
                connections.spawn(cut.clone().run_until_cancelled_owned(connection));
            }
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    tracing::info!("no more connections are accepted");
    connections.close();
    if tokio::time::timeout(DRAIN, connections.wait())
        .await
        .is_err()
    {
        tracing::warn!(
            connections = connections.len(),
            "requests under way were cut off"
        );
        cut.cancel();
        connections.wait().await;
    }
    tracing::info!("requests have ended");
    Ok(())
}

async fn connection(
    (stream, peer): (TcpStream, SocketAddr),
    ways: (Router, Option<Express>),
    shutdown: CancellationToken,
) {
    // Small events of a stream are to leave at once. A socket that refuses is about to fail anyway.
    let _refused = stream.set_nodelay(true);
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        answer(ways.clone(), request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(BUFFER_BYTES)
        .serve_connection(TokioIo::new(MustRead::new(stream, READ_PATIENCE)), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

async fn answer(
    (mut router, express): (Router, Option<Express>),
    request: Request,
) -> Result<Response, Infallible> {
    match express.filter(|_| Express::takes(&request)) {
        Some(express) => Ok(express.answer(request).await),
        None => router.call(request).await,
    }
}
