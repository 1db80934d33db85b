//! One event of a streamed answer: a piece, the end of the answer, or the terminal marker. An event
//! that holds an error, or that is no chunk, is refused.

use super::calls::CallPlaces;
use super::shapes::{Content, Said, WireUsage, finish_reason};
use super::{error_words, is_filtered};
use crate::sse::SseEvent;
use crate::wire::{Chunk, Frame, Named, Refusal};
use crate::{FinishReason, Usage};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;

const TERMINAL_MARKER: &str = "[DONE]";
const CHUNK: &str = "\"chat.completion.chunk\"";

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow, default)]
    choices: Option<Vec<Choice<'a>>>,
    #[serde(default)]
    id: Option<String>,
    #[serde(borrow, default)]
    object: Option<&'a RawValue>,
    #[serde(borrow, default)]
    created: Option<&'a RawValue>,
    #[serde(default)]
    model: Option<String>,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(default)]
    index: usize,
    #[serde(borrow, default)]
    delta: Option<Said<'a>>,
    #[serde(default)]
    finish_reason: Option<String>,
}

/// The `choices` of an event, as they stand there.
#[derive(Deserialize)]
struct Shown<'a> {
    #[serde(borrow)]
    choices: &'a RawValue,
}

/// What is known of the answers of one stream.
#[derive(Debug)]
pub struct StreamState {
    /// How many answers have not ended.
    open: usize,
    /// Why the first one ended.
    first: Option<FinishReason>,
    places: CallPlaces,
}

impl StreamState {
    /// Of a stream with `choices` answers at once.
    pub fn of(choices: usize) -> Self {
        Self {
            open: choices.max(1),
            first: None,
            places: CallPlaces::default(),
        }
    }

    /// Reads one event.
    pub fn parse_frame(&mut self, event: &SseEvent) -> Result<Frame, Refusal> {
        if event.data.trim() == TERMINAL_MARKER {
            return Ok(Frame::Done);
        }
        let body = match serde_json::from_str::<Body<'_>>(&event.data) {
            Ok(body)
                if body.error.is_none() && event.name != "error" && body.is_chunk(&event.data) =>
            {
                body
            }
            other => return Err(not_a_chunk(event, other.err())),
        };
        let usage: Option<WireUsage> = body
            .usage
            .and_then(|raw| serde_json::from_str(raw.get()).ok());
        let is_plain = body.object.is_some_and(|object| object.get() == CHUNK)
            && body.usage.is_none()
            && !event.data.contains('\n');
        let created = body.created.and_then(|raw| raw.get().parse().ok());
        let mut chunk = Chunk {
            usage: usage.map(Usage::from),
            usage_json: body.usage.map(|raw| raw.get().to_owned()),
            model: body.model.filter(|model| !model.is_empty()),
            named: Some(Named {
                is_plain: is_plain && created.is_some() && body.id.is_some(),
                id: body.id.unwrap_or_default(),
                created: created.unwrap_or_default(),
            }),
            ..Chunk::default()
        };
        let mut lacks_index = false;
        for choice in body.choices.unwrap_or_default() {
            let delta = choice.delta.as_ref();
            lacks_index |= delta.is_some_and(Said::has_calls_without_index);
            self.take(choice, &mut chunk)?;
        }
        if lacks_index {
            chunk.choices_with_index = self.places.repair(&event.data);
        }
        Ok(Frame::Chunk(chunk))
    }

    fn take(&mut self, choice: Choice<'_>, chunk: &mut Chunk) -> Result<(), Refusal> {
        let is_first = choice.index == 0;
        if let Some(delta) = choice.delta {
            chunk.names_role |= delta.role.is_some();
            chunk.has_answer |= delta.has_answer();
            chunk.other_content |= delta.has_answer() || delta.has_reasoning();
            let refusal = delta.refusal();
            let text = delta.content.map_or_else(String::new, Content::into_text);
            chunk.is_refusal |= is_first && refusal.is_some();
            let text = if text.is_empty() {
                refusal.unwrap_or_default()
            } else {
                text
            };
            if is_first {
                chunk.text = text;
            } else {
                chunk.other_content |= !text.is_empty();
            }
        }
        if let Some(word) = choice
            .finish_reason
            .as_deref()
            .filter(|word| !word.is_empty())
        {
            let reason = finish_reason(word)?;
            if is_first {
                self.first = Some(reason);
            }
            self.open = self.open.saturating_sub(1);
            if self.open == 0 {
                chunk.finish_reason = self.first.or(Some(reason));
            }
        }
        Ok(())
    }
}

impl Body<'_> {
    /// Whether it is a chunk. One without `choices` brings news only: its usage, what a filter found.
    fn is_chunk(&self, data: &str) -> bool {
        let is_error = self
            .object
            .is_some_and(|object| object.get() == "\"error\"");
        let brings_news = self.id.is_some()
            || self.object.is_some()
            || self.created.is_some()
            || self.model.is_some()
            || self.usage.is_some();
        // An empty object brings nothing, and keeps a connection open.
        let is_empty = data.trim() == "{}";
        self.choices.is_some() || is_empty || (brings_news && !is_error)
    }
}

/// The `choices` of an event as JSON on one line, where they can be shown in another envelope.
pub(super) fn choices_of(data: &str) -> Option<Cow<'_, str>> {
    let shown: Shown<'_> = serde_json::from_str(data).ok()?;
    let choices = shown.choices.get();
    if choices == "[]" {
        return None;
    }
    if choices.contains(['\n', '\r']) {
        let value: Value = serde_json::from_str(choices).ok()?;
        return Some(Cow::Owned(value.to_string()));
    }
    Some(Cow::Borrowed(choices))
}

fn not_a_chunk(event: &SseEvent, error: Option<serde_json::Error>) -> Refusal {
    let value: Value = match serde_json::from_str(&event.data) {
        Ok(value) => value,
        Err(error) => return Refusal::malformed(format!("an event is not JSON: {error}")),
    };
    if is_filtered(&value) {
        return Refusal::filtered();
    }
    if let Some(words) = error_words(&value) {
        return Refusal::server(format!("the stream reports an error: {words}"));
    }
    if event.name == "error" {
        return Refusal::server("the stream reports an error");
    }
    let why = error.map_or_else(|| "it has no choices".to_owned(), |error| error.to_string());
    Refusal::malformed(format!("an event has another shape: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ProviderErrorKind;
    use serde_json::json;

    fn frame(name: &str, data: &str) -> Result<Frame, Refusal> {
        StreamState::of(1).parse_frame(&SseEvent {
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
        assert!(!chunk.named.unwrap().is_plain);
    }

    #[test]
    fn frames_without_text_are_told_from_content_that_is_no_text() {
        let role = json!({"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""},
            "finish_reason": null}]});
        let role = chunk(&role);
        assert!(role.names_role && role.text.is_empty() && !role.other_content);
        let usage_only = json!({"choices": [], "usage": {"prompt_tokens": 2}});
        assert!(chunk(&usage_only).usage.is_some());
        for news in [
            json!({}),
            json!({"usage": {"prompt_tokens": 2}}),
            json!({"id": "", "object": "", "prompt_filter_results": [{"prompt_index": 0}]}),
            json!({"object": "chat.completion.chunk", "choices": null}),
        ] {
            assert!(chunk(&news).text.is_empty(), "{news}");
        }
        let thinking = chunk(&json!({"choices": [{"delta": {"reasoning_content": "Hm"}}]}));
        assert!(thinking.other_content && !thinking.has_answer);
        let calling = chunk(&json!({"choices": [{"delta": {"tool_calls": [{"index": 0}]}}]}));
        assert!(calling.other_content && calling.has_answer);
    }

    #[test]
    fn a_refusal_is_text_of_its_own_kind() {
        let refused = chunk(&json!({"choices": [{"delta": {"refusal": "I cannot."}}]}));
        assert_eq!(
            (refused.text.as_str(), refused.is_refusal),
            ("I cannot.", true)
        );
        let none = chunk(&json!({"choices": [{"delta": {"content": "Yes", "refusal": null}}]}));
        assert!(!none.is_refusal);
    }

    #[test]
    fn calls_get_the_index_that_clients_need_and_data_is_one_line() {
        let bare = json!({"id": "c", "created": 1, "model": "m", "object": "chat.completion.chunk",
            "choices": [{"index": 0, "delta": {"tool_calls": [{"id": "a", "function": {"name": "f"}}]}}]});
        let repaired = chunk(&bare).choices_with_index.unwrap();
        assert!(repaired.contains("\"index\":0"), "{repaired}");
        let whole = json!({"choices": [{"delta": {"tool_calls": [{"index": 0, "id": "a"}]}}]});
        assert_eq!(chunk(&whole).choices_with_index, None);
        let lines = "{\"choices\": [{\n\"index\": 0}]}";
        assert_eq!(choices_of(lines).as_deref(), Some("[{\"index\":0}]"));
    }

    #[test]
    fn several_answers_at_once_end_when_all_have_ended() {
        let mut state = StreamState::of(2);
        let mut finish = |index: usize| {
            let data = json!({"choices": [{"index": index, "delta": {}, "finish_reason": "stop"}]});
            let event = SseEvent {
                name: String::new(),
                data: data.to_string(),
            };
            match state.parse_frame(&event) {
                Ok(Frame::Chunk(chunk)) => chunk.finish_reason,
                other => unreachable!("no chunk: {other:?}"),
            }
        };
        assert_eq!(finish(1), None);
        assert_eq!(finish(0), Some(FinishReason::Stop));
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
