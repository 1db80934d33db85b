//! Gemini's format: generated content, whole, as events or as one JSON array, and its errors, after
//! the public API reference. A stream ends with the chunk that has a `finishReason`.

use super::format::{Answer, ErrorCause, Failure, MODEL, Pieces, WireFormat};
use serde_json::{Value, json};

pub(super) struct Gemini {
    /// Events; else the stream is one JSON array.
    pub(super) events: bool,
}

impl WireFormat for Gemini {
    fn whole(&self, answer: &Answer<'_>) -> Value {
        let text = answer.tokens.concat();
        let mut whole = chunk(answer, (!text.is_empty()).then_some(text.as_str()));
        if answer.ended {
            whole["candidates"][0]["finishReason"] = json!("STOP");
        }
        whole["usageMetadata"] = usage(answer, answer.tokens.len());
        whole
    }

    fn pieces(&self, answer: &Answer<'_>) -> Pieces {
        let content = answer
            .tokens
            .iter()
            .enumerate()
            .map(|(at, token)| {
                let mut piece = chunk(answer, Some(token));
                piece["usageMetadata"] = usage(answer, at + 1);
                self.piece(&piece, false)
            })
            .collect();
        let mut last = chunk(answer, (!answer.tokens.is_empty()).then_some(""));
        last["candidates"][0]["finishReason"] = json!("STOP");
        last["usageMetadata"] = usage(answer, answer.tokens.len());
        Pieces {
            opening: self.opening(true).into_iter().collect(),
            content,
            closing: vec![self.piece(&last, true)],
        }
    }

    fn error(&self, failure: &Failure<'_>) -> Value {
        let mut error = match failure.cause {
            ErrorCause::Model => error(
                404,
                &format!("models/{MODEL} is not found: {}", failure.message),
            ),
            _ => error(failure.status, failure.message),
        };
        let detail = match failure.cause {
            ErrorCause::Quota => Some(quota_failure()),
            ErrorCause::Key => Some(json!({
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "API_KEY_INVALID", "domain": "googleapis.com",
            })),
            ErrorCause::Status | ErrorCause::Model | ErrorCause::RateLimit(_) => {
                failure.retry_after_s.map(retry_info)
            }
        };
        if let Some(detail) = detail {
            error["error"]["details"] = json!([detail]);
        }
        error
    }

    fn quota(&self) -> (u16, Value) {
        let message =
            "You exceeded your current quota, please check your plan and billing details.";
        let mut body = error(429, message);
        body["error"]["details"] = json!([quota_failure(), retry_info(30)]);
        (429, body)
    }

    fn opening(&self, answer: &Answer<'_>) -> String {
        let mut empty = chunk(answer, Some(""));
        empty["usageMetadata"] = usage(answer, 0);
        self.begun(true, &self.piece(&empty, false))
    }

    fn error_event(&self, error: &Value, first: bool) -> String {
        self.begun(first, &self.piece(error, true))
    }

    fn error_piece(&self, first: bool) -> String {
        let error = error(503, "The model is overloaded. Please try again later.");
        self.error_event(&error, first)
    }

    fn broken_piece(&self, first: bool) -> String {
        let broken = "{\"candidates\":[{\"content\":{\"parts\":[{\"te";
        let piece = if self.events {
            format!("data: {broken}\r\n\r\n")
        } else {
            broken.to_owned()
        };
        self.begun(first, &piece)
    }

    fn models(&self) -> Value {
        json!({"models": [{
            "name": format!("models/{MODEL}"), "displayName": "Rehearsal", "version": "1",
            "inputTokenLimit": 1_048_576, "outputTokenLimit": 65_536,
            "supportedGenerationMethods": ["generateContent", "streamGenerateContent"],
        }]})
    }

    fn stream_type(&self) -> &'static str {
        if self.events {
            "text/event-stream"
        } else {
            "application/json"
        }
    }
}

impl Gemini {
    fn opening(&self, first: bool) -> Option<String> {
        (first && !self.events).then(|| "[".to_owned())
    }

    /// A piece behind what has to come before it.
    fn begun(&self, first: bool, piece: &str) -> String {
        format!("{}{piece}", self.opening(first).unwrap_or_default())
    }

    fn piece(&self, data: &Value, last: bool) -> String {
        match (self.events, last) {
            (true, _) => format!("data: {data}\r\n\r\n"),
            (false, false) => format!("{data},\r\n"),
            (false, true) => format!("{data}]"),
        }
    }
}

fn chunk(answer: &Answer<'_>, text: Option<&str>) -> Value {
    let content = match text {
        Some(text) => json!({"parts": [{"text": text}], "role": "model"}),
        None => json!({"role": "model"}),
    };
    json!({
        "candidates": [{"content": content, "index": 0}],
        "modelVersion": answer.model, "responseId": "rehearsal",
    })
}

fn usage(answer: &Answer<'_>, tokens_so_far: usize) -> Value {
    json!({
        "promptTokenCount": answer.prompt_tokens,
        "candidatesTokenCount": tokens_so_far,
        "totalTokenCount": answer.prompt_tokens + tokens_so_far,
    })
}

fn error(status: u16, message: &str) -> Value {
    let name = match status {
        400 => "INVALID_ARGUMENT",
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        429 => "RESOURCE_EXHAUSTED",
        500 => "INTERNAL",
        503 => "UNAVAILABLE",
        408 | 504 => "DEADLINE_EXCEEDED",
        _ => "UNKNOWN",
    };
    json!({"error": {"code": status, "message": message, "status": name}})
}

/// The day's share is spent.
fn quota_failure() -> Value {
    json!({
        "@type": "type.googleapis.com/google.rpc.QuotaFailure",
        "violations": [{
            "quotaMetric": "generativelanguage.googleapis.com/generate_content_free_tier_requests",
            "quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier",
            "quotaDimensions": {"location": "global", "model": MODEL},
            "quotaValue": "50",
        }],
    })
}

fn retry_info(seconds: u64) -> Value {
    json!({
        "@type": "type.googleapis.com/google.rpc.RetryInfo",
        "retryDelay": format!("{seconds}s"),
    })
}

#[cfg(test)]
mod tests {
    use super::super::format::{played, with_sample};
    use super::*;

    const EVENTS: Gemini = Gemini { events: true };
    const ARRAY: Gemini = Gemini { events: false };

    #[test]
    fn a_whole_answer_has_text_finish_reason_and_usage() {
        let whole = with_sample(|answer| EVENTS.whole(&answer));
        let candidate = &whole["candidates"][0];
        assert_eq!(candidate["content"]["parts"][0]["text"], "Yes, \"so\"");
        assert_eq!(candidate["finishReason"], "STOP");
        assert_eq!(whole["usageMetadata"]["totalTokenCount"], 9);
    }

    #[test]
    fn a_stream_of_events_ends_with_reason_and_usage() {
        let text = with_sample(|answer| played(&EVENTS.pieces(&answer)));
        let events: Vec<Value> = text
            .split_terminator("\r\n\r\n")
            .map(|event| serde_json::from_str(event.strip_prefix("data: ").unwrap()).unwrap())
            .collect();
        assert_eq!(events.len(), 3);
        let first = &events[0]["candidates"][0];
        assert_eq!(first["content"]["parts"][0]["text"], "Yes,");
        assert!(first.get("finishReason").is_none());
        assert_eq!(events[2]["candidates"][0]["finishReason"], "STOP");
        assert_eq!(events[2]["usageMetadata"]["candidatesTokenCount"], 2);
    }

    #[test]
    fn without_events_a_stream_is_one_array() {
        let text = with_sample(|answer| played(&ARRAY.pieces(&answer)));
        let chunks: Vec<Value> = serde_json::from_str(&text).unwrap();
        assert_eq!(chunks.len(), 3);
        let empty = with_sample(|answer| {
            let answer = Answer {
                tokens: &[],
                ..answer
            };
            played(&ARRAY.pieces(&answer))
        });
        assert_eq!(serde_json::from_str::<Vec<Value>>(&empty).unwrap().len(), 1);
        let error: Vec<Value> = serde_json::from_str(&ARRAY.error_piece(true)).unwrap();
        assert_eq!(error[0]["error"]["status"], "UNAVAILABLE");
    }

    #[test]
    fn a_spent_day_is_told_apart_from_speed() {
        let (status, body) = EVENTS.quota();
        assert_eq!(status, 429);
        assert!(body.to_string().contains("PerDay"));
    }
}
