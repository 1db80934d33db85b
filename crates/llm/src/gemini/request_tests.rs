//! Tests of `gemini/request`, on texts in the vendor's shape.

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

fn sent(fields: &Value, model: &str) -> Value {
    let body = body(&request(fields), model, false).unwrap();
    serde_json::from_slice(&body).unwrap()
}

fn fixture(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// A question, with `name` set to `value`.
fn asking(name: &str, value: Value) -> Value {
    json!({"messages": [{"role": "user", "content": "Hi"}], name: value})
}

/// A conversation in which a call was asked for and answered.
fn called(signature: Option<&str>) -> Value {
    let mut call =
        json!({"id": "c", "type": "function", "function": {"name": "now", "arguments": "{}"}});
    if let Some(signature) = signature {
        call["extra_content"] = json!({"google": {"thought_signature": signature}});
    }
    json!({"messages": [{"role": "user", "content": "Time?"},
        {"role": "assistant", "content": null, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": "noon"}]})
}

#[test]
fn a_conversation_with_tools_is_carried_over() {
    let body = sent(
        &json!({
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "Weather in Oslo and Bergen?"},
                {"role": "assistant", "content": "I look.", "tool_calls": [
                    {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{\"town\":\"Oslo\"}"},
                     "extra_content": {"google": {"thought_signature": "c2lnbmVk"}}},
                    {"id": "call_2", "type": "function", "function": {"name": "now", "arguments": ""}}]},
                {"role": "tool", "tool_call_id": "call_1", "content": "{\"sky\": \"rain\"}"},
                {"role": "tool", "tool_call_id": "call_2", "content": "noon"},
                {"role": "developer", "content": "Be kind."},
                {"role": "user", "content": "In Celsius."},
            ],
            "max_completion_tokens": 64, "temperature": 1.7, "top_p": 0.5, "stop": "END", "seed": 5,
            "tools": [
                {"type": "function", "function": {"name": "weather", "description": "The weather of a town.",
                 "parameters": {"type": "object", "properties": {"town": {"type": "string"}}}}},
                {"type": "function", "function": {"name": "now"}}],
            "tool_choice": {"type": "function", "function": {"name": "weather"}},
        }),
        "gemini-3-flash",
    );
    assert_eq!(body, fixture(include_str!("fixtures/tool_request.json")));
}

#[test]
fn images_go_as_bytes_or_as_an_address() {
    let body = sent(
        &json!({"messages": [{"role": "user", "content": [
            {"type": "text", "text": "What is this?"}, {"type": "text", "text": ""},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
            {"type": "image_url", "image_url": {"url": "https://example.com/a.WebP?size=1"}},
            {"type": "image_url", "image_url": {"url": "https://example.com/picture"}}]}]}),
        "gemini-2.5-flash",
    );
    assert_eq!(body, fixture(include_str!("fixtures/image_request.json")));
}

#[test]
fn a_call_without_a_signature_gets_the_stand_in_from_version_3_on() {
    let signature = |fields: &Value, model: &str| {
        sent(fields, model)["contents"][1]["parts"][0]["thoughtSignature"].clone()
    };
    for model in [
        "gemini-3-flash",
        "models/gemini-3.1-pro",
        "gemini-flash-latest",
    ] {
        assert_eq!(
            signature(&called(None), model),
            "skip_thought_signature_validator"
        );
        assert_eq!(signature(&called(Some("c2ln")), model), "c2ln");
    }
    for model in ["gemini-2.5-pro", "models/gemma-3-27b-it"] {
        assert_eq!(signature(&called(None), model), Value::Null, "{model}");
    }
}

#[test]
fn a_result_without_its_call_is_refused_unless_it_names_the_function() {
    let mut orphan = json!([{"role": "user", "content": "Hi"},
        {"role": "tool", "tool_call_id": "x", "content": "noon"}]);
    let fields = asking("messages", orphan.clone());
    let refused = body(&request(&fields), "gemini-3-flash", false).unwrap_err();
    assert!(refused.0.contains("`messages[1]`"), "{refused}");
    orphan[1]["name"] = json!("now");
    let sent = sent(&asking("messages", orphan), "gemini-3-flash");
    assert_eq!(
        sent["contents"][1]["parts"][0]["functionResponse"]["name"],
        "now"
    );
}

#[test]
fn json_is_asked_for_by_a_field_or_beside_tools_in_words() {
    let schema =
        json!({"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}});
    let mut fields = asking("response_format", schema);
    let plain = sent(&fields, "gemini-2.5-flash");
    assert_eq!(
        plain["generationConfig"],
        json!({"responseMimeType": "application/json", "responseJsonSchema": {"type": "object"}})
    );
    assert_eq!(plain["systemInstruction"], Value::Null);
    fields["tools"] = json!([{"type": "function", "function": {"name": "now"}}]);
    let beside = sent(&fields, "gemini-2.5-flash");
    assert_eq!(beside["generationConfig"], json!({}));
    let words = beside["systemInstruction"]["parts"][0]["text"]
        .as_str()
        .unwrap();
    assert!(words.contains("JSON Schema"), "{words}");
}

#[test]
fn each_choice_of_tools_has_its_mode() {
    for (choice, mode) in [
        (json!("auto"), json!("AUTO")),
        (json!("none"), json!("NONE")),
        (json!("required"), json!("ANY")),
        (Value::Null, Value::Null),
    ] {
        let mut fields = asking("tool_choice", choice);
        let mode_of = |fields: &Value| {
            sent(fields, "gemini-2.5-flash")["toolConfig"]["functionCallingConfig"]["mode"].clone()
        };
        assert_eq!(mode_of(&fields), Value::Null, "without tools");
        fields["tools"] = json!([{"type": "function", "function": {"name": "now"}}]);
        assert_eq!(mode_of(&fields), mode);
    }
}

#[test]
fn the_system_alone_is_asked_by_the_user() {
    let body = sent(
        &json!({"messages": [{"role": "system", "content": "Say hi."}], "seed": 99_999_999_999_u64}),
        "gemini-2.5-flash",
    );
    assert_eq!(
        body,
        json!({"contents": [{"role": "user", "parts": [{"text": "Say hi."}]}], "generationConfig": {}})
    );
}

#[test]
fn a_models_name_names_no_other_path() {
    assert_eq!(
        path("gemini-2.5-flash", false),
        "models/gemini-2.5-flash:generateContent"
    );
    assert_eq!(
        path("models/gemini-2.5-flash", true),
        "models/gemini-2.5-flash:streamGenerateContent?alt=sse"
    );
    assert_eq!(
        path("tunedModels/mine", false),
        "tunedModels/mine:generateContent"
    );
    assert_eq!(
        path("../files?x=é", false),
        "models/..%2Ffiles%3Fx%3D%C3%A9:generateContent"
    );
}
