//! Replies for scripts: whole answers, streams and errors in each wire format, and their parts, which
//! a script puts together and breaks where it likes.

use super::Wire;
use super::format::{Answer, ErrorCause, Failure, Pieces};
use crate::transport::Reply;
use serde_json::{Value, json};

/// The model that every scripted answer names.
const MODEL: &str = "scripted";
/// The tokens of every prompt.
const PROMPT_TOKENS: usize = 7;

impl Wire {
    /// A whole answer of `text`.
    pub fn answer(self, text: &str) -> Reply {
        Reply::json(200, &self.answer_body(text))
    }

    /// The body of a whole answer of `text`: a token a word.
    pub fn answer_body(self, text: &str) -> Value {
        let tokens: Vec<String> = text.split_inclusive(' ').map(str::to_owned).collect();
        self.format().whole(&scripted(&tokens))
    }

    /// A streamed answer of `tokens` to its proper end.
    pub fn stream(self, tokens: &[&str]) -> Reply {
        let opened = Reply::stream_head().raw(&self.opening());
        let tokens = tokens
            .iter()
            .fold(opened, |reply, token| reply.raw(&self.token(token)));
        tokens.raw(&self.ending()).end()
    }

    /// The events before the first token: who speaks, and that the answer begins.
    pub fn opening(self) -> String {
        self.format().opening(&scripted(&["".to_owned()]))
    }

    /// The event with one more token.
    pub fn token(self, token: &str) -> String {
        self.pieces(token).content.concat()
    }

    /// The events of a proper end, with the terminal marker where there is one.
    pub fn ending(self) -> String {
        self.pieces("").closing.concat()
    }

    /// The body of an error.
    pub fn error_body(self, status: u16, cause: ErrorCause, message: &str) -> Value {
        let retry_after_s = match cause {
            ErrorCause::RateLimit(seconds) => seconds,
            _ => None,
        };
        self.format().error(&Failure {
            status,
            cause,
            message,
            retry_after_s,
        })
    }

    /// An error inside a stream.
    pub fn error_event(self, body: &Value) -> String {
        self.format().error_event(body, false)
    }

    fn pieces(self, token: &str) -> Pieces {
        self.format().pieces(&scripted(&[token.to_owned()]))
    }
}

fn scripted(tokens: &[String]) -> Answer<'_> {
    Answer {
        model: MODEL,
        tokens,
        prompt_tokens: PROMPT_TOKENS,
        include_usage: false,
        ended: true,
    }
}

/// Replies in OpenAI's format, which most scripts use.
impl Reply {
    /// A whole chat answer of `text`: seven prompt tokens, and a token a word.
    pub fn answer(text: &str) -> Self {
        Wire::OpenAi.answer(text)
    }

    /// An error.
    pub fn error(status: u16, message: &str) -> Self {
        let body = Wire::OpenAi.error_body(status, ErrorCause::Status, message);
        Self::json(status, &body)
    }

    /// An error with one more header, for instance `Retry-After`. `code` is its type, too.
    pub fn error_with_header(status: u16, code: &str, name: &str, value: &str) -> Self {
        let body = json!({"error": {"message": "slow down", "type": code, "code": code}});
        let headers = [("content-type", "application/json"), (name, value)];
        Self::body_with_headers(status, &headers, body.to_string())
    }

    /// A streamed answer: the role, each token, the finish reason, the usage, `[DONE]`.
    pub fn stream(tokens: &[&str]) -> Self {
        let owned: Vec<String> = tokens.iter().map(|&token| token.to_owned()).collect();
        let answer = Answer {
            include_usage: true,
            ..scripted(&owned)
        };
        let closing = Wire::OpenAi.format().pieces(&answer).closing;
        closing
            .iter()
            .fold(Self::tokens(tokens), |reply, event| reply.raw(event))
            .end()
    }

    /// The beginning of a streamed answer: the role and each token, and nothing after that yet.
    pub fn tokens(tokens: &[&str]) -> Self {
        let opened = Self::stream_head().raw(&Wire::OpenAi.opening());
        tokens
            .iter()
            .fold(opened, |reply, token| reply.token(token))
    }

    /// A streamed answer whose event bytes come in pieces of `size` bytes.
    pub fn stream_in_pieces(tokens: &[&str], size: usize) -> Self {
        let wire = Wire::OpenAi;
        let tokens: String = tokens.iter().map(|token| wire.token(token)).collect();
        let events = format!("{tokens}{}", wire.ending());
        let pieces = events.as_bytes().chunks(size);
        pieces.fold(Self::stream_head(), Self::piece).end()
    }

    /// Then one more token.
    #[must_use]
    pub fn token(self, token: &str) -> Self {
        self.raw(&Wire::OpenAi.token(token))
    }
}
