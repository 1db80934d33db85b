//! What each vendor's API says, as it writes it: answers, streams and errors of OpenAI's, Anthropic's
//! and Google's shape, in parts that a script can break where it likes.

use super::upstream_reply::{Reply, delta, stop_chunk};
use serde_json::{Value, json};

/// The model that every scripted answer names.
const MODEL: &str = "scripted";

/// A vendor's shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Wire {
    OpenAi,
    Anthropic,
    Gemini,
}

/// What an error is about, beside its status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// What the status says.
    Status,
    /// A spent quota or budget.
    Quota,
    /// A key that is not accepted.
    Key,
    /// A request too many; the seconds to wait, where the vendor writes them into the body.
    Speed(Option<u64>),
}

impl Wire {
    /// Every shape.
    pub const ALL: [Self; 3] = [Self::OpenAi, Self::Anthropic, Self::Gemini];

    /// A whole answer of `text`.
    pub fn answer(self, text: &str) -> Reply {
        Reply::json(200, &self.answer_body(text))
    }

    /// The body of a whole answer of `text`.
    pub fn answer_body(self, text: &str) -> Value {
        match self {
            Self::OpenAi => json!({
                "id": "chatcmpl-1", "object": "chat.completion", "created": 1_767_000_000,
                "model": MODEL,
                "choices": [{"index": 0, "message": {"role": "assistant", "content": text},
                             "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
            }),
            Self::Anthropic => json!({
                "id": "msg_1", "type": "message", "role": "assistant", "model": MODEL,
                "content": [{"type": "text", "text": text}],
                "stop_reason": "end_turn", "stop_sequence": null,
                "usage": {"input_tokens": 7, "output_tokens": 3},
            }),
            Self::Gemini => json!({
                "candidates": [{"content": {"parts": [{"text": text}], "role": "model"},
                                "finishReason": "STOP", "index": 0}],
                "usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 3,
                                  "totalTokenCount": 10},
                "modelVersion": MODEL, "responseId": "r-1",
            }),
        }
    }

    /// A streamed answer of `tokens`, to its proper end.
    pub fn stream(self, tokens: &[&str]) -> Reply {
        let begun = Reply::stream_head().raw(&self.opening());
        let said = tokens
            .iter()
            .fold(begun, |reply, token| reply.raw(&self.token(token)));
        said.raw(&self.ending()).end()
    }

    /// The events before the first content: who speaks, and that the answer begins.
    pub fn opening(self) -> String {
        match self {
            Self::OpenAi => data(&delta(&json!({"role": "assistant", "content": ""}))),
            Self::Anthropic => [
                named(&json!({"type": "message_start", "message": {
                    "id": "msg_1", "type": "message", "role": "assistant", "model": MODEL,
                    "content": [], "stop_reason": null, "stop_sequence": null,
                    "usage": {"input_tokens": 7, "output_tokens": 1}}})),
                named(&json!({"type": "content_block_start", "index": 0,
                    "content_block": {"type": "text", "text": ""}})),
                named(&json!({"type": "ping"})),
            ]
            .concat(),
            Self::Gemini => data(&json!({
                "candidates": [{"content": {"parts": [{"text": ""}], "role": "model"}, "index": 0}],
                "usageMetadata": {"promptTokenCount": 7, "totalTokenCount": 7},
                "modelVersion": MODEL, "responseId": "r-1",
            })),
        }
    }

    /// The event with one more token.
    pub fn token(self, text: &str) -> String {
        match self {
            Self::OpenAi => data(&delta(&json!({"content": text}))),
            Self::Anthropic => named(&json!({"type": "content_block_delta", "index": 0,
                "delta": {"type": "text_delta", "text": text}})),
            Self::Gemini => data(&json!({
                "candidates": [{"content": {"parts": [{"text": text}], "role": "model"}, "index": 0}],
                "modelVersion": MODEL, "responseId": "r-1",
            })),
        }
    }

    /// The events of a proper end, with the terminal marker where there is one.
    pub fn ending(self) -> String {
        match self {
            Self::OpenAi => format!("{}data: [DONE]\n\n", data(&stop_chunk())),
            Self::Anthropic => [
                named(&json!({"type": "content_block_stop", "index": 0})),
                named(&json!({"type": "message_delta",
                    "delta": {"stop_reason": "end_turn", "stop_sequence": null},
                    "usage": {"output_tokens": 3}})),
                named(&json!({"type": "message_stop"})),
            ]
            .concat(),
            Self::Gemini => data(&json!({
                "candidates": [{"content": {"parts": [{"text": ""}], "role": "model"},
                                "finishReason": "STOP", "index": 0}],
                "usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 3,
                                  "totalTokenCount": 10},
                "modelVersion": MODEL, "responseId": "r-1",
            })),
        }
    }

    /// The body of an error.
    pub fn error_body(self, status: u16, about: About, words: &str) -> Value {
        match self {
            Self::OpenAi => {
                let (kind, code) = openai_words(status, about);
                json!({"error": {"message": words, "type": kind, "param": null, "code": code}})
            }
            Self::Anthropic => json!({
                "type": "error",
                "error": {"type": anthropic_word(status, about), "message": words},
                "request_id": "req_1",
            }),
            Self::Gemini => json!({"error": {
                "code": status, "message": words, "status": gemini_word(status, about),
                "details": gemini_details(about),
            }}),
        }
    }

    /// An error inside a stream.
    pub fn error_event(self, body: &Value) -> String {
        match self {
            Self::OpenAi | Self::Gemini => data(body),
            Self::Anthropic => named(body),
        }
    }
}

fn openai_words(status: u16, about: About) -> (&'static str, Value) {
    match about {
        About::Quota => ("insufficient_quota", json!("insufficient_quota")),
        About::Key => ("invalid_request_error", json!("invalid_api_key")),
        About::Speed(_) => ("requests", json!("rate_limit_exceeded")),
        About::Status if status < 500 => ("invalid_request_error", Value::Null),
        About::Status => ("server_error", Value::Null),
    }
}

fn anthropic_word(status: u16, about: About) -> &'static str {
    match (about, status) {
        (About::Quota, _) | (About::Status, 402) => "billing_error",
        (About::Key, 403) => "permission_error",
        (About::Key, _) => "authentication_error",
        (About::Speed(_), _) => "rate_limit_error",
        (About::Status, 404) => "not_found_error",
        (About::Status, 413) => "request_too_large",
        (About::Status, 408 | 504) => "timeout_error",
        (About::Status, 529) => "overloaded_error",
        (About::Status, 400..=499) => "invalid_request_error",
        (About::Status, _) => "api_error",
    }
}

fn gemini_word(status: u16, about: About) -> &'static str {
    match (about, status) {
        (About::Quota | About::Speed(_), _) => "RESOURCE_EXHAUSTED",
        (About::Key, 401) => "UNAUTHENTICATED",
        (About::Key, 403) => "PERMISSION_DENIED",
        (_, 404) => "NOT_FOUND",
        (_, 408 | 504) => "DEADLINE_EXCEEDED",
        (_, 400..=499) => "INVALID_ARGUMENT",
        (_, 500) => "INTERNAL",
        _ => "UNAVAILABLE",
    }
}

fn gemini_details(about: About) -> Value {
    match about {
        About::Quota => json!([{"@type": "type.googleapis.com/google.rpc.QuotaFailure",
            "violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]}]),
        About::Key => json!([{"@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "API_KEY_INVALID", "domain": "googleapis.com"}]),
        About::Speed(Some(seconds)) => json!([{"@type": "type.googleapis.com/google.rpc.RetryInfo",
            "retryDelay": format!("{seconds}s")}]),
        About::Speed(None) | About::Status => json!([]),
    }
}

fn data(body: &Value) -> String {
    format!("data: {body}\n\n")
}

/// An event that is named as its body is.
fn named(body: &Value) -> String {
    let name = body["type"].as_str().unwrap_or("message");
    format!("event: {name}\ndata: {body}\n\n")
}
