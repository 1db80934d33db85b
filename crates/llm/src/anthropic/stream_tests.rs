//! Tests of `anthropic/stream`, on texts in the vendor's shape.

use super::*;
use crate::sse::SseParser;
use crate::{FinishReason, ProviderErrorKind, Usage};
use serde_json::json;

/// What a whole stream says: its chunks, and how it ended (`true`: with the terminal marker).
fn stream(text: &str) -> (Vec<Chunk>, Result<bool, Refusal>) {
    let mut events = Vec::new();
    SseParser::default()
        .push(text.as_bytes(), &mut events)
        .unwrap();
    let mut state = StreamState::default();
    let mut chunks = Vec::new();
    for event in &events {
        match state.parse_frame(event) {
            Ok(Frame::Chunk(chunk)) => chunks.push(chunk),
            Ok(Frame::Done) => return (chunks, Ok(true)),
            Err(refusal) => return (chunks, Err(refusal)),
        }
    }
    (chunks, Ok(false))
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

fn frame(name: &str, data: &str) -> Result<Frame, Refusal> {
    StreamState::default().parse_frame(&SseEvent {
        name: name.to_owned(),
        data: data.to_owned(),
    })
}

#[test]
fn a_stream_is_read_to_its_terminal_marker() {
    let (chunks, end) = stream(include_str!("fixtures/answer.sse"));
    assert_eq!(end, Ok(true));
    assert_eq!(text(&chunks), "ARP maps addresses [1].");
    assert_eq!(finish(&chunks), Some(FinishReason::Stop));
    assert_eq!(
        deltas(&chunks),
        [
            json!({"role": "assistant", "content": "ARP maps "}),
            json!({"content": "addresses [1]."}),
            json!({}),
        ]
    );
    let model = chunks.iter().find_map(|chunk| chunk.model.as_deref());
    assert_eq!(model, Some("claude-sonnet-4-5-20250929"));
    assert_eq!(
        chunks.iter().rev().find_map(|chunk| chunk.usage),
        Some(Usage {
            prompt_tokens: 15,
            completion_tokens: 7,
            total_tokens: 22,
        })
    );
}

#[test]
fn calls_and_thoughts_come_in_pieces() {
    let (chunks, end) = stream(include_str!("fixtures/tool_call.sse"));
    assert_eq!(end, Ok(true));
    assert_eq!(text(&chunks), "");
    assert_eq!(finish(&chunks), Some(FinishReason::ToolCalls));
    let begin = |index: usize, id: &str, name: &str| {
        json!({"tool_calls": [{"index": index, "id": id, "type": "function",
            "function": {"name": name, "arguments": ""}}]})
    };
    let more = |index: usize, arguments: &str| json!({"tool_calls": [{"index": index, "function": {"arguments": arguments}}]});
    assert_eq!(
        deltas(&chunks),
        [
            json!({"role": "assistant", "reasoning_content": "The weather is asked for."}),
            begin(0, "toolu_01A", "weather"),
            more(0, "{\"town\": \"Kra"),
            more(0, "ków\"}"),
            begin(1, "toolu_01B", "now"),
            more(1, "{}"),
            json!({}),
        ]
    );
    let content = chunks.iter().filter(|chunk| chunk.other_content).count();
    assert_eq!(content, 6, "hidden reasoning is no content");
    let usage = chunks.iter().rev().find_map(|chunk| chunk.usage);
    assert_eq!(usage.map(|usage| usage.prompt_tokens), Some(21));
}

#[test]
fn a_cut_and_a_refusal_are_told_from_an_end() {
    let (chunks, end) = stream(include_str!("fixtures/max_tokens.sse"));
    assert_eq!(
        (finish(&chunks), end),
        (Some(FinishReason::Length), Ok(true))
    );
    let (chunks, end) = stream(include_str!("fixtures/refusal.sse"));
    assert_eq!(
        (finish(&chunks), end),
        (Some(FinishReason::ContentFilter), Ok(true))
    );
}

#[test]
fn a_stream_that_breaks_off_has_no_end() {
    let (chunks, end) = stream(include_str!("fixtures/cut_off.sse"));
    assert_eq!(text(&chunks), "ARP maps");
    assert_eq!((finish(&chunks), end), (None, Ok(false)));
}

#[test]
fn an_error_inside_a_stream_is_the_upstreams_failure() {
    let (chunks, end) = stream(include_str!("fixtures/overloaded.sse"));
    assert_eq!(text(&chunks), "ARP maps");
    let refusal = end.unwrap_err();
    assert_eq!(refusal.kind, ProviderErrorKind::Server);
    assert!(refusal.reason.ends_with("Overloaded"), "{refusal:?}");
    for word in [
        "api_error",
        "rate_limit_error",
        "permission_error",
        "billing_error",
        "invalid_request_error",
        "new_error",
    ] {
        let data = json!({"type": "error", "error": {"type": word, "message": "No."}}).to_string();
        let kind = frame("error", &data).unwrap_err().kind;
        assert_eq!(kind, ProviderErrorKind::Server, "{word}");
    }
    assert_eq!(
        frame("error", "{}").unwrap_err().kind,
        ProviderErrorKind::Server
    );
}

#[test]
fn unknown_events_say_nothing_and_broken_ones_are_refused() {
    let nothing = Ok(Frame::Chunk(Chunk::default()));
    assert_eq!(frame("", "{\"type\": \"news\", \"index\": \"x\"}"), nothing);
    assert_eq!(frame("ping", "{}"), nothing);
    let other = r#"{"type":"content_block_delta","index":0,"delta":{"type":"citations_delta","citation":{}}}"#;
    assert_eq!(frame("", other), nothing);
    for data in [
        "{\"type\": \"content_block_delta\", \"ind",
        "{\"type\": \"content_block_delta\"}",
        "{\"type\": \"content_block_start\", \"index\": 0, \"content_block\": {\"type\": \"tool_use\"}}",
        "{\"text\": \"Yes\"}",
        "5",
        "",
    ] {
        let refusal = frame("", data).unwrap_err();
        assert_eq!(refusal.kind, ProviderErrorKind::Malformed, "{data}");
    }
}

#[test]
fn arguments_that_come_whole_are_given_at_the_end_of_their_block() {
    let mut state = StreamState::default();
    let mut chunks = Vec::new();
    for data in [
        r#"{"type":"content_block_start","index":4,"content_block":{"type":"tool_use","id":"c","name":"now","input":{"at":1}}}"#,
        r#"{"type":"content_block_stop","index":4}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"}}"#,
    ] {
        let event = SseEvent {
            name: String::new(),
            data: data.to_owned(),
        };
        match state.parse_frame(&event) {
            Ok(Frame::Chunk(chunk)) => chunks.push(chunk),
            other => unreachable!("no chunk: {other:?}"),
        }
    }
    assert_eq!(
        deltas(&chunks)[1],
        json!({"tool_calls": [{"index": 0, "function": {"arguments": "{\"at\":1}"}}]})
    );
    assert_eq!(finish(&chunks), Some(FinishReason::ToolCalls));
}
