//! Sends the tokens of all streams, each at its own time, from one thread: a runtime's timers tick once
//! a millisecond, and would send a thousand streams' tokens in bursts of twenty.

use super::script::{PACE, Script, usage};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::ErrorKind;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::time::{Duration, Instant};
use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::oneshot;

/// How long a socket that takes no more is left alone.
const FULL: Duration = Duration::from_millis(1);
/// How long the thread sleeps when there is no stream.
const IDLE: Duration = Duration::from_secs(1);

/// An answer that is to be streamed.
#[derive(Debug)]
pub struct Order {
    pub socket: OwnedWriteHalf,
    /// Gets the socket back at the stream's end, or nothing when it broke.
    pub ended: oneshot::Sender<OwnedWriteHalf>,
}

/// Starts the thread; it ends when nobody can send orders any more.
pub fn start(script: Script) -> Sender<Order> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || run(script, &receiver));
    sender
}

fn run(script: Script, orders: &Receiver<Order>) {
    let mut streams: Vec<Option<Stream>> = Vec::new();
    let mut due = BinaryHeap::new();
    loop {
        let now = Instant::now();
        let wait = due.peek().map_or(IDLE, |Reverse((at, _))| {
            Instant::saturating_duration_since(at, now)
        });
        let mut order = orders.recv_timeout(wait);
        // All of them, and then only what is due by now: streams that begin do not wait for a pacer
        // that is behind.
        let now = Instant::now();
        while let Ok(begins) = order {
            due.push(Reverse((now, streams.len())));
            streams.push(Some(Stream::new(begins, now)));
            order = orders.try_recv().map_err(|error| match error {
                TryRecvError::Empty => RecvTimeoutError::Timeout,
                TryRecvError::Disconnected => RecvTimeoutError::Disconnected,
            });
        }
        if order.is_err_and(|error| error == RecvTimeoutError::Disconnected) {
            return;
        }
        while let Some(Reverse((at, number))) = due.peek().copied()
            && at <= now
        {
            due.pop();
            let next = streams[number]
                .as_mut()
                .and_then(|stream| stream.step(script));
            if let Some(next) = next {
                due.push(Reverse((next, number)));
            } else if let Some(stream) = streams[number].take() {
                stream.end();
            }
        }
    }
}

#[derive(Debug)]
struct Stream {
    order: Order,
    begun: Instant,
    tokens: u32,
    /// What the socket has not taken yet.
    piece: Vec<u8>,
    is_broken: bool,
}

impl Stream {
    fn new(order: Order, begun: Instant) -> Self {
        let mut piece = Vec::with_capacity(1 << 10);
        piece.extend_from_slice(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n",
        );
        chunk(&mut piece, r#"{"role":"assistant","content":""}"#, "null");
        Self {
            order,
            begun,
            tokens: 0,
            piece,
            is_broken: false,
        }
    }

    /// Sends the next token, or after the last one the end; `None`: there is no more to do. When a
    /// token is due depends on the stream's beginning alone, not on how late others were.
    fn step(&mut self, script: Script) -> Option<Instant> {
        if self.tokens < script.stream_tokens && self.is_due() {
            let sent_ns = script.origin.elapsed().as_nanos();
            let number = self.tokens;
            let delta = format!(r#"{{"content":" {number:06}:{sent_ns:013}"}}"#);
            chunk(&mut self.piece, &delta, "null");
            self.tokens += 1;
            if self.tokens == script.stream_tokens {
                self.add_end();
            }
        }
        match self.order.socket.try_write(&self.piece) {
            Ok(written) => drop(self.piece.drain(..written)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => self.is_broken = true,
        }
        if self.is_broken || (self.piece.is_empty() && self.tokens == script.stream_tokens) {
            return None;
        }
        if self.piece.is_empty() {
            Some(self.begun + PACE * self.tokens)
        } else {
            Some(Instant::now() + FULL)
        }
    }

    fn is_due(&self) -> bool {
        Instant::now() >= self.begun + PACE * self.tokens
    }

    fn add_end(&mut self) {
        chunk(&mut self.piece, "{}", r#""stop""#);
        let usage = format!(r#"{HEAD}"choices":[],{}}}"#, usage());
        event(&mut self.piece, &usage);
        event(&mut self.piece, "[DONE]");
        self.piece.extend_from_slice(b"0\r\n\r\n");
    }

    fn end(self) {
        if !self.is_broken {
            // Nobody waits for it when the connection's reader has gone.
            let _gone = self.order.ended.send(self.order.socket);
        }
    }
}

const HEAD: &str = r#"{"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1750000000,"model":"bench-model","#;

fn chunk(piece: &mut Vec<u8>, delta: &str, finish_reason: &str) {
    let data = format!(
        r#"{HEAD}"choices":[{{"index":0,"delta":{delta},"logprobs":null,"finish_reason":{finish_reason}}}]}}"#
    );
    event(piece, &data);
}

/// Adds an event as one chunk of the body.
fn event(piece: &mut Vec<u8>, data: &str) {
    let bytes = data.len() + "data: \n\n".len();
    piece.extend_from_slice(format!("{bytes:x}\r\ndata: {data}\n\n\r\n").as_bytes());
}
