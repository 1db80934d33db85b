//! What the upstream of this benchmark answers: one body for every whole answer, and streams of numbered
//! tokens at a fixed pace, each of which carries the time of its sending.

use ragd::stub_llm::Reply;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Tokens of an answer that comes whole.
const TOKENS: usize = 64;
/// Between two tokens of a stream: 20 a second.
pub const PACE: Duration = Duration::from_millis(50);

/// How the upstream answers.
#[derive(Debug, Clone, Copy)]
pub struct Script {
    /// Tokens of a stream.
    pub stream_tokens: u32,
    /// What the times written into tokens count from.
    pub origin: Instant,
}

impl Script {
    /// The reply to a request that wants a stream.
    pub fn stream(self) -> Reply {
        let origin = self.origin;
        let token = move |number: u32| {
            let sent_ns = origin.elapsed().as_nanos();
            let delta = json!({"content": format!(" {number:06}:{sent_ns:013}")});
            format!("data: {}\n\n", chunk(&delta, None))
        };
        let mut end = head("chat.completion.chunk");
        end["choices"] = json!([]);
        end["usage"] = usage();
        Reply::stream_head()
            .event(&chunk(&json!({"role": "assistant", "content": ""}), None))
            .paced(self.stream_tokens, PACE, token)
            .event(&chunk(&json!({}), Some("stop")))
            .event(&end)
            .done()
    }
}

/// The body of every answer that comes whole.
pub fn whole_body() -> Vec<u8> {
    let text = vec!["token"; TOKENS].join(" ");
    let mut body = head("chat.completion");
    body["choices"] = json!([{
        "index": 0, "message": {"role": "assistant", "content": text},
        "logprobs": null, "finish_reason": "stop",
    }]);
    body["usage"] = usage();
    body.to_string().into_bytes()
}

fn chunk(delta: &Value, finish_reason: Option<&str>) -> Value {
    let mut chunk = head("chat.completion.chunk");
    chunk["choices"] = json!([{
        "index": 0, "delta": delta, "logprobs": null, "finish_reason": finish_reason,
    }]);
    chunk
}

fn head(object: &str) -> Value {
    json!({"id": "chatcmpl-bench", "object": object, "created": 1_750_000_000, "model": "bench-model"})
}

fn usage() -> Value {
    json!({"prompt_tokens": 100, "completion_tokens": TOKENS, "total_tokens": 100 + TOKENS})
}
