//! One connection: request after request, each reply played step by step until the script or the
//! client closes the connection.

use super::incoming::{Incoming, NoRequest};
use super::reply::{Paced, Reply, Step};
use super::request::Request;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::Instant;

/// Chooses the reply to each request.
pub(crate) trait Handler: Send + Sync + 'static {
    /// A client has connected.
    fn connected(&self) {}

    /// The reply to `request`.
    fn reply(&self, request: Request) -> Reply;

    /// The reply to a request that is too large; the connection is closed after it.
    fn too_large(&self) -> Reply {
        Reply::body(413, "text/plain", "the request is too large")
    }

    /// A reply has been played.
    fn played(&self, _reply: &Reply, _outcome: Outcome) {}

    /// Counts how often the gate was opened; without one, replies hang at a gate.
    fn gate(&self) -> Option<watch::Receiver<usize>> {
        None
    }
}

/// How a reply ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All of it was sent; the connection may be used again.
    Sent,
    /// The script closes the connection.
    Closed,
    /// The client closed the connection first.
    ClientGone,
}

/// Serves `socket` until either side closes it.
pub(super) async fn serve(mut socket: TcpStream, handler: &impl Handler) {
    // Tokens are to be sent at once. A socket that refuses is about to fail anyway.
    let _refused = socket.set_nodelay(true);
    let mut incoming = Incoming::default();
    loop {
        let request = match incoming.next(&mut socket).await {
            Ok(request) => request,
            Err(NoRequest::Closed) => return,
            Err(NoRequest::TooLarge) => {
                let reply = handler.too_large();
                let mut player = Player::new(&mut socket, &mut incoming);
                player.play(&reply, None).await;
                return;
            }
        };
        let is_last = request.closes_connection();
        let gate = handler.gate();
        let reply = handler.reply(request);
        let mut player = Player::new(&mut socket, &mut incoming);
        let outcome = player.play(&reply, gate).await;
        handler.played(&reply, outcome);
        if outcome != Outcome::Sent || is_last {
            return;
        }
    }
}

/// Plays one reply on a connection.
struct Player<'a> {
    socket: &'a mut TcpStream,
    incoming: &'a mut Incoming,
    /// What `Step::Due` counts from.
    origin: Instant,
}

impl<'a> Player<'a> {
    fn new(socket: &'a mut TcpStream, incoming: &'a mut Incoming) -> Self {
        Self {
            socket,
            incoming,
            origin: Instant::now(),
        }
    }

    async fn play(&mut self, reply: &Reply, mut gate: Option<watch::Receiver<usize>>) -> Outcome {
        for step in reply.steps() {
            let is_connected = match step {
                Step::Bytes(bytes) => self.socket.write_all(bytes).await.is_ok(),
                Step::Pause(time) => self.wait_from_now(tokio::time::sleep(*time)).await,
                Step::Due(time) => self.wait_until_due(*time).await,
                Step::Paced(paced) => self.play_paced(paced).await,
                Step::Gate => self.wait_from_now(opened(&mut gate)).await,
                Step::Hang => {
                    self.incoming.closed(self.socket).await;
                    false
                }
                Step::Close => return Outcome::Closed,
            };
            if !is_connected {
                return Outcome::ClientGone;
            }
        }
        Outcome::Sent
    }

    async fn play_paced(&mut self, paced: &Paced) -> bool {
        for number in 0..paced.count {
            let is_connected = self.wait_until_due(paced.gap.saturating_mul(number)).await
                && self.socket.write_all(&(paced.piece)(number)).await.is_ok();
            if !is_connected {
                return false;
            }
        }
        true
    }

    /// Waits for `event`, from which due times count then; false when the client closes first.
    async fn wait_from_now(&mut self, event: impl Future<Output = ()>) -> bool {
        let is_connected = tokio::select! {
            () = event => true,
            () = self.incoming.closed(self.socket) => false,
        };
        self.origin = Instant::now();
        is_connected
    }

    /// Waits until `time` after the origin, if that is still to come.
    async fn wait_until_due(&mut self, time: std::time::Duration) -> bool {
        match self.origin.checked_add(time) {
            Some(due) if due <= Instant::now() => true,
            Some(due) => tokio::select! {
                () = tokio::time::sleep_until(due) => true,
                () = self.incoming.closed(self.socket) => false,
            },
            None => {
                self.incoming.closed(self.socket).await;
                false
            }
        }
    }
}

/// Returns when the gate is opened the next time.
async fn opened(gate: &mut Option<watch::Receiver<usize>>) {
    if let Some(gate) = gate
        && gate.changed().await.is_ok()
    {
        return;
    }
    std::future::pending().await
}
