//! The parts that replies and stream frames share: usage, the reason to stop, and content, which
//! some servers send as text and some as parts. Unknown fields are ignored.

use crate::wire::Refusal;
use crate::{FinishReason, Usage};
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub struct WireUsage {
    #[serde(default)]
    prompt_tokens: Option<u64>,
    #[serde(default)]
    completion_tokens: Option<u64>,
    #[serde(default)]
    total_tokens: Option<u64>,
}

impl From<WireUsage> for Usage {
    fn from(wire: WireUsage) -> Self {
        let prompt_tokens = wire.prompt_tokens.unwrap_or(0);
        let completion_tokens = wire.completion_tokens.unwrap_or(0);
        Self {
            prompt_tokens,
            completion_tokens,
            total_tokens: match wire.total_tokens {
                None | Some(0) => prompt_tokens.saturating_add(completion_tokens),
                Some(total) => total,
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

/// The place of a call among the others.
#[derive(Deserialize)]
struct Indexed {
    #[serde(default)]
    index: Option<u64>,
}

/// What is said, in a whole message or in a delta.
#[derive(Debug, Default, Deserialize)]
pub struct Said<'a> {
    #[serde(borrow, default)]
    pub role: Option<&'a RawValue>,
    #[serde(default)]
    pub content: Option<Content>,
    #[serde(borrow, default)]
    reasoning: Option<&'a RawValue>,
    #[serde(borrow, default)]
    reasoning_content: Option<&'a RawValue>,
    #[serde(borrow, default)]
    tool_calls: Option<&'a RawValue>,
    #[serde(borrow, default)]
    function_call: Option<&'a RawValue>,
    #[serde(borrow, default)]
    refusal: Option<&'a RawValue>,
    #[serde(borrow, default)]
    audio: Option<&'a RawValue>,
}

impl Said<'_> {
    /// Whether it holds an answer that is no text.
    pub fn has_answer(&self) -> bool {
        let parts = [
            self.tool_calls,
            self.function_call,
            self.refusal,
            self.audio,
        ];
        parts.into_iter().any(is_content)
    }

    /// The model's refusal, in its own words.
    pub fn refusal(&self) -> Option<String> {
        let text: String = serde_json::from_str(self.refusal?.get()).ok()?;
        (!text.is_empty()).then_some(text)
    }

    /// Whether it has calls without an index, which clients of a stream need.
    pub fn has_calls_without_index(&self) -> bool {
        self.tool_calls
            .filter(|calls| is_content(Some(calls)))
            .and_then(|calls| serde_json::from_str::<Vec<Indexed>>(calls.get()).ok())
            .is_some_and(|calls| calls.iter().any(|call| call.index.is_none()))
    }

    /// Whether it tells what the model thinks.
    pub fn has_reasoning(&self) -> bool {
        is_content(self.reasoning) || is_content(self.reasoning_content)
    }
}

fn is_content(value: Option<&RawValue>) -> bool {
    value.is_some_and(|value| !matches!(value.get(), "null" | "\"\"" | "[]" | "{}"))
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
