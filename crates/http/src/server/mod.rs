//! Accepts connections and serves each until it ends. On shutdown it accepts no more, lets running
//! requests finish for a moment, and closes the rest.

mod fast_path;
mod write_timeout;

use crate::router::build;
use crate::server::fast_path::FastPath;
use crate::server::write_timeout::WriteTimeout;
use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use futures_util::future::BoxFuture;
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
use tower::Service as _;

/// How long a client may take to send a request's head, or idle between two requests.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// The size of the read buffer; a head beyond it is refused here.
const BUFFER_BYTES: usize = 64 * 1_024;
/// How long a client may read nothing of a pending response.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// How long running requests may go on after shutdown.
const DRAIN: Duration = Duration::from_secs(2);
/// The pause after a failed accept, for example without free file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves `app` on `listener` until `shutdown`.
///
/// # Errors
/// `Internal` when this application has been served before.
pub fn serve(
    app: App,
    listener: TcpListener,
    shutdown: CancellationToken,
) -> BoxFuture<'static, Result<()>> {
    Box::pin(async move {
        let (router, state) = build(app)?;
        let service = Service {
            router,
            fast_path: FastPath::of(&state),
        };
        let connections = TaskTracker::new();
        let cut = CancellationToken::new();
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = shutdown.cancelled() => break,
            };
            match accepted {
                Ok((stream, peer)) => {
                    let connection = connection(stream, peer, service.clone(), shutdown.clone());
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
    })
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    service: Service,
    shutdown: CancellationToken,
) {
    // Small events of a stream must be sent at once. A socket that refuses this is about to fail.
    let _refused = stream.set_nodelay(true);
    let handler = hyper::service::service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        service.clone().answer(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(BUFFER_BYTES)
        .serve_connection(
            TokioIo::new(WriteTimeout::new(stream, WRITE_TIMEOUT)),
            handler,
        );
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

/// Everything that answers a request.
#[derive(Clone)]
struct Service {
    router: Router,
    fast_path: Option<FastPath>,
}

impl Service {
    async fn answer(mut self, request: Request) -> Result<Response, Infallible> {
        match self.fast_path.filter(|_| FastPath::takes(&request)) {
            Some(fast_path) => Ok(fast_path.answer(request).await),
            None => self.router.call(request).await,
        }
    }
}
