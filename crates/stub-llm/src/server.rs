//! Serves the scripted model server on a listener until it is told to stop.

use super::respond::{refuse, reply};
use super::settings::Settings;
use super::state::ServerState;
use super::transport::{Handler, MAX_BODY_BYTES, Outcome, Reply, Request, listen};
use super::wire::Wire;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Serves on `listener` until `shutdown`; then every connection is closed at once. The settings are
/// taken as they are: see [`Settings::check`].
pub async fn serve(settings: Settings, listener: TcpListener, shutdown: CancellationToken) {
    let state = Arc::new(ServerState::new(settings));
    listen(state, listener, shutdown).await;
}

impl Handler for ServerState {
    fn reply(&self, request: Request) -> Reply {
        let reply = reply(self, request);
        if reply.is_paced_stream() {
            self.stream_opened();
        }
        reply
    }

    fn too_large(&self) -> Reply {
        let message = format!("the request has more than {MAX_BODY_BYTES} bytes");
        refuse(Wire::OpenAi.format(), 413, &message)
    }

    fn played(&self, reply: &Reply, outcome: Outcome) {
        if reply.is_paced_stream() {
            self.stream_closed();
        }
        if outcome == Outcome::ClientGone {
            self.client_gone();
        }
    }
}
