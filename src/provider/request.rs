//! The words of a chat call, the same for every vendor: what is asked, what comes back, and the
//! events of a stream. It knows no vendor's field names.

use crate::domain::Role;
use futures_util::stream::BoxStream;
use serde::{Deserialize, Serialize};

use super::ProviderError;

/// One message of the conversation that is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatMessage {
    /// Who says it.
    pub role: Role,
    /// What is said.
    pub content: String,
}

impl ChatMessage {
    /// A message of `role`.
    pub fn new(role: Role, content: impl Into<String>) -> Self {
        Self {
            role,
            content: content.into(),
        }
    }
}

/// What a model is asked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChatRequest {
    /// The conversation, oldest first.
    pub messages: Vec<ChatMessage>,
    /// The model, where the caller asks for one; else the provider's.
    pub model: Option<String>,
    /// The sampling temperature; else the upstream's default.
    pub temperature: Option<f32>,
    /// The most tokens the answer may have; else the upstream's default.
    pub max_tokens: Option<u32>,
}

/// How many tokens a call took; zeros where the upstream did not say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens of the conversation sent.
    pub prompt_tokens: u64,
    /// Tokens of the answer.
    pub completion_tokens: u64,
    /// Both.
    pub total_tokens: u64,
}

/// Why the model stopped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FinishReason {
    /// It was done.
    #[default]
    Stop,
    /// The token limit cut it off.
    Length,
    /// The vendor's filter cut it off.
    ContentFilter,
    /// It wants a tool called.
    ToolCalls,
}

impl FinishReason {
    /// The word of OpenAI's wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::ContentFilter => "content_filter",
            Self::ToolCalls => "tool_calls",
        }
    }
}

/// A whole answer; its text is never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatReply {
    /// The answer.
    pub text: String,
    /// The model that gave it, as the upstream names it.
    pub model: String,
    /// Why it ended.
    pub finish_reason: FinishReason,
    /// What it took.
    pub usage: Usage,
}

/// What a stream yields: deltas, then exactly one `Done`. A stream that ends any other way yields
/// an error as its last item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamEvent {
    /// More of the answer; never empty.
    Delta(String),
    /// The answer is complete.
    Done {
        /// Why it ended.
        finish_reason: FinishReason,
        /// What it took.
        usage: Usage,
        /// The model that gave it, as the upstream names it.
        model: String,
    },
}

/// An answer as it comes. Dropping it closes the connection, which tells the upstream to stop.
pub type ChatStream = BoxStream<'static, Result<StreamEvent, ProviderError>>;
