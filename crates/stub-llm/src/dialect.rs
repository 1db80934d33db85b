//! What the three vendors' shapes have in common: an answer to put into words, the pieces of a
//! stream, a refusal. Each vendor's file knows its own shape; nothing here is sent anywhere.

use super::anthropic::Anthropic;
use super::gemini::Gemini;
use super::openai::OpenAi;
use serde_json::Value;

/// When every answer was made, in seconds since 1970: a fixed time, so that equal requests get equal
/// bytes.
pub(super) const CREATED: u64 = 1_767_225_600;
/// The name of the model that the list of models has.
pub(super) const MODEL: &str = "stub";

/// Whose shape a request has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Vendor {
    OpenAi,
    Anthropic,
    /// A stream is one JSON array unless the request asks for events (`alt=sse`).
    Gemini {
        events: bool,
    },
}

impl Vendor {
    pub(super) fn dialect(self) -> &'static dyn Dialect {
        match self {
            Self::OpenAi => &OpenAi,
            Self::Anthropic => &Anthropic,
            Self::Gemini { events: true } => &Gemini { events: true },
            Self::Gemini { events: false } => &Gemini { events: false },
        }
    }
}

/// An answer before it has a shape.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answer<'a> {
    pub(super) model: &'a str,
    pub(super) tokens: &'a [String],
    pub(super) prompt_tokens: usize,
    /// Whether a stream of OpenAI's ends with the usage.
    pub(super) include_usage: bool,
    /// Whether it says why it ended; without it a whole answer has no finish reason.
    pub(super) ended: bool,
}

impl Answer<'_> {
    pub(super) fn total_tokens(&self) -> usize {
        self.prompt_tokens + self.tokens.len()
    }
}

/// The pieces of a stream, each as the bytes of the body have it.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    /// Before the first token.
    pub(super) opening: Vec<String>,
    /// One a token.
    pub(super) content: Vec<String>,
    /// What makes the answer complete.
    pub(super) closing: Vec<String>,
}

/// Why an error answer is one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trouble<'a> {
    pub(super) status: u16,
    pub(super) message: &'a str,
    pub(super) retry_after_s: Option<u64>,
}

/// One vendor's shapes.
pub(super) trait Dialect {
    fn whole(&self, answer: &Answer<'_>) -> Value;
    fn pieces(&self, answer: &Answer<'_>) -> Pieces;
    fn error(&self, trouble: &Trouble<'_>) -> Value;
    /// The status and the body for a caller who has nothing left to spend.
    fn quota(&self) -> (u16, Value);
    /// A piece of a stream: an error in the midst of it. `first`: nothing came before it.
    fn error_piece(&self, first: bool) -> String;
    /// A piece of a stream that cannot be read.
    fn broken_piece(&self, first: bool) -> String;
    /// The list of models.
    fn models(&self) -> Value;
    fn stream_type(&self) -> &'static str {
        "text/event-stream"
    }
}

/// What a status says when the script gives no words of its own.
pub(super) fn words_of(status: u16) -> String {
    let known = hyper::StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason());
    match known {
        Some(reason) => format!("{reason} (rehearsed)"),
        None => format!("Status {status} (rehearsed)"),
    }
}

/// The pieces that would make this stream, put together; for the vendors' tests.
#[cfg(test)]
pub(super) fn played(pieces: &Pieces) -> String {
    [&pieces.opening, &pieces.content, &pieces.closing]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect()
}

/// Two tokens, seven in; for the vendors' tests.
#[cfg(test)]
pub(super) fn with_sample<T>(check: impl FnOnce(Answer<'_>) -> T) -> T {
    check(Answer {
        model: "m-1",
        tokens: &["Yes,".to_owned(), " \"so\"".to_owned()],
        prompt_tokens: 7,
        include_usage: true,
        ended: true,
    })
}
