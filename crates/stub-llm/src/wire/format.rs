//! What the three wire formats have in common: an answer to be written, the pieces of a stream, an
//! error. Each format has a file of its own; nothing here is sent anywhere.

use serde_json::Value;

/// When every answer was made, in seconds since 1970: a fixed time, so that equal requests get equal
/// bytes.
pub(crate) const CREATED: u64 = 1_767_225_600;
/// The name of the model that the list of models has.
pub(crate) const MODEL: &str = "stub";

/// An answer before it is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answer<'a> {
    pub(crate) model: &'a str,
    pub(crate) tokens: &'a [String],
    pub(crate) prompt_tokens: usize,
    /// Whether a stream of OpenAI's ends with the usage.
    pub(crate) include_usage: bool,
    /// Whether it says why it ended; without it a whole answer has no finish reason.
    pub(crate) ended: bool,
}

impl Answer<'_> {
    pub(crate) fn total_tokens(&self) -> usize {
        self.prompt_tokens + self.tokens.len()
    }
}

/// The pieces of a stream, each as the bytes of the body have it.
#[derive(Debug, Default)]
pub(crate) struct Pieces {
    /// Before the first token.
    pub(crate) opening: Vec<String>,
    /// One a token.
    pub(crate) content: Vec<String>,
    /// What makes the answer complete.
    pub(crate) closing: Vec<String>,
}

/// What an error is about, beside its status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCause {
    /// What the status says.
    Status,
    /// A spent quota or budget.
    Quota,
    /// A key that is not accepted.
    Key,
    /// A model that the provider does not have.
    Model,
    /// Too many requests; the seconds to wait, where the vendor writes them into the body.
    RateLimit(Option<u64>),
}

/// An error to be written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Failure<'a> {
    pub(crate) status: u16,
    pub(crate) cause: ErrorCause,
    pub(crate) message: &'a str,
    /// Seconds to wait, for formats that write them into the body.
    pub(crate) retry_after_s: Option<u64>,
}

impl<'a> Failure<'a> {
    /// An error of which only status and message are known.
    pub(crate) fn of_status(status: u16, message: &'a str) -> Self {
        Self {
            status,
            cause: ErrorCause::Status,
            message,
            retry_after_s: None,
        }
    }
}

/// One wire format.
pub(crate) trait WireFormat {
    /// The body of an answer that is not streamed.
    fn whole(&self, answer: &Answer<'_>) -> Value;
    /// A streamed answer.
    fn pieces(&self, answer: &Answer<'_>) -> Pieces;
    /// Events before the first token that say that an answer has begun; a stream may have none.
    fn opening(&self, answer: &Answer<'_>) -> String {
        self.pieces(answer).opening.concat()
    }
    /// The body of an error.
    fn error(&self, failure: &Failure<'_>) -> Value;
    /// The status and the body for a caller who has nothing left to spend.
    fn quota(&self) -> (u16, Value);
    /// A piece of a stream that holds this error. `first`: nothing came before it.
    fn error_event(&self, error: &Value, first: bool) -> String;
    /// A piece of a stream: an overload in the midst of it. `first`: nothing came before it.
    fn error_piece(&self, first: bool) -> String;
    /// A piece of a stream that cannot be read.
    fn broken_piece(&self, first: bool) -> String;
    /// The list of models.
    fn models(&self) -> Value;
    /// The content type of streams.
    fn stream_type(&self) -> &'static str {
        "text/event-stream"
    }
}

/// The reason that belongs to a status.
pub(crate) fn reason_of(status: u16) -> String {
    let known = hyper::StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason());
    match known {
        Some(reason) => format!("{reason} (rehearsed)"),
        None => format!("Status {status} (rehearsed)"),
    }
}

/// The pieces of a stream put together, for the formats' tests.
#[cfg(test)]
pub(crate) fn played(pieces: &Pieces) -> String {
    [&pieces.opening, &pieces.content, &pieces.closing]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect()
}

/// An answer of two tokens to a prompt of seven, for the formats' tests.
#[cfg(test)]
pub(crate) fn with_sample<T>(check: impl FnOnce(Answer<'_>) -> T) -> T {
    check(Answer {
        model: "m-1",
        tokens: &["Yes,".to_owned(), " \"so\"".to_owned()],
        prompt_tokens: 7,
        include_usage: true,
        ended: true,
    })
}
