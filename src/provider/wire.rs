//! The wires: how a vendor writes requests, answers and stream events. One variant a vendor's
//! shape, each a folder of pure translation; vendors that share a shape share a variant. What
//! travels over a connection, and for how long, is the transport's business.

use super::sse::SseEvent;
use super::{ChatReply, ChatRequest, FinishReason, ProviderErrorKind, Usage, openai};
use serde_json::Value;

/// The shape in which a provider speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    /// OpenAI's chat completions.
    OpenAi,
}

/// What a stream event says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Frame {
    /// A piece of the answer, or news about it.
    Chunk(Chunk),
    /// The terminal marker.
    Done,
}

/// A piece of the answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Chunk {
    /// More text; may be empty.
    pub text: String,
    /// Content came that is not text: reasoning or a tool call.
    pub other_content: bool,
    /// Why the answer ended, when it has.
    pub finish_reason: Option<FinishReason>,
    /// What it took, where the upstream says so.
    pub usage: Option<Usage>,
    /// The model's name, where the upstream says so.
    pub model: Option<String>,
}

/// Why a body or an event is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// What went wrong.
    pub kind: ProviderErrorKind,
    /// The reason; may hold words of the upstream.
    pub reason: String,
}

impl Refusal {
    /// What came is not what the wire allows.
    pub fn malformed(reason: impl Into<String>) -> Self {
        Self {
            kind: ProviderErrorKind::Malformed,
            reason: reason.into(),
        }
    }

    /// The upstream says that it failed.
    pub fn server(reason: impl Into<String>) -> Self {
        Self {
            kind: ProviderErrorKind::Server,
            reason: reason.into(),
        }
    }
}

impl Wire {
    /// Where chat calls go, below the base URL.
    pub(super) const fn chat_path(self) -> &'static str {
        match self {
            Self::OpenAi => openai::CHAT_PATH,
        }
    }

    /// The body of a call; `default_model` is used when the request names none.
    pub(super) fn body(
        self,
        request: &ChatRequest,
        default_model: &str,
        stream: bool,
    ) -> Result<Vec<u8>, serde_json::Error> {
        match self {
            Self::OpenAi => openai::body(request, default_model, stream),
        }
    }

    /// A whole answer out of a 200's body; `asked_model` stands in where it names none.
    pub(super) fn parse_reply(self, body: &[u8], asked_model: &str) -> Result<ChatReply, Refusal> {
        match self {
            Self::OpenAi => openai::parse_reply(body, asked_model),
        }
    }

    /// One event of a stream.
    pub(super) fn parse_frame(self, event: &SseEvent) -> Result<Frame, Refusal> {
        match self {
            Self::OpenAi => openai::parse_frame(event),
        }
    }

    /// The words of an error body; `None` when it holds no error.
    pub(super) fn error_words(self, body: &Value) -> Option<String> {
        match self {
            Self::OpenAi => openai::error_words(body),
        }
    }

    /// Whether an error body says that a quota or budget is spent.
    pub(super) fn is_quota(self, body: &Value) -> bool {
        match self {
            Self::OpenAi => openai::is_quota(body),
        }
    }
}
