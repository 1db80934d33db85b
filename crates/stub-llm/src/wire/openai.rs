//! OpenAI's format: chat completions, whole and in chunks, and its errors, after the public API
//! reference. `[DONE]` ends a stream; the usage comes only where it was asked for.

use super::format::{Answer, CREATED, ErrorCause, Failure, MODEL, Pieces, WireFormat};
use serde_json::{Value, json};

const ID: &str = "chatcmpl-rehearsal";

pub(super) struct OpenAi;

impl WireFormat for OpenAi {
    fn whole(&self, answer: &Answer<'_>) -> Value {
        json!({
            "id": ID, "object": "chat.completion", "created": CREATED, "model": answer.model,
            "choices": [{
                "index": 0,
                "message": {"role": "assistant", "content": answer.tokens.concat(), "refusal": null},
                "logprobs": null,
                "finish_reason": answer.ended.then_some("stop"),
            }],
            "usage": usage(answer), "system_fingerprint": "fp_rehearsal",
        })
    }

    fn pieces(&self, answer: &Answer<'_>) -> Pieces {
        let piece = |delta: &Value, finish: Option<&str>| event(&chunk(answer, delta, finish));
        let mut closing = vec![piece(&json!({}), Some("stop"))];
        if answer.include_usage {
            closing.push(event(&json!({
                "id": ID, "object": "chat.completion.chunk", "created": CREATED,
                "model": answer.model, "choices": [], "usage": usage(answer),
            })));
        }
        closing.push("data: [DONE]\n\n".to_owned());
        Pieces {
            opening: vec![piece(&json!({"role": "assistant", "content": ""}), None)],
            content: answer
                .tokens
                .iter()
                .map(|token| piece(&json!({"content": token}), None))
                .collect(),
            closing,
        }
    }

    fn error(&self, failure: &Failure<'_>) -> Value {
        let (kind, code) = match failure.status {
            _ if failure.cause == ErrorCause::Quota => {
                ("insufficient_quota", Some("insufficient_quota"))
            }
            _ if failure.cause == ErrorCause::Key => {
                ("invalid_request_error", Some("invalid_api_key"))
            }
            _ if failure.cause == ErrorCause::Model => {
                ("invalid_request_error", Some("model_not_found"))
            }
            401 => ("invalid_request_error", Some("invalid_api_key")),
            429 => ("requests", Some("rate_limit_exceeded")),
            status if status >= 500 => ("server_error", None),
            _ => ("invalid_request_error", None),
        };
        error(failure.message, kind, code)
    }

    fn quota(&self) -> (u16, Value) {
        let message =
            "You exceeded your current quota, please check your plan and billing details.";
        let code = "insufficient_quota";
        (429, error(message, code, Some(code)))
    }

    fn error_event(&self, error: &Value, _first: bool) -> String {
        event(error)
    }

    fn error_piece(&self, _first: bool) -> String {
        event(&error(
            "The server had an error while processing the request (rehearsed)",
            "server_error",
            None,
        ))
    }

    fn broken_piece(&self, _first: bool) -> String {
        format!("data: {{\"id\":\"{ID}\",\"choices\":[{{\"index\":0,\"delta\":{{\"cont\n\n")
    }

    fn models(&self) -> Value {
        json!({
            "object": "list",
            "data": [{"id": MODEL, "object": "model", "created": CREATED, "owned_by": "rehearsal"}],
        })
    }
}

fn error(message: &str, kind: &str, code: Option<&str>) -> Value {
    json!({"error": {"message": message, "type": kind, "param": null, "code": code}})
}

fn usage(answer: &Answer<'_>) -> Value {
    json!({
        "prompt_tokens": answer.prompt_tokens,
        "completion_tokens": answer.tokens.len(),
        "total_tokens": answer.total_tokens(),
    })
}

fn chunk(answer: &Answer<'_>, delta: &Value, finish: Option<&str>) -> Value {
    let mut chunk = json!({
        "id": ID, "object": "chat.completion.chunk", "created": CREATED, "model": answer.model,
        "system_fingerprint": "fp_rehearsal",
        "choices": [{"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish}],
    });
    if answer.include_usage {
        chunk["usage"] = Value::Null;
    }
    chunk
}

fn event(data: &Value) -> String {
    format!("data: {data}\n\n")
}

#[cfg(test)]
mod tests {
    use super::super::format::{played, with_sample};
    use super::*;

    fn events(text: &str) -> Vec<Value> {
        text.split_terminator("\n\n")
            .map(|event| event.strip_prefix("data: ").unwrap())
            .filter(|data| *data != "[DONE]")
            .map(|data| serde_json::from_str(data).unwrap())
            .collect()
    }

    #[test]
    fn a_whole_answer_has_text_finish_reason_and_usage() {
        let whole = with_sample(|answer| OpenAi.whole(&answer));
        assert_eq!(whole["choices"][0]["message"]["content"], "Yes, \"so\"");
        assert_eq!(whole["choices"][0]["finish_reason"], "stop");
        assert_eq!(whole["usage"]["total_tokens"], 9);
        let endless = with_sample(|answer| {
            OpenAi.whole(&Answer {
                ended: false,
                ..answer
            })
        });
        assert!(endless["choices"][0]["finish_reason"].is_null());
    }

    #[test]
    fn a_stream_has_role_tokens_finish_reason_usage_and_its_marker() {
        let text = with_sample(|answer| played(&OpenAi.pieces(&answer)));
        assert!(text.ends_with("data: [DONE]\n\n"));
        let events = events(&text);
        assert_eq!(events.len(), 5);
        assert_eq!(events[0]["choices"][0]["delta"]["role"], "assistant");
        assert_eq!(events[2]["choices"][0]["delta"]["content"], " \"so\"");
        assert_eq!(events[3]["choices"][0]["finish_reason"], "stop");
        assert_eq!(events[4]["choices"], json!([]));
        assert_eq!(events[4]["usage"]["completion_tokens"], 2);
    }

    #[test]
    fn usage_comes_only_when_asked_for() {
        let text = with_sample(|answer| {
            let answer = Answer {
                include_usage: false,
                ..answer
            };
            played(&OpenAi.pieces(&answer))
        });
        assert!(!text.contains("usage"));
    }

    #[test]
    fn a_broken_piece_cannot_be_read() {
        let piece = OpenAi.broken_piece(false);
        let data = piece.strip_prefix("data: ").unwrap().trim_end();
        assert!(serde_json::from_str::<Value>(data).is_err());
    }
}
