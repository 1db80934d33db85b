//! The replies that a scripted upstream can play: OpenAI's shapes as they should be, and every way
//! of breaking them, down to the byte.

use serde_json::{Value, json};
use std::time::Duration;

/// One step of a reply.
#[derive(Debug, Clone)]
pub enum Play {
    /// Sends bytes.
    Bytes(Vec<u8>),
    /// Sends nothing for a while.
    Pause(Duration),
    /// Sends nothing until the test opens the gate.
    Gate,
    /// Sends nothing any more, and keeps the connection open.
    Hang,
    /// Closes the connection.
    Close,
}

/// One whole reply, as the steps in which it is played.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    pub(super) steps: Vec<Play>,
}

impl Reply {
    /// A body of any kind with its length.
    pub fn body(status: u16, content_type: &str, body: &str) -> Self {
        let head = format!(
            "HTTP/1.1 {status} Scripted\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        Self::bytes(format!("{head}{body}"))
    }

    /// A JSON body.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::body(status, "application/json", &body.to_string())
    }

    /// A whole chat answer of `text`, as model `scripted`.
    pub fn answer(text: &str) -> Self {
        Self::json(
            200,
            &json!({
                "id": "chatcmpl-1", "object": "chat.completion", "created": 1_767_000_000,
                "model": "scripted",
                "choices": [{"index": 0, "message": {"role": "assistant", "content": text},
                             "finish_reason": "stop"}],
                "usage": usage(text),
            }),
        )
    }

    /// An error in OpenAI's shape.
    pub fn error(status: u16, message: &str) -> Self {
        Self::json(
            status,
            &json!({"error": {"message": message, "type": "server_error", "param": null, "code": null}}),
        )
    }

    /// An error with one more header, for instance `Retry-After`.
    pub fn error_with_header(status: u16, code: &str, header: (&str, &str)) -> Self {
        let body = json!({"error": {"message": "slow down", "type": code, "code": code}});
        let body = body.to_string();
        Self::bytes(format!(
            "HTTP/1.1 {status} Scripted\r\ncontent-type: application/json\r\n{}: {}\r\n\
             content-length: {}\r\n\r\n{body}",
            header.0,
            header.1,
            body.len()
        ))
    }

    /// A streamed answer: the role, each token, the reason to stop, the usage, `[DONE]`.
    pub fn stream(tokens: &[&str]) -> Self {
        Self::tokens(tokens)
            .event(&stop_chunk())
            .event(&usage_chunk(&tokens.concat()))
            .done()
    }

    /// The beginning of a streamed answer: the role and each token, and nothing yet after that.
    pub fn tokens(tokens: &[&str]) -> Self {
        let role = delta(&json!({"role": "assistant", "content": ""}));
        tokens
            .iter()
            .fold(Self::stream_head().event(&role), |reply, token| {
                reply.token(token)
            })
    }

    /// The head of a streamed answer.
    pub fn stream_head() -> Self {
        Self::bytes(
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\
             transfer-encoding: chunked\r\n\r\n",
        )
    }

    /// A streamed answer whose event bytes come in pieces of `size` bytes.
    pub fn stream_in_pieces(tokens: &[&str], size: usize) -> Self {
        let mut events = String::new();
        for token in tokens {
            events.push_str(&sse(&delta(&json!({"content": token}))));
        }
        events.push_str(&sse(&stop_chunk()));
        events.push_str("data: [DONE]\n\n");
        events
            .as_bytes()
            .chunks(size)
            .fold(Self::stream_head(), Self::piece)
            .end()
    }

    /// Nothing at all, on an open connection.
    pub fn silence() -> Self {
        Self::default().hang()
    }

    /// Bytes as they are.
    pub fn bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            steps: vec![Play::Bytes(bytes.into())],
        }
    }

    /// Then one more token.
    #[must_use]
    pub fn token(self, token: &str) -> Self {
        self.event(&delta(&json!({"content": token})))
    }

    /// Then one event.
    #[must_use]
    pub fn event(self, data: &Value) -> Self {
        self.piece(sse(data).as_bytes())
    }

    /// Then bytes of the event stream as they are, for instance a comment.
    #[must_use]
    pub fn raw(self, text: &str) -> Self {
        self.piece(text.as_bytes())
    }

    /// Then `[DONE]` and the proper end of the body.
    #[must_use]
    pub fn done(self) -> Self {
        self.raw("data: [DONE]\n\n").end()
    }

    /// Then the proper end of the body.
    #[must_use]
    pub fn end(self) -> Self {
        self.then(Play::Bytes(b"0\r\n\r\n".to_vec()))
    }

    /// Then silence for a while.
    #[must_use]
    pub fn pause(self, time: Duration) -> Self {
        self.then(Play::Pause(time))
    }

    /// Then silence until the test opens the gate.
    #[must_use]
    pub fn gate(self) -> Self {
        self.then(Play::Gate)
    }

    /// The same reply, begun only when the test opens the gate.
    #[must_use]
    pub fn after_gate(mut self) -> Self {
        self.steps.insert(0, Play::Gate);
        self
    }

    /// Then silence on an open connection.
    #[must_use]
    pub fn hang(self) -> Self {
        self.then(Play::Hang)
    }

    /// Then a closed connection.
    #[must_use]
    pub fn close(self) -> Self {
        self.then(Play::Close)
    }

    /// Cuts the connection after the first `count` bytes of the whole reply, head included.
    #[must_use]
    pub fn cut_after(self, count: usize) -> Self {
        let mut left = count;
        let mut steps = Vec::new();
        for step in self.steps {
            match step {
                Play::Bytes(mut bytes) => {
                    bytes.truncate(left);
                    left -= bytes.len();
                    steps.push(Play::Bytes(bytes));
                }
                other => steps.push(other),
            }
            if left == 0 {
                break;
            }
        }
        Self { steps }.close()
    }

    /// How many bytes the whole reply has, head included.
    pub fn len(&self) -> usize {
        let sizes = self.steps.iter().map(|step| match step {
            Play::Bytes(bytes) => bytes.len(),
            _ => 0,
        });
        sizes.sum()
    }

    fn then(mut self, step: Play) -> Self {
        self.steps.push(step);
        self
    }

    /// Then bytes as they are, as one chunk of the chunked body.
    #[must_use]
    pub fn piece(self, bytes: &[u8]) -> Self {
        let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
        chunk.extend_from_slice(bytes);
        chunk.extend_from_slice(b"\r\n");
        self.then(Play::Bytes(chunk))
    }
}

/// A chunk whose first choice has this delta.
pub fn delta(delta: &Value) -> Value {
    json!({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_767_000_000,
        "model": "scripted",
        "choices": [{"index": 0, "delta": delta, "finish_reason": null}],
    })
}

/// The chunk that says why the answer ended.
pub fn stop_chunk() -> Value {
    json!({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_767_000_000,
        "model": "scripted",
        "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}],
    })
}

fn usage_chunk(text: &str) -> Value {
    json!({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_767_000_000,
        "model": "scripted", "choices": [], "usage": usage(text),
    })
}

/// Seven tokens in, a token a word out.
fn usage(text: &str) -> Value {
    let words = text.split_whitespace().count();
    json!({"prompt_tokens": 7, "completion_tokens": words, "total_tokens": 7 + words})
}

fn sse(data: &Value) -> String {
    format!("data: {data}\n\n")
}
