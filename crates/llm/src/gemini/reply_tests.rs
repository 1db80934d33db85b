//! Tests of `gemini/reply`, on texts in the vendor's shape.

use super::*;
use crate::{FinishReason, ProviderErrorKind, Usage};
use serde_json::{Value, json};

fn parse(text: &str) -> Result<ChatReply, Refusal> {
    parse_reply(text.as_bytes(), "asked", 1_700_000_000)
}

fn refused(body: &Value) -> Refusal {
    parse(&body.to_string()).unwrap_err()
}

#[test]
fn an_answer_is_read_with_the_thoughts_that_it_took() {
    let reply = parse(include_str!("fixtures/answer.json")).unwrap();
    assert_eq!(reply.text, "ARP maps addresses [1].");
    assert_eq!(reply.model, "gemini-2.5-flash");
    assert_eq!(reply.finish_reason, FinishReason::Stop);
    assert_eq!(
        reply.usage,
        Usage {
            prompt_tokens: 12,
            completion_tokens: 27,
            total_tokens: 39,
        }
    );
    let json: Value = serde_json::from_slice(&reply.json).unwrap();
    assert_eq!(json["id"], "chatcmpl-exampleAnswer");
}

#[test]
fn calls_and_thoughts_are_carried_over() {
    let text = include_str!("fixtures/tool_call.json");
    let reply = parse(text).unwrap();
    assert_eq!(reply.finish_reason, FinishReason::ToolCalls);
    let json: Value = serde_json::from_slice(&reply.json).unwrap();
    let message = &json["choices"][0]["message"];
    assert_eq!(message["content"], Value::Null);
    assert_eq!(message["reasoning_content"], "The weather is asked for.");
    let calls = &message["tool_calls"];
    assert!(calls[0]["id"].as_str().unwrap().starts_with("call_0_"));
    assert_eq!(
        calls[0]["function"]["arguments"],
        "{ \"town\": \"Kraków\" }"
    );
    assert_eq!(
        calls[0]["extra_content"],
        json!({"google": {"thought_signature": "c2lnbmVk"}})
    );
    assert_eq!(
        calls[1],
        json!({"id": "fc-2", "type": "function", "function": {"name": "now", "arguments": "{}"}})
    );
    assert_eq!(parse(text), Ok(reply), "made-up ids are the same each time");
}

#[test]
fn each_reason_to_stop_is_an_end_or_a_failure() {
    let ended = |word: &str| {
        let body = json!({"candidates": [{"content": {"parts": [{"text": "Yes"}]}, "finishReason": word}]});
        parse(&body.to_string()).map(|reply| reply.finish_reason)
    };
    for (word, reason) in [
        ("STOP", FinishReason::Stop),
        ("MAX_TOKENS", FinishReason::Length),
        ("SAFETY", FinishReason::ContentFilter),
        ("RECITATION", FinishReason::ContentFilter),
        ("BLOCKLIST", FinishReason::ContentFilter),
        ("PROHIBITED_CONTENT", FinishReason::ContentFilter),
        ("SPII", FinishReason::ContentFilter),
        ("LANGUAGE", FinishReason::ContentFilter),
        ("FINISH_REASON_UNSPECIFIED", FinishReason::Stop),
    ] {
        assert_eq!(ended(word), Ok(reason), "{word}");
    }
    for word in [
        "MALFORMED_FUNCTION_CALL",
        "OTHER",
        "UNEXPECTED_TOOL_CALL",
        "NEW",
    ] {
        let refusal = ended(word).unwrap_err();
        assert_eq!(refusal.kind, ProviderErrorKind::Server, "{word}");
        assert!(refusal.reason.contains(word), "{refusal:?}");
    }
}

#[test]
fn a_blocked_prompt_and_a_blocked_answer_are_told_from_failures() {
    let blocked = parse(include_str!("fixtures/blocked.json")).unwrap_err();
    assert_eq!(blocked.kind, ProviderErrorKind::Filtered);
    assert!(blocked.reason.contains("PROHIBITED_CONTENT"), "{blocked:?}");
    let unsafe_answer = parse(include_str!("fixtures/safety.json")).unwrap();
    assert!(unsafe_answer.is_withheld && unsafe_answer.text.is_empty());
    assert_eq!(unsafe_answer.finish_reason, FinishReason::ContentFilter);
}

#[test]
fn what_is_no_answer_is_refused_by_its_kind() {
    let error = |status: &str| json!({"error": {"code": 500, "message": "No.", "status": status}});
    let said = |text: &str| json!({"candidates": [{"content": {"parts": [{"text": text}]}}]});
    for (body, kind) in [
        (error("INTERNAL"), ProviderErrorKind::Server),
        (
            json!([error("RESOURCE_EXHAUSTED")]),
            ProviderErrorKind::Server,
        ),
        (error("NEW"), ProviderErrorKind::Server),
        (json!({"answer": "Yes"}), ProviderErrorKind::Malformed),
        (json!([]), ProviderErrorKind::Malformed),
        (json!("Yes"), ProviderErrorKind::Malformed),
        (json!({"candidates": "Yes"}), ProviderErrorKind::Malformed),
        (json!({"candidates": []}), ProviderErrorKind::Empty),
        (
            json!({"usageMetadata": {"promptTokenCount": 1}}),
            ProviderErrorKind::Empty,
        ),
        (said(" \n"), ProviderErrorKind::Empty),
    ] {
        assert_eq!(refused(&body).kind, kind, "{body}");
    }
    let cut = parse("{\"candidates\": [{").unwrap_err();
    assert_eq!(cut.kind, ProviderErrorKind::Malformed);
}
