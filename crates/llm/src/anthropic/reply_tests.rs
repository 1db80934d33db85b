//! Tests of `anthropic/reply`, on texts in the vendor's shape.

use super::*;
use crate::{ProviderErrorKind, Usage};
use serde_json::json;

fn parse(text: &str) -> Result<ChatReply, Refusal> {
    parse_reply(text.as_bytes(), "asked", 1_700_000_000)
}

fn kind_of(body: &Value) -> ProviderErrorKind {
    parse(&body.to_string()).unwrap_err().kind
}

#[test]
fn an_answer_is_read_with_all_that_the_prompt_took() {
    let reply = parse(include_str!("fixtures/answer.json")).unwrap();
    assert_eq!(reply.text, "ARP maps addresses [1].");
    assert_eq!(reply.model, "claude-sonnet-4-5-20250929");
    assert_eq!(reply.finish_reason, FinishReason::Stop);
    assert_eq!(
        reply.usage,
        Usage {
            prompt_tokens: 20,
            completion_tokens: 7,
            total_tokens: 27,
        }
    );
    let json: Value = serde_json::from_slice(&reply.json).unwrap();
    assert_eq!(json["id"], "chatcmpl-msg_01ExampleAnswer");
    assert_eq!(json["created"], 1_700_000_000);
}

#[test]
fn calls_and_thoughts_are_carried_over() {
    let reply = parse(include_str!("fixtures/tool_call.json")).unwrap();
    assert_eq!(reply.text, "I look it up.");
    assert_eq!(reply.finish_reason, FinishReason::ToolCalls);
    let json: Value = serde_json::from_slice(&reply.json).unwrap();
    let choice = &json["choices"][0];
    assert_eq!(choice["finish_reason"], "tool_calls");
    assert_eq!(
        choice["message"],
        json!({"role": "assistant", "content": "I look it up.", "refusal": null,
            "reasoning_content": "The weather is asked for.",
            "tool_calls": [
                {"id": "toolu_01A", "type": "function", "function": {"name": "weather",
                    "arguments": "{ \"town\": \"Kraków\", \"at\": 12345678901234567890123 }"}},
                {"id": "toolu_01B", "type": "function", "function": {"name": "now", "arguments": "{}"}}]})
    );
}

#[test]
fn each_reason_to_stop_has_its_word() {
    for (word, reason) in [
        ("end_turn", FinishReason::Stop),
        ("stop_sequence", FinishReason::Stop),
        ("pause_turn", FinishReason::Stop),
        ("max_tokens", FinishReason::Length),
        ("model_context_window_exceeded", FinishReason::Length),
        ("refusal", FinishReason::ContentFilter),
        ("tool_use", FinishReason::ToolCalls),
    ] {
        let body = json!({"content": [{"type": "text", "text": "Yes"}], "stop_reason": word});
        let reply = parse(&body.to_string()).unwrap();
        assert_eq!(reply.finish_reason, reason, "{word}");
        assert_eq!(reply.model, "asked");
    }
}

#[test]
fn a_refusal_without_words_is_an_answer_of_which_nothing_can_be_seen() {
    let refusal = parse(include_str!("fixtures/refusal.json")).unwrap();
    assert!(refusal.is_withheld && refusal.text.is_empty());
    assert_eq!(refusal.finish_reason, FinishReason::ContentFilter);
}

#[test]
fn what_is_no_answer_is_refused_by_its_kind() {
    let error = |kind: &str| json!({"type": "error", "error": {"type": kind, "message": "No."}});
    for (body, kind) in [
        (error("overloaded_error"), ProviderErrorKind::Server),
        (error("rate_limit_error"), ProviderErrorKind::Server),
        (error("authentication_error"), ProviderErrorKind::Server),
        (json!({"answer": "Yes"}), ProviderErrorKind::Malformed),
        (json!("Yes"), ProviderErrorKind::Malformed),
        (
            json!({"content": [{"text": "no type"}]}),
            ProviderErrorKind::Malformed,
        ),
        (
            json!({"content": [{"type": "tool_use"}]}),
            ProviderErrorKind::Malformed,
        ),
        (json!({"content": []}), ProviderErrorKind::Empty),
        (
            json!({"content": [{"type": "text", "text": " \n"}]}),
            ProviderErrorKind::Empty,
        ),
    ] {
        assert_eq!(kind_of(&body), kind, "{body}");
    }
    let cut = parse("{\"content\": [{\"ty").unwrap_err();
    assert_eq!(cut.kind, ProviderErrorKind::Malformed);
}
