//! The parts that replies and stream frames share: usage, the reason to stop, and content, which
//! some servers send as text and some as parts. Unknown fields are ignored.

use crate::provider::wire::Refusal;
use crate::provider::{FinishReason, Usage};
use serde::Deserialize;

#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub struct WireUsage {
    #[serde(default)]
    prompt_tokens: u64,
    #[serde(default)]
    completion_tokens: u64,
    #[serde(default)]
    total_tokens: u64,
}

impl From<WireUsage> for Usage {
    fn from(wire: WireUsage) -> Self {
        Self {
            prompt_tokens: wire.prompt_tokens,
            completion_tokens: wire.completion_tokens,
            total_tokens: match wire.total_tokens {
                0 => wire.prompt_tokens.saturating_add(wire.completion_tokens),
                total => total,
            },
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Debug, Deserialize)]
pub struct Part {
    #[serde(default)]
    text: String,
}

impl Content {
    pub fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Parts(parts) => parts.into_iter().map(|part| part.text).collect(),
        }
    }
}

/// The reason to stop out of its word. Some servers report a failure this way.
pub fn finish_reason(word: &str) -> Result<FinishReason, Refusal> {
    match word {
        "error" => Err(Refusal::server("the answer ended with an error")),
        "length" | "max_tokens" => Ok(FinishReason::Length),
        "content_filter" => Ok(FinishReason::ContentFilter),
        "tool_calls" | "function_call" => Ok(FinishReason::ToolCalls),
        // "stop", and the names that compatible servers have for it ("eos", "end_turn", …).
        _ => Ok(FinishReason::Stop),
    }
}
