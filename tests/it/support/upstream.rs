//! A scripted upstream on a real socket: it plays each reply exactly as written, with the pauses,
//! cuts and lies that real ones are known for, and keeps what it was sent. It speaks just enough
//! HTTP/1.1 for that, because a real server would repair what a script wants broken.

use super::upstream_reply::{Play, Reply};
use serde_json::Value;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What the upstream was sent.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// `POST`, …
    pub method: String,
    /// For instance `/v1/chat/completions`.
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

/// A server that replies by script; it ends when it is dropped.
pub struct Upstream {
    address: SocketAddr,
    stage: Arc<Stage>,
    listening: JoinHandle<()>,
}

struct Stage {
    script: Mutex<Script>,
    /// How many clients have gone while their reply was being played.
    gone: watch::Sender<usize>,
    /// How often a gate has been opened.
    opened: watch::Sender<usize>,
}

/// What makes a reply out of a request.
type Compute = Arc<dyn Fn(&Recorded) -> Reply + Send + Sync>;

#[derive(Default)]
struct Script {
    next: VecDeque<Reply>,
    computed: Option<Compute>,
    otherwise: Option<Reply>,
    requests: Vec<Recorded>,
    connections: usize,
}

impl Upstream {
    /// An upstream on a free port; without a script it answers 500 to everything.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let stage = Arc::new(Stage {
            script: Mutex::default(),
            gone: watch::Sender::new(0),
            opened: watch::Sender::new(0),
        });
        let listening = tokio::spawn(listen(listener, Arc::clone(&stage)));
        Self {
            address,
            stage,
            listening,
        }
    }

    /// An upstream whose first replies are `replies`, in this order.
    pub async fn playing(replies: impl IntoIterator<Item = Reply>) -> Self {
        let upstream = Self::start().await;
        upstream.script().next.extend(replies);
        upstream
    }

    /// Adds a reply, played once, after those that still wait.
    pub fn then(&self, reply: Reply) {
        self.script().next.push_back(reply);
    }

    /// Sets the reply to every request that finds no other.
    pub fn otherwise(&self, reply: Reply) {
        self.script().otherwise = Some(reply);
    }

    /// Makes the reply to every request that finds none in the script.
    pub fn compute(&self, reply: impl Fn(&Recorded) -> Reply + Send + Sync + 'static) {
        self.script().computed = Some(Arc::new(reply));
    }

    /// Answers every request with `text`, as a whole or as a stream, as the request wants it.
    pub fn answer_all(&self, text: &'static str) {
        self.compute(move |request| match request.body["stream"].as_bool() {
            Some(true) => Reply::stream(&text.split_inclusive(' ').collect::<Vec<_>>()),
            _ => Reply::answer(text),
        });
    }

    /// Where its API begins, as settings want it: `http://127.0.0.1:…/v1`.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Everything it was sent so far.
    pub fn requests(&self) -> Vec<Recorded> {
        self.script().requests.clone()
    }

    /// How many connections were opened so far.
    pub fn connections(&self) -> usize {
        self.script().connections
    }

    /// Waits until `count` clients in all have gone away in the middle of their reply.
    pub async fn clients_gone(&self, count: usize) {
        let mut gone = self.stage.gone.subscribe();
        gone.wait_for(|seen| *seen >= count).await.expect("a stage");
    }

    /// Lets every reply that is being played go on past its next gate. A gate waits for an opening
    /// that comes after its reply has begun.
    pub fn open_gate(&self) {
        self.stage.opened.send_modify(|count| *count += 1);
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.stage.script()
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Stage {
    fn script(&self) -> MutexGuard<'_, Script> {
        self.script
            .lock()
            .expect("no test thread died with the script")
    }

    /// Keeps the request and chooses its reply.
    fn take(&self, request: Recorded) -> Reply {
        let mut script = self.script();
        script.requests.push(request.clone());
        let next = script.next.pop_front();
        let computed = script.computed.clone();
        next.or_else(|| Some(computed?(&request)))
            .or_else(|| script.otherwise.clone())
            .unwrap_or_else(|| Reply::error(500, "nothing is scripted for this request"))
    }
}

async fn listen(listener: TcpListener, stage: Arc<Stage>) {
    // The connections end with the listener: aborting it drops the set.
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        stage.script().connections += 1;
        connections.spawn(serve(socket, Arc::clone(&stage)));
    }
}

/// Serves one connection until either side closes it.
async fn serve(mut socket: TcpStream, stage: Arc<Stage>) {
    let _best_effort = socket.set_nodelay(true);
    let mut unread = Vec::new();
    while let Some(request) = read_request(&mut socket, &mut unread).await {
        let reply = stage.take(request);
        match play(&mut socket, &reply, &stage).await {
            Ending::Kept => {}
            Ending::Closed => return,
            Ending::ClientGone => {
                stage.gone.send_modify(|count| *count += 1);
                return;
            }
        }
    }
}

enum Ending {
    /// The connection may be used again.
    Kept,
    /// The script closes it.
    Closed,
    /// The client closed it first.
    ClientGone,
}

async fn play(socket: &mut TcpStream, reply: &Reply, stage: &Stage) -> Ending {
    let mut gate = stage.opened.subscribe();
    for step in &reply.steps {
        let went_on = match step {
            Play::Bytes(bytes) => socket.write_all(bytes).await.is_ok(),
            Play::Pause(time) => tokio::select! {
                () = tokio::time::sleep(*time) => true,
                () = closed(socket) => false,
            },
            Play::Gate => tokio::select! {
                opened = gate.changed() => opened.is_ok(),
                () = closed(socket) => false,
            },
            Play::Hang => {
                closed(socket).await;
                false
            }
            Play::Close => return Ending::Closed,
        };
        if !went_on {
            return Ending::ClientGone;
        }
    }
    Ending::Kept
}

/// Returns when the client has closed its side: it sends nothing while it awaits a reply.
async fn closed(socket: &mut TcpStream) {
    let mut byte = [0];
    while matches!(socket.read(&mut byte).await, Ok(1)) {}
}

async fn read_request(socket: &mut TcpStream, unread: &mut Vec<u8>) -> Option<Recorded> {
    let head_end = loop {
        if let Some(at) = unread.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
        read_more(socket, unread).await?;
    };
    let head: Vec<u8> = unread.drain(..head_end + 4).collect();
    let head = String::from_utf8(head).ok()?;
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers
        .iter()
        .find(|(name, _)| name == "content-length")
        .map_or(0, |(_, value)| value.parse().unwrap_or(0));
    while unread.len() < length {
        read_more(socket, unread).await?;
    }
    let body: Vec<u8> = unread.drain(..length).collect();
    Some(Recorded {
        method,
        path,
        headers,
        body: serde_json::from_slice(&body).unwrap_or_default(),
    })
}

async fn read_more(socket: &mut TcpStream, unread: &mut Vec<u8>) -> Option<()> {
    match socket.read_buf(unread).await {
        Ok(count) if count > 0 => Some(()),
        _ => None,
    }
}
