//! One event of a streamed answer: text, the end of the text, or the terminal marker. An event that
//! holds an error, or that is no chunk, is refused.

use super::error_words;
use super::shapes::{Content, WireUsage, finish_reason};
use crate::provider::Usage;
use crate::provider::sse::SseEvent;
use crate::provider::wire::{Chunk, Frame, Refusal};
use serde::Deserialize;
use serde_json::Value;

const TERMINAL_MARKER: &str = "[DONE]";

#[derive(Deserialize)]
struct Body {
    choices: Vec<Choice>,
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    usage: Option<WireUsage>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    index: u32,
    #[serde(default)]
    delta: Option<Delta>,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Default, Deserialize)]
struct Delta {
    #[serde(default)]
    content: Option<Content>,
    #[serde(default)]
    reasoning: Option<Value>,
    #[serde(default)]
    reasoning_content: Option<Value>,
    #[serde(default)]
    tool_calls: Option<Value>,
}

/// Reads one event.
pub fn parse_frame(event: &SseEvent) -> Result<Frame, Refusal> {
    if event.data.trim() == TERMINAL_MARKER {
        return Ok(Frame::Done);
    }
    let value: Value = serde_json::from_str(&event.data)
        .map_err(|error| Refusal::malformed(format!("an event is not JSON: {error}")))?;
    if let Some(words) = error_words(&value) {
        return Err(Refusal::server(format!(
            "the stream reports an error: {words}"
        )));
    }
    if event.name == "error" {
        return Err(Refusal::server("the stream reports an error"));
    }
    let body: Body = serde_json::from_value(value)
        .map_err(|error| Refusal::malformed(format!("an event has another shape: {error}")))?;
    let mut chunk = Chunk {
        usage: body.usage.map(Usage::from),
        model: body.model.filter(|model| !model.is_empty()),
        ..Chunk::default()
    };
    // We never ask for more than one choice; one that we did not ask for is not spliced in.
    if let Some(choice) = body.choices.into_iter().find(|choice| choice.index == 0) {
        let delta = choice.delta.unwrap_or_default();
        chunk.other_content = [
            &delta.reasoning,
            &delta.reasoning_content,
            &delta.tool_calls,
        ]
        .into_iter()
        .any(|value| is_content(value.as_ref()));
        chunk.text = delta.content.map_or_else(String::new, Content::into_text);
        chunk.finish_reason = match choice.finish_reason.as_deref() {
            None | Some("") => None,
            Some(word) => Some(finish_reason(word)?),
        };
    }
    Ok(Frame::Chunk(chunk))
}

fn is_content(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => false,
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(items)) => !items.is_empty(),
        Some(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::{FinishReason, ProviderErrorKind};
    use serde_json::json;

    fn frame(name: &str, data: &str) -> Result<Frame, Refusal> {
        parse_frame(&SseEvent {
            name: name.to_owned(),
            data: data.to_owned(),
        })
    }

    fn chunk(body: &Value) -> Chunk {
        match frame("", &body.to_string()) {
            Ok(Frame::Chunk(chunk)) => chunk,
            other => unreachable!("no chunk: {other:?}"),
        }
    }

    #[test]
    fn a_chunk_may_hold_text_its_end_and_usage_at_once() {
        let all = json!({"id": "c-1", "model": "small-2026", "choices": [
            {"index": 0, "delta": {"content": "Yes"}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 2, "completion_tokens": 1, "total_tokens": 3}});
        let chunk = chunk(&all);
        assert_eq!(chunk.text, "Yes");
        assert_eq!(chunk.finish_reason, Some(FinishReason::Stop));
        assert_eq!(chunk.usage.map(|usage| usage.total_tokens), Some(3));
        assert_eq!(chunk.model.as_deref(), Some("small-2026"));
    }

    #[test]
    fn frames_without_text_are_told_from_content_that_is_no_text() {
        let role = json!({"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""},
            "finish_reason": null}]});
        assert_eq!(chunk(&role), Chunk::default());
        let usage_only = json!({"choices": [], "usage": {"prompt_tokens": 2}});
        assert!(chunk(&usage_only).usage.is_some());
        let thinking = json!({"choices": [{"delta": {"reasoning_content": "Hm"}}]});
        assert!(chunk(&thinking).other_content);
        let other_choice = json!({"choices": [{"index": 1, "delta": {"content": "No"}}]});
        assert_eq!(chunk(&other_choice), Chunk::default());
    }

    #[test]
    fn only_the_marker_is_done() {
        assert_eq!(frame("", "[DONE]"), Ok(Frame::Done));
        assert_eq!(frame("", " [DONE] "), Ok(Frame::Done));
        assert_eq!(
            frame("", "[DONE").unwrap_err().kind,
            ProviderErrorKind::Malformed
        );
    }

    #[test]
    fn failures_inside_a_stream_are_refused() {
        for (name, data, kind) in [
            (
                "",
                r#"{"error": {"message": "overloaded"}}"#,
                ProviderErrorKind::Server,
            ),
            ("error", r#"{"choices": []}"#, ProviderErrorKind::Server),
            (
                "",
                r#"{"choices": [{"finish_reason": "error"}]}"#,
                ProviderErrorKind::Server,
            ),
            (
                "",
                r#"{"choices": [{"delta": {"content": "Y"#,
                ProviderErrorKind::Malformed,
            ),
            ("", r#"{"tokens": ["Y"]}"#, ProviderErrorKind::Malformed),
        ] {
            assert_eq!(frame(name, data).unwrap_err().kind, kind, "{data}");
        }
    }
}
