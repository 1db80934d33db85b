//! One reply, as the steps in which it is played: built by hand down to the byte, so that it can be
//! broken anywhere. Bodies of a length, chunked bodies and event streams; no wire format.

use crate::pacing::due;
use bytes::Bytes;
use hyper::StatusCode;
use serde_json::Value;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// One step of a reply.
#[derive(Debug, Clone)]
pub enum Step {
    /// Sends bytes.
    Bytes(Bytes),
    /// Sends nothing for a while.
    Pause(Duration),
    /// Sends nothing until this long after the beginning of the reply, or after its last pause or
    /// gate: a late step makes no later one late.
    Due(Duration),
    /// Sends pieces at even distances.
    Paced(Paced),
    /// Sends nothing until the gate is opened.
    Gate,
    /// Sends nothing any more, and keeps the connection open.
    Hang,
    /// Closes the connection.
    Close,
}

/// Pieces that are made when they are sent, so that each can carry its time.
#[derive(Clone)]
pub struct Paced {
    /// The time between two pieces; the first is due at once. Counted as for [`Step::Due`].
    pub(crate) gap: Duration,
    /// How many there are.
    pub(crate) count: u32,
    /// Makes the bytes of a piece out of its number, which counts from 0.
    pub(crate) piece: Arc<dyn Fn(u32) -> Bytes + Send + Sync>,
}

impl fmt::Debug for Paced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Paced")
            .field("gap", &self.gap)
            .field("count", &self.count)
            .finish_non_exhaustive()
    }
}

/// One whole reply. The default sends nothing, and the connection can be used again.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    steps: Vec<Step>,
    is_paced_stream: bool,
}

impl Reply {
    /// Bytes as they are.
    pub fn bytes(bytes: impl Into<Bytes>) -> Self {
        Self::default().then(Step::Bytes(bytes.into()))
    }

    /// A body of any kind with its length.
    pub fn body(status: u16, content_type: &str, body: impl AsRef<[u8]>) -> Self {
        Self::body_with_headers(status, &[("content-type", content_type)], body)
    }

    /// A body with its length and these headers.
    pub fn body_with_headers(
        status: u16,
        headers: &[(&str, &str)],
        body: impl AsRef<[u8]>,
    ) -> Self {
        let body = body.as_ref();
        let mut bytes = head(status, headers);
        bytes.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
        let mut bytes = bytes.into_bytes();
        bytes.extend_from_slice(body);
        Self::bytes(bytes)
    }

    /// A JSON body with its length.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::body(status, "application/json", body.to_string())
    }

    /// The head of a chunked body.
    pub fn chunked_head(status: u16, content_type: &str) -> Self {
        let mut head = head(status, &[("content-type", content_type)]);
        head.push_str("transfer-encoding: chunked\r\n\r\n");
        Self::bytes(head)
    }

    /// The head of an event stream.
    pub fn stream_head() -> Self {
        Self::chunked_head(200, "text/event-stream")
    }

    /// Nothing at all, on an open connection.
    pub fn silence() -> Self {
        Self::default().hang()
    }

    /// Then one step.
    #[must_use]
    pub fn then(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// Then bytes as one chunk of the chunked body.
    #[must_use]
    pub fn piece(self, bytes: &[u8]) -> Self {
        self.then(Step::Bytes(chunk(bytes)))
    }

    /// Then text as one chunk of the chunked body, for instance a comment of an event stream.
    #[must_use]
    pub fn raw(self, text: &str) -> Self {
        self.piece(text.as_bytes())
    }

    /// Then one event without a name.
    #[must_use]
    pub fn event(self, data: &Value) -> Self {
        self.raw(&format!("data: {data}\n\n"))
    }

    /// Then `count` pieces of a chunked body, the first at once and `gap` between two. A piece is made
    /// when it is sent, out of its number, which counts from 0.
    #[must_use]
    pub fn paced(
        self,
        count: u32,
        gap: Duration,
        piece: impl Fn(u32) -> String + Send + Sync + 'static,
    ) -> Self {
        let piece = Arc::new(move |number| chunk(piece(number).as_bytes()));
        self.then(Step::Paced(Paced { gap, count, piece }))
    }

    /// Then `[DONE]` and the proper end of the body.
    #[must_use]
    pub fn done(self) -> Self {
        self.raw("data: [DONE]\n\n").end()
    }

    /// Then the proper end of a chunked body.
    #[must_use]
    pub fn end(self) -> Self {
        self.then(Step::Bytes(Bytes::from_static(b"0\r\n\r\n")))
    }

    /// Then silence for a while.
    #[must_use]
    pub fn pause(self, time: Duration) -> Self {
        self.then(Step::Pause(time))
    }

    /// Then silence until the gate is opened.
    #[must_use]
    pub fn gate(self) -> Self {
        self.then(Step::Gate)
    }

    /// Then silence on an open connection.
    #[must_use]
    pub fn hang(self) -> Self {
        self.then(Step::Hang)
    }

    /// Then a closed connection.
    #[must_use]
    pub fn close(self) -> Self {
        self.then(Step::Close)
    }

    /// The same reply, begun only when the gate is opened.
    #[must_use]
    pub fn after_gate(self) -> Self {
        self.after(Step::Gate)
    }

    /// The same reply behind one more step.
    #[must_use]
    pub fn after(mut self, step: Step) -> Self {
        self.steps.insert(0, step);
        self
    }

    /// Closes the connection after the first `count` bytes of the whole reply, head included.
    #[must_use]
    pub fn cut_after(self, count: usize) -> Self {
        self.truncated(count).close()
    }

    /// Only the first `count` bytes of the whole reply, head included, and the steps before them.
    #[must_use]
    pub fn truncated(self, count: usize) -> Self {
        let mut left = count;
        let mut cut = Self::default();
        for step in self.steps {
            let step = match step {
                Step::Bytes(mut bytes) => {
                    bytes.truncate(left);
                    left -= bytes.len();
                    Step::Bytes(bytes)
                }
                other => other,
            };
            cut = cut.then(step);
            if left == 0 {
                break;
            }
        }
        cut
    }

    /// How many bytes the whole reply has, head included.
    pub fn len(&self) -> usize {
        let sizes = self.steps.iter().map(|step| match step {
            Step::Bytes(bytes) => bytes.len(),
            _ => 0,
        });
        sizes.sum()
    }

    /// Whether nothing is sent.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The steps, in their order.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The same reply whose head, in the first step, comes a byte at a time, each `gap` after the one
    /// before.
    pub(crate) fn with_slow_head(mut self, gap: Duration) -> Self {
        let Some(first) = self
            .steps
            .iter()
            .position(|step| matches!(step, Step::Bytes(_)))
        else {
            return self;
        };
        let Step::Bytes(mut bytes) = self.steps.remove(first) else {
            return self;
        };
        let head_end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        let head = bytes.split_to(head_end.map_or(bytes.len(), |at| at + 4));
        let slow = (1..=head.len()).flat_map(|number| {
            let byte = head.slice(number - 1..number);
            [Step::Due(due(gap, number)), Step::Bytes(byte)]
        });
        let body = (!bytes.is_empty()).then_some(Step::Bytes(bytes));
        let steps: Vec<Step> = slow.chain(body).collect();
        self.steps.splice(first..first, steps);
        self
    }

    /// The same reply, which has no steps but bytes, sent at once.
    pub(crate) fn joined(self) -> Self {
        let bytes = self.steps.iter().filter_map(|step| match step {
            Step::Bytes(bytes) => Some(bytes.as_ref()),
            _ => None,
        });
        Self::bytes(bytes.collect::<Vec<_>>().concat())
    }

    /// The same reply, counted among the open streams while it is played.
    pub(crate) fn paced_stream(mut self) -> Self {
        self.is_paced_stream = true;
        self
    }

    pub(crate) fn is_paced_stream(&self) -> bool {
        self.is_paced_stream
    }
}

/// `bytes` as one chunk of a chunked body.
pub(crate) fn chunk(bytes: &[u8]) -> Bytes {
    let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
    chunk.extend_from_slice(bytes);
    chunk.extend_from_slice(b"\r\n");
    chunk.into()
}

/// The status line and these headers.
fn head(status: u16, headers: &[(&str, &str)]) -> String {
    let code = StatusCode::from_u16(status).ok();
    let reason = code.and_then(|code| code.canonical_reason());
    let mut head = format!("HTTP/1.1 {status} {}\r\n", reason.unwrap_or("Scripted"));
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head
}
