//! The wire formats: how a vendor writes requests, answers and stream events. One variant a format, each
//! a folder of pure translation; vendors that share a format share a variant. Connections and deadlines
//! are the transport's business.

use super::openai::{Streamed, Unsendable};
use super::sse::SseEvent;
use super::{
    ChatReply, ChatRequest, FinishReason, ProviderErrorKind, Usage, anthropic, gemini, openai,
};
use serde_json::Value;
use std::time::Duration;

/// A provider's wire format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    /// OpenAI's chat completions.
    OpenAi,
    /// Anthropic's Messages.
    Anthropic,
    /// Google's Gemini: `generateContent`.
    Gemini,
}

/// What a stream event holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Frame {
    /// A piece of the answer, or news about it.
    Chunk(Chunk),
    /// The terminal marker.
    Done,
}

/// A piece of the answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Chunk {
    /// More text of the first choice; may be empty.
    pub text: String,
    /// Content came that is not text: reasoning, a tool call, a refusal.
    pub other_content: bool,
    /// Content came that is an answer without being text: a tool call, a refusal.
    pub has_answer: bool,
    /// Why the answer ended, when all of it has.
    pub finish_reason: Option<FinishReason>,
    /// What it took, where the upstream reports it.
    pub usage: Option<Usage>,
    /// The same as the upstream wrote it, in OpenAI's shape.
    pub usage_json: Option<String>,
    /// The model's name, where the upstream reports it.
    pub model: Option<String>,
    /// OpenAI's `choices` as JSON; empty when there is nothing to show.
    pub choices: String,
    /// Whether content is the model's refusal.
    pub is_refusal: bool,
    /// The event's `choices` as clients want them, where they stand otherwise there.
    pub choices_with_index: Option<String>,
    /// Whether the JSON names the role.
    pub names_role: bool,
    /// How the event names its stream, where it is OpenAI's own and may be shown as it came.
    pub named: Option<Named>,
}

/// How an event of OpenAI's wire names the stream that it belongs to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Named {
    /// `id`.
    pub id: String,
    /// `created`, in seconds since 1970.
    pub created: i64,
    /// Whether everything else about it is as clients want it.
    pub is_plain: bool,
}

/// Why a body or an event holds no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// What went wrong.
    pub kind: ProviderErrorKind,
    /// The reason; may hold text of the upstream.
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

    /// A 200 holds an error: the upstream's own failure, even when it blames the request. `how`
    /// names the place.
    pub fn of_error(how: &str, kind: Option<ProviderErrorKind>, words: &str) -> Self {
        // What an upstream reports about a key or an account is for the operator of ragd.
        let words = match kind {
            Some(ProviderErrorKind::Unauthorized) => "it does not accept the configured key",
            Some(ProviderErrorKind::Quota) => "it says that the quota is spent",
            _ => words,
        };
        Self::server(format!("{how}: {words}"))
    }

    /// A filter refuses the answer.
    pub fn filtered() -> Self {
        Self {
            kind: ProviderErrorKind::Filtered,
            reason: "a content filter refuses the answer".to_owned(),
        }
    }

    /// The upstream reports a failure.
    pub fn server(reason: impl Into<String>) -> Self {
        Self {
            kind: ProviderErrorKind::Server,
            reason: reason.into(),
        }
    }
}

/// What the events of one stream are read with.
#[derive(Debug)]
pub(super) enum FrameReader {
    OpenAi(openai::StreamState),
    Anthropic(anthropic::StreamState),
    Gemini(gemini::StreamState),
}

impl FrameReader {
    /// One event of a stream.
    pub(super) fn parse(&mut self, event: &SseEvent) -> Result<Frame, Refusal> {
        match self {
            Self::OpenAi(state) => state.parse_frame(event),
            Self::Anthropic(state) => state.parse_frame(event),
            Self::Gemini(state) => state.parse_frame(event),
        }
    }
}

impl Wire {
    /// Where chat calls go, below the base URL.
    pub(super) fn chat_path(self, model: &str, stream: bool) -> String {
        match self {
            Self::OpenAi => openai::CHAT_PATH.to_owned(),
            Self::Anthropic => anthropic::path(model, stream),
            Self::Gemini => gemini::path(model, stream),
        }
    }

    /// Whether every call goes to one address, whatever its model.
    pub(super) const fn has_one_address(self) -> bool {
        !matches!(self, Self::Gemini)
    }

    /// Whether a stream ends with a marker of its own: `[DONE]`, `message_stop`. Gemini's ends with its
    /// body.
    pub(super) const fn has_terminal_marker(self) -> bool {
        !matches!(self, Self::Gemini)
    }

    /// A header that every call has beside the credentials.
    pub(super) const fn extra_header(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Anthropic => Some(anthropic::VERSION),
            Self::OpenAi | Self::Gemini => None,
        }
    }

    /// The body of a call to `model`.
    pub(super) fn body(
        self,
        request: &ChatRequest,
        model: &str,
        streamed: Streamed,
    ) -> Result<Vec<u8>, Unsendable> {
        let stream = streamed != Streamed::No;
        match self {
            Self::OpenAi => Ok(openai::body(request, model, streamed)),
            Self::Anthropic => anthropic::body(request, model, stream),
            Self::Gemini => gemini::body(request, model, stream),
        }
    }

    /// A whole answer out of a 200's body; `asked_model` stands in where it names none, `created`
    /// (seconds since 1970) where it has no time.
    pub(super) fn parse_reply(
        self,
        body: bytes::Bytes,
        asked_model: &str,
        created: u64,
    ) -> Result<ChatReply, Refusal> {
        match self {
            Self::OpenAi => openai::parse_reply(body, asked_model),
            Self::Anthropic => anthropic::parse_reply(&body, asked_model, created),
            Self::Gemini => gemini::parse_reply(&body, asked_model, created),
        }
    }

    /// What reads the events of a stream with `choices` answers.
    pub(super) fn frames(self, choices: usize) -> FrameReader {
        match self {
            Self::OpenAi => FrameReader::OpenAi(openai::StreamState::of(choices)),
            Self::Anthropic => FrameReader::Anthropic(anthropic::StreamState::default()),
            Self::Gemini => FrameReader::Gemini(gemini::StreamState::default()),
        }
    }

    /// The message of an error body; `None` when it holds no error.
    pub(super) fn error_words(self, body: &Value) -> Option<String> {
        match self {
            Self::OpenAi => openai::error_words(body),
            Self::Anthropic => anthropic::error_words(body),
            Self::Gemini => gemini::error_words(body),
        }
    }

    /// Whether an error body reports a spent quota or budget.
    pub(super) fn is_quota(self, body: &Value) -> bool {
        match self {
            Self::OpenAi => openai::is_quota(body),
            Self::Anthropic => anthropic::is_quota(body),
            Self::Gemini => gemini::is_quota(body),
        }
    }

    /// Whether an error says that the model is not there.
    pub(super) fn lacks_model(self, status: u16, body: &Value) -> bool {
        match self {
            Self::OpenAi => openai::lacks_model(status, body),
            Self::Anthropic => anthropic::lacks_model(body),
            Self::Gemini => gemini::lacks_model(body),
        }
    }

    /// Whether an error says that a filter refuses the request.
    pub(super) fn is_filtered(self, body: &Value) -> bool {
        match self {
            Self::OpenAi => openai::is_filtered(body),
            // Theirs are answers with a reason to stop.
            Self::Anthropic | Self::Gemini => false,
        }
    }

    /// The kind that an error body names, for vendors whose statuses are ambiguous.
    pub(super) fn error_kind(self, body: &Value) -> Option<ProviderErrorKind> {
        match self {
            Self::OpenAi => None,
            Self::Anthropic => anthropic::error_kind(body),
            Self::Gemini => gemini::error_kind(body),
        }
    }

    /// How long an error body asks to wait, for vendors that write it there.
    pub(super) fn retry_delay(self, body: &Value) -> Option<Duration> {
        match self {
            Self::Gemini => gemini::retry_delay(body),
            Self::OpenAi | Self::Anthropic => None,
        }
    }
}
