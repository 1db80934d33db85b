//! Tests of `gemini/stream`, on texts in the vendor's shape.

use super::*;
use crate::sse::SseParser;
use crate::{FinishReason, ProviderErrorKind, Usage};
use serde_json::{Value, json};

/// What a whole stream says: its chunks, and the failure that ended it.
fn stream(text: &str) -> (Vec<Chunk>, Option<Refusal>) {
    let mut events = Vec::new();
    SseParser::default()
        .push(text.as_bytes(), &mut events)
        .unwrap();
    let mut state = StreamState::default();
    let mut chunks = Vec::new();
    for event in &events {
        match state.parse_frame(event) {
            Ok(Frame::Chunk(chunk)) => chunks.push(chunk),
            Ok(Frame::Done) => unreachable!("this wire has no terminal marker"),
            Err(refusal) => return (chunks, Some(refusal)),
        }
    }
    (chunks, None)
}

fn text(chunks: &[Chunk]) -> String {
    chunks.iter().map(|chunk| chunk.text.as_str()).collect()
}

/// The deltas that callers of `/v1` see.
fn deltas(chunks: &[Chunk]) -> Vec<Value> {
    let shown = chunks.iter().filter(|chunk| !chunk.choices.is_empty());
    shown
        .map(|chunk| {
            let choices: Value = serde_json::from_str(&chunk.choices).unwrap();
            choices[0]["delta"].clone()
        })
        .collect()
}

fn finish(chunks: &[Chunk]) -> Option<FinishReason> {
    chunks.iter().find_map(|chunk| chunk.finish_reason)
}

fn kind_of(data: &str) -> ProviderErrorKind {
    let event = SseEvent {
        name: String::new(),
        data: data.to_owned(),
    };
    StreamState::default().parse_frame(&event).unwrap_err().kind
}

#[test]
fn a_stream_is_read_to_its_reason_to_stop() {
    let (chunks, failure) = stream(include_str!("fixtures/answer.sse"));
    assert_eq!(failure, None);
    assert_eq!(text(&chunks), "ARP maps addresses [1].");
    assert_eq!(finish(&chunks), Some(FinishReason::Stop));
    assert!(chunks[0].other_content && !chunks[1].other_content);
    assert_eq!(
        deltas(&chunks),
        [
            json!({"role": "assistant", "reasoning_content": "Which protocol is it?"}),
            json!({"content": "ARP maps "}),
            json!({"content": "addresses [1]."}),
        ]
    );
    assert_eq!(chunks[2].model.as_deref(), Some("gemini-2.5-flash"));
    assert_eq!(
        chunks[2].usage,
        Some(Usage {
            prompt_tokens: 10,
            completion_tokens: 12,
            total_tokens: 22,
        })
    );
}

#[test]
fn calls_come_whole_and_their_end_may_come_after_them() {
    let (chunks, failure) = stream(include_str!("fixtures/tool_call.sse"));
    assert_eq!(failure, None);
    assert_eq!(finish(&chunks), Some(FinishReason::ToolCalls));
    let deltas = deltas(&chunks);
    assert_eq!(
        deltas[0],
        json!({"role": "assistant", "tool_calls": [{"index": 0, "id": "fc-1", "type": "function",
            "function": {"name": "weather", "arguments": "{\"town\": \"Kraków\"}"},
            "extra_content": {"google": {"thought_signature": "c2lnbmVk"}}}]})
    );
    let second = &deltas[1]["tool_calls"][0];
    assert_eq!(second["index"], 1);
    assert!(second["id"].as_str().unwrap().starts_with("call_1_"));
    assert_eq!(
        second["function"],
        json!({"name": "now", "arguments": "{}"})
    );
    assert_eq!(deltas[2], json!({}));
}

#[test]
fn a_cut_and_a_filter_are_told_from_an_end() {
    let (chunks, _) = stream(include_str!("fixtures/max_tokens.sse"));
    assert_eq!(finish(&chunks), Some(FinishReason::Length));
    let (chunks, _) = stream(include_str!("fixtures/safety.sse"));
    assert_eq!(finish(&chunks), Some(FinishReason::ContentFilter));
}

#[test]
fn a_stream_that_breaks_off_has_no_reason_to_stop() {
    let (chunks, failure) = stream(include_str!("fixtures/cut_off.sse"));
    assert_eq!(text(&chunks), "ARP maps ");
    assert_eq!((finish(&chunks), failure), (None, None));
}

#[test]
fn an_error_inside_a_stream_is_refused_by_its_kind() {
    let (chunks, failure) = stream(include_str!("fixtures/unavailable.sse"));
    assert_eq!(text(&chunks), "ARP maps ");
    let refusal = failure.unwrap();
    assert_eq!(refusal.kind, ProviderErrorKind::Server);
    assert!(refusal.reason.contains("overloaded"), "{refusal:?}");
    for (data, kind) in [
        (
            r#"{"error": {"status": "RESOURCE_EXHAUSTED"}}"#,
            ProviderErrorKind::Server,
        ),
        (
            r#"{"candidates": [{"finishReason": "OTHER"}]}"#,
            ProviderErrorKind::Server,
        ),
        (
            include_str!("fixtures/blocked.json"),
            ProviderErrorKind::Filtered,
        ),
    ] {
        assert_eq!(kind_of(data), kind, "{data}");
    }
}

#[test]
fn what_is_no_event_is_refused_and_news_alone_says_nothing() {
    for data in [
        "",
        "{\"candi",
        "5",
        "[]",
        "{}",
        "{\"text\": \"Yes\"}",
        "{\"candidates\": 5}",
        "[DONE]",
    ] {
        assert_eq!(kind_of(data), ProviderErrorKind::Malformed, "{data}");
    }
    let (chunks, failure) = stream(concat!(
        "data: {\"usageMetadata\": {\"promptTokenCount\": 2}}\n\n",
        "data: {\"candidates\": [{\"index\": 1, \"content\": {\"parts\": [{\"text\": \"No\"}]}}]}\n\n",
    ));
    assert_eq!(failure, None);
    assert!(chunks[0].usage.is_some());
    assert_eq!(chunks[1], Chunk::default());
}
