//! The parts that answers and stream events share: content blocks, usage and the reason to stop.
//! Unknown fields and kinds are passed over.

use crate::{FinishReason, Usage};
use serde::Deserialize;
use serde_json::value::RawValue;

/// A content block; which fields it has depends on its kind.
#[derive(Debug, Deserialize)]
pub struct Block {
    /// `text`, `thinking`, `tool_use` or another kind.
    #[serde(rename = "type")]
    pub kind: String,
    /// The text of a `text` block.
    #[serde(default)]
    pub text: Option<String>,
    /// The text of a `thinking` block.
    #[serde(default)]
    pub thinking: Option<String>,
    /// The call's id, of a `tool_use` block.
    #[serde(default)]
    pub id: Option<String>,
    /// The function's name, of a `tool_use` block.
    #[serde(default)]
    pub name: Option<String>,
    /// The arguments, of a `tool_use` block.
    #[serde(default)]
    pub input: Option<Box<RawValue>>,
}

/// How many tokens were taken, as far as an event reports them. Each number stands for the whole answer so
/// far, so that a later one replaces an earlier one.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub struct WireUsage {
    #[serde(default)]
    input_tokens: Option<u64>,
    #[serde(default)]
    cache_creation_input_tokens: Option<u64>,
    #[serde(default)]
    cache_read_input_tokens: Option<u64>,
    #[serde(default)]
    output_tokens: Option<u64>,
}

impl WireUsage {
    /// Replaces numbers with those that `later` reports.
    pub fn update(&mut self, later: Self) {
        *self = Self {
            input_tokens: later.input_tokens.or(self.input_tokens),
            cache_creation_input_tokens: later
                .cache_creation_input_tokens
                .or(self.cache_creation_input_tokens),
            cache_read_input_tokens: later
                .cache_read_input_tokens
                .or(self.cache_read_input_tokens),
            output_tokens: later.output_tokens.or(self.output_tokens),
        };
    }
}

impl From<WireUsage> for Usage {
    /// `input_tokens` leaves out what the prompt cache took or gave; OpenAI's count does not.
    fn from(wire: WireUsage) -> Self {
        let prompt_tokens = [
            wire.input_tokens,
            wire.cache_creation_input_tokens,
            wire.cache_read_input_tokens,
        ]
        .into_iter()
        .flatten()
        .fold(0, u64::saturating_add);
        let completion_tokens = wire.output_tokens.unwrap_or(0);
        Self {
            prompt_tokens,
            completion_tokens,
            total_tokens: prompt_tokens.saturating_add(completion_tokens),
        }
    }
}

/// The reason to stop out of its word.
pub fn finish_reason(word: &str) -> FinishReason {
    match word {
        "max_tokens" | "model_context_window_exceeded" => FinishReason::Length,
        "tool_use" => FinishReason::ToolCalls,
        "refusal" => FinishReason::ContentFilter,
        // `end_turn`, `stop_sequence`, `pause_turn` (of the vendor's own tools, which we never ask
        // for), and names to come.
        _ => FinishReason::Stop,
    }
}
