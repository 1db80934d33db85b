//! Anthropic's format: messages, whole and as events, and its errors, after the public API
//! reference. `message_stop` ends a stream.

use super::format::{Answer, ErrorCause, Failure, MODEL, Pieces, WireFormat};
use serde_json::{Value, json};

pub(super) struct Anthropic;

impl WireFormat for Anthropic {
    fn whole(&self, answer: &Answer<'_>) -> Value {
        let text = answer.tokens.concat();
        let content = if text.is_empty() {
            json!([])
        } else {
            json!([{"type": "text", "text": text}])
        };
        let mut message = message(answer, &content);
        message["stop_reason"] = json!(answer.ended.then_some("end_turn"));
        message["usage"]["output_tokens"] = json!(answer.tokens.len());
        message
    }

    fn pieces(&self, answer: &Answer<'_>) -> Pieces {
        let start = json!({"type": "message_start", "message": message(answer, &json!([]))});
        let mut pieces = Pieces {
            opening: vec![event(&start)],
            ..Pieces::default()
        };
        if !answer.tokens.is_empty() {
            pieces.opening.push(event(&json!({
                "type": "content_block_start", "index": 0,
                "content_block": {"type": "text", "text": ""},
            })));
            let stop = json!({"type": "content_block_stop", "index": 0});
            pieces.closing.push(event(&stop));
        }
        pieces.opening.push(event(&json!({"type": "ping"})));
        pieces.content = answer.tokens.iter().map(|token| delta(token)).collect();
        pieces.closing.push(event(&json!({
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": null},
            "usage": {"output_tokens": answer.tokens.len()},
        })));
        pieces.closing.push(event(&json!({"type": "message_stop"})));
        pieces
    }

    fn error(&self, failure: &Failure<'_>) -> Value {
        let kind = match failure.status {
            _ if failure.cause == ErrorCause::Quota => "billing_error",
            403 => "permission_error",
            _ if failure.cause == ErrorCause::Key => "authentication_error",
            401 => "authentication_error",
            402 => "billing_error",
            404 => "not_found_error",
            413 => "request_too_large",
            429 => "rate_limit_error",
            408 | 504 => "timeout_error",
            529 => "overloaded_error",
            status if status >= 500 => "api_error",
            _ => "invalid_request_error",
        };
        match failure.cause {
            ErrorCause::Model => error("not_found_error", &format!("model: {}", failure.message)),
            _ => error(kind, failure.message),
        }
    }

    fn quota(&self) -> (u16, Value) {
        let message = "Your credit balance is too low to access the Anthropic API. Please go to \
                       Plans & Billing to upgrade or purchase credits.";
        (402, error("billing_error", message))
    }

    fn error_event(&self, error: &Value, _first: bool) -> String {
        event(error)
    }

    fn error_piece(&self, _first: bool) -> String {
        event(&error("overloaded_error", "Overloaded"))
    }

    fn broken_piece(&self, _first: bool) -> String {
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"del\n\n"
            .to_owned()
    }

    fn models(&self) -> Value {
        json!({
            "data": [{"type": "model", "id": MODEL, "display_name": "Rehearsal",
                      "created_at": "2026-01-01T00:00:00Z"}],
            "has_more": false, "first_id": MODEL, "last_id": MODEL,
        })
    }
}

/// The message as it is when it starts.
fn message(answer: &Answer<'_>, content: &Value) -> Value {
    json!({
        "id": "msg_rehearsal", "type": "message", "role": "assistant", "model": answer.model,
        "content": content, "stop_reason": null, "stop_sequence": null,
        "usage": {"input_tokens": answer.prompt_tokens, "output_tokens": 1},
    })
}

fn error(kind: &str, message: &str) -> Value {
    json!({
        "type": "error", "error": {"type": kind, "message": message},
        "request_id": "req_rehearsal",
    })
}

fn delta(token: &str) -> String {
    event(&json!({
        "type": "content_block_delta", "index": 0,
        "delta": {"type": "text_delta", "text": token},
    }))
}

/// An event has its type as its name.
fn event(data: &Value) -> String {
    let name = data["type"].as_str().unwrap_or_default();
    format!("event: {name}\ndata: {data}\n\n")
}

#[cfg(test)]
mod tests {
    use super::super::format::{played, with_sample};
    use super::*;

    fn names(text: &str) -> Vec<&str> {
        text.lines()
            .filter_map(|line| line.strip_prefix("event: "))
            .collect()
    }

    #[test]
    fn a_whole_message_has_text_stop_reason_and_usage() {
        let whole = with_sample(|answer| Anthropic.whole(&answer));
        assert_eq!(whole["content"][0]["text"], "Yes, \"so\"");
        assert_eq!(whole["stop_reason"], "end_turn");
        assert_eq!(whole["usage"]["input_tokens"], 7);
        assert_eq!(whole["usage"]["output_tokens"], 2);
    }

    #[test]
    fn a_stream_has_every_event_in_its_order() {
        let text = with_sample(|answer| played(&Anthropic.pieces(&answer)));
        assert_eq!(
            names(&text),
            [
                "message_start",
                "content_block_start",
                "ping",
                "content_block_delta",
                "content_block_delta",
                "content_block_stop",
                "message_delta",
                "message_stop",
            ]
        );
    }

    #[test]
    fn an_empty_stream_has_no_block() {
        let text = with_sample(|answer| {
            let answer = Answer {
                tokens: &[],
                ..answer
            };
            played(&Anthropic.pieces(&answer))
        });
        assert_eq!(
            names(&text),
            ["message_start", "ping", "message_delta", "message_stop"]
        );
    }
}
