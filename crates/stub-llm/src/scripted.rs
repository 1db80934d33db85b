//! A scripted model server for tests and benchmarks, in their own process: replies are queued, set or
//! computed, requests are recorded. It sends every reply exactly as it was built, with the pauses,
//! cuts and lies that real servers are known for.

use super::transport::{Handler, Outcome, Reply, Request, listen};
use serde_json::Value;
use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::sync::DropGuard;

/// What the server was sent.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// `POST`, …
    pub method: String,
    /// Path and query, for instance `/v1/chat/completions`.
    pub path: String,
    /// Names in lower case, in the order in which they came.
    pub headers: Vec<(String, String)>,
    /// The body as JSON; null when it is not JSON.
    pub body: Value,
}

impl Recorded {
    /// The value of a header, by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

impl From<&Request> for Recorded {
    fn from(request: &Request) -> Self {
        Self {
            method: request.method().to_owned(),
            path: request.target().to_owned(),
            headers: request
                .headers()
                .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
                .collect(),
            body: serde_json::from_slice(request.body()).unwrap_or_default(),
        }
    }
}

/// A server on a port of this machine that replies by script. It ends, with all its connections, when
/// it is dropped.
///
/// A request gets the next reply of the queue; when that is empty, what [`compute`](Self::compute)
/// makes of it; else the default reply; else an error 500.
#[derive(Debug)]
pub struct ScriptedServer {
    address: SocketAddr,
    state: Arc<State>,
    _running: DropGuard,
}

/// Makes a reply out of a request.
type Compute = Arc<dyn Fn(&Recorded) -> Reply + Send + Sync>;

#[derive(Debug)]
struct State {
    replies: Mutex<Replies>,
    /// How many clients have gone in the middle of their reply.
    clients_gone: watch::Sender<usize>,
    /// How often the gate was opened.
    gate: watch::Sender<usize>,
}

#[derive(Default)]
struct Replies {
    queue: VecDeque<Reply>,
    computed: Option<Compute>,
    default: Option<Reply>,
    requests: Vec<Recorded>,
    records_nothing: bool,
    connections: usize,
}

impl std::fmt::Debug for Replies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Replies")
            .field("queue", &self.queue)
            .field("default", &self.default)
            .field("requests", &self.requests.len())
            .finish_non_exhaustive()
    }
}

impl ScriptedServer {
    /// Starts a server on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// The system's, when no port can be opened.
    pub async fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let state = Arc::new(State {
            replies: Mutex::default(),
            clients_gone: watch::Sender::new(0),
            gate: watch::Sender::new(0),
        });
        let shutdown = CancellationToken::new();
        tokio::spawn(listen(Arc::clone(&state), listener, shutdown.clone()));
        Ok(Self {
            address,
            state,
            _running: shutdown.drop_guard(),
        })
    }

    /// Adds a reply, played once, behind those that still wait.
    pub fn queue(&self, reply: Reply) {
        self.state.replies().queue.push_back(reply);
    }

    /// Sets the reply to every request that gets no other.
    pub fn set_default(&self, reply: Reply) {
        self.state.replies().default = Some(reply);
    }

    /// Makes the reply to every request for which none is queued.
    pub fn compute(&self, reply: impl Fn(&Recorded) -> Reply + Send + Sync + 'static) {
        self.state.replies().computed = Some(Arc::new(reply));
    }

    /// Keeps none of the requests that come from now on: under load they would fill the memory.
    pub fn record_nothing(&self) {
        self.state.replies().records_nothing = true;
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where OpenAI's routes begin, as settings want it: `http://127.0.0.1:…/v1`.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Everything it was sent so far.
    pub fn requests(&self) -> Vec<Recorded> {
        self.state.replies().requests.clone()
    }

    /// How many connections were opened so far.
    pub fn connections(&self) -> usize {
        self.state.replies().connections
    }

    /// Waits until `count` clients in all have closed their connection in the middle of their reply.
    pub async fn clients_gone(&self, count: usize) {
        let mut gone = self.state.clients_gone.subscribe();
        // It cannot fail: the sender lives as long as `self`.
        let _reached = gone.wait_for(|seen| *seen >= count).await;
    }

    /// Lets every reply that is being played go on past its next gate. A gate waits for an opening
    /// that comes after its reply has begun.
    pub fn open_gate(&self) {
        self.state.gate.send_modify(|count| *count += 1);
    }
}

impl State {
    fn replies(&self) -> MutexGuard<'_, Replies> {
        self.replies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Handler for State {
    fn connected(&self) {
        self.replies().connections += 1;
    }

    fn reply(&self, request: Request) -> Reply {
        let request = Recorded::from(&request);
        let computed = {
            let mut replies = self.replies();
            if !replies.records_nothing {
                replies.requests.push(request.clone());
            }
            if let Some(reply) = replies.queue.pop_front() {
                return reply;
            }
            replies.computed.clone()
        };
        // Not under the lock: it may ask the server itself.
        computed
            .map(|compute| compute(&request))
            .or_else(|| self.replies().default.clone())
            .unwrap_or_else(|| Reply::error(500, "nothing is scripted for this request"))
    }

    fn played(&self, _reply: &Reply, outcome: Outcome) {
        if outcome == Outcome::ClientGone {
            self.clients_gone.send_modify(|count| *count += 1);
        }
    }

    fn gate(&self) -> Option<watch::Receiver<usize>> {
        Some(self.gate.subscribe())
    }
}
