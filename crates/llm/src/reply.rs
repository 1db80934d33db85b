//! What a provider answers, the same for every vendor: a whole answer, or a stream of pieces. Beside
//! what ragd reads of it, each carries the JSON that a client of OpenAI's API is shown.

use super::ProviderError;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use serde::{Deserialize, Serialize};

/// How many tokens a call took; zeros where the upstream did not report them.
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
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
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A whole answer; it has text, or something else that a caller asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatReply {
    /// The answer's text; empty when the model only wants a tool called.
    pub text: String,
    /// The model that gave it, as the upstream names it.
    pub model: String,
    /// Why it ended.
    pub finish_reason: FinishReason,
    /// Whether nothing of an answer can be seen: the model refused (then `text` is its refusal), or a
    /// filter or the limit of tokens left nothing. The upstream works all the same.
    pub is_withheld: bool,
    /// What it took.
    pub usage: Usage,
    /// The answer as OpenAI's `chat.completion`, in JSON.
    pub json: Bytes,
}

/// A piece of a streamed answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Piece {
    /// More of the answer's text; empty for a piece of another kind.
    pub text: String,
    /// The piece as OpenAI's `chat.completion.chunk`, in JSON on one line. In a stream the first
    /// one names the role and the last one the finish reason.
    pub json: String,
}

/// What a stream yields: pieces, then exactly one `Done`. A stream that ends any other way yields an
/// error as its last item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamEvent {
    /// More of the answer.
    Piece(Piece),
    /// The answer is complete.
    Done(StreamEnd),
}

/// How a complete stream ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StreamEnd {
    /// Why it ended.
    pub finish_reason: FinishReason,
    /// As [`ChatReply::is_withheld`].
    pub is_withheld: bool,
    /// What it took.
    pub usage: Usage,
    /// The same as a last `chat.completion.chunk`, in JSON on one line.
    pub usage_chunk: String,
    /// The model that gave it, as the upstream names it.
    pub model: String,
}

/// An answer as it comes. Dropping it closes the connection, which tells the upstream to stop.
pub type ChatStream = BoxStream<'static, Result<StreamEvent, ProviderError>>;
