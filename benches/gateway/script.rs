//! What the upstream of this benchmark answers: its bodies, its pace, and what it takes.

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

/// The body of every answer that comes whole.
pub fn whole_body() -> Vec<u8> {
    let text = "token ".repeat(TOKENS);
    let usage = usage();
    format!(
        r#"{{"id":"chatcmpl-bench","object":"chat.completion","created":1750000000,"model":"bench-model","choices":[{{"index":0,"message":{{"role":"assistant","content":"{}"}},"logprobs":null,"finish_reason":"stop"}}],{usage}}}"#,
        text.trim_end()
    )
    .into_bytes()
}

/// The field that says what an answer took.
pub fn usage() -> String {
    let total = 100 + TOKENS;
    format!(
        r#""usage":{{"prompt_tokens":100,"completion_tokens":{TOKENS},"total_tokens":{total}}}"#
    )
}
