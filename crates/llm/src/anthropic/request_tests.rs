//! Tests of `anthropic/request`, on texts in the vendor's shape.

use super::*;
use serde_json::{Value, json};

fn request(fields: &Value) -> ChatRequest {
    let fields = fields.as_object().unwrap().iter();
    ChatRequest {
        fields: fields
            .map(|(name, value)| {
                let raw = RawValue::from_string(value.to_string()).unwrap();
                (name.clone(), raw)
            })
            .collect(),
        ..ChatRequest::default()
    }
}

fn sent(fields: &Value, stream: bool) -> Value {
    let body = body(&request(fields), "claude-sonnet-4-5", stream).unwrap();
    serde_json::from_slice(&body).unwrap()
}

fn refused(fields: &Value) -> String {
    body(&request(fields), "claude-sonnet-4-5", false)
        .unwrap_err()
        .0
}

fn fixture(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// A question, with `name` set to `value`.
fn asking(name: &str, value: Value) -> Value {
    json!({"messages": [{"role": "user", "content": "Hi"}], name: value})
}

#[test]
fn a_conversation_with_tools_is_carried_over() {
    let body = sent(
        &json!({
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "Weather in Oslo and Bergen?"},
                {"role": "assistant", "content": "I look.", "tool_calls": [
                    {"id": "call_1", "type": "function",
                     "function": {"name": "weather", "arguments": "{\"town\": \"Oslo\"}"}},
                    {"id": "call_2.x", "type": "function",
                     "function": {"name": "weather", "arguments": ""}}]},
                {"role": "tool", "tool_call_id": "call_1", "content": "rain"},
                {"role": "tool", "tool_call_id": "call_2.x", "content": ""},
                {"role": "developer", "content": "Be kind."},
                {"role": "user", "content": [{"type": "text", "text": "In Celsius."}, {"type": "text", "text": " "}]},
            ],
            "max_tokens": 64, "temperature": 1.7, "stop": ["END"], "user": "u-1", "seed": 5,
            "tools": [
                {"type": "function", "function": {"name": "weather", "description": "The weather of a town.",
                 "parameters": {"properties": {"town": {"type": "string"}}}}},
                {"type": "function", "function": {"name": "now"}}],
            "tool_choice": "required", "parallel_tool_calls": false,
        }),
        true,
    );
    assert_eq!(body, fixture(include_str!("fixtures/tool_request.json")));
}

#[test]
fn images_go_as_bytes_or_as_an_address() {
    let body = sent(
        &json!({"messages": [{"role": "user", "content": [
            {"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
            {"type": "image_url", "image_url": {"url": "https://example.com/a.webp"}}]}]}),
        false,
    );
    assert_eq!(body, fixture(include_str!("fixtures/image_request.json")));
}

#[test]
fn a_wish_for_json_is_said_in_words() {
    let plain = sent(
        &asking("response_format", json!({"type": "json_object"})),
        false,
    );
    assert!(plain["system"].as_str().unwrap().contains("JSON object"));
    let mut asked = asking(
        "response_format",
        json!({"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}}),
    );
    asked["messages"] =
        json!([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]);
    let system = sent(&asked, false)["system"].as_str().unwrap().to_owned();
    assert!(system.starts_with("Be brief.\n\n"), "{system}");
    assert!(system.ends_with("{\"type\":\"object\"}"), "{system}");
}

#[test]
fn each_choice_of_tools_has_its_word() {
    for (choice, expected) in [
        (json!("auto"), json!({"type": "auto"})),
        (json!("none"), json!({"type": "none"})),
        (json!("required"), json!({"type": "any"})),
        (
            json!({"type": "function", "function": {"name": "now"}}),
            json!({"type": "tool", "name": "now"}),
        ),
        (Value::Null, Value::Null),
    ] {
        let mut fields = asking("tool_choice", choice);
        assert_eq!(
            sent(&fields, false)["tool_choice"],
            Value::Null,
            "without tools"
        );
        fields["tools"] = json!([{"type": "function", "function": {"name": "now"}}]);
        assert_eq!(sent(&fields, false)["tool_choice"], expected);
    }
}

#[test]
fn calls_of_a_conversation_without_tools_are_declared_and_not_repeated() {
    let body = sent(
        &json!({"messages": [
            {"role": "user", "content": "Time?"},
            {"role": "assistant", "tool_calls": [{"id": "c", "type": "function",
                "function": {"name": "now", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "c", "content": "noon"}]}),
        false,
    );
    assert_eq!(
        body["tools"],
        json!([{"name": "now", "input_schema": {"type": "object"}}])
    );
    assert_eq!(body["tool_choice"], json!({"type": "none"}));
}

#[test]
fn turns_alternate_and_the_last_words_of_the_model_end_without_space() {
    let body = sent(
        &json!({"messages": [
            {"role": "user", "content": "A"}, {"role": "user", "content": "B"},
            {"role": "assistant", "content": " \n"}, {"role": "user", "content": "C"},
            {"role": "assistant", "content": "Well, "}]}),
        false,
    );
    assert_eq!(
        body["messages"],
        json!([
            {"role": "user", "content": [{"type": "text", "text": "A"}, {"type": "text", "text": "B"},
                {"type": "text", "text": "C"}]},
            {"role": "assistant", "content": [{"type": "text", "text": "Well,"}]}])
    );
}

#[test]
fn the_system_alone_is_asked_by_the_user() {
    let body = sent(
        &json!({"messages": [{"role": "system", "content": "Say hi."}]}),
        false,
    );
    assert_eq!(body["system"], Value::Null);
    assert_eq!(
        body["messages"],
        json!([{"role": "user", "content": [{"type": "text", "text": "Say hi."}]}])
    );
}

#[test]
fn what_this_wire_cannot_take_is_refused_by_its_name() {
    assert!(refused(&asking("stop", json!(["\n"]))).contains("`stop`"));
    let blank = json!([{"role": "user", "content": " "}]);
    assert!(refused(&asking("messages", blank)).contains("holds no text"));
    assert!(refused(&asking("n", json!(2))).contains("`n`"));
    let tool = json!([{"type": "function", "function": {"name": "now", "parameters": []}}]);
    assert!(refused(&asking("tools", tool)).contains("`now`"));
    let tiff = json!([{"role": "user", "content": [{"type": "image_url", "image_url":
        {"url": "data:image/tiff;base64,AAAA"}}]}]);
    assert!(refused(&asking("messages", tiff)).contains("image/tiff"));
}

#[test]
fn a_persons_address_is_not_passed_on() {
    let body = sent(&asking("user", json!("ann@example.com")), false);
    assert_eq!(body["metadata"], Value::Null);
}

#[test]
fn the_path_is_the_same_for_streams() {
    assert_eq!(path("claude-sonnet-4-5", false), "messages");
    assert_eq!(path("claude-sonnet-4-5", true), "messages");
}
