//! Tests of `openai/call`, on texts in the vendor's shape.

use super::*;
use serde_json::value::RawValue;
use serde_json::{Value, json};

fn fields(body: &Value) -> Vec<(String, Box<RawValue>)> {
    body.as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| {
            let raw = RawValue::from_string(value.to_string()).unwrap();
            (name.clone(), raw)
        })
        .collect()
}

fn call(body: &Value) -> Call {
    Call::of(&fields(body)).unwrap()
}

/// A call with `name` set to `value` is refused with these words.
fn refusal(name: &str, value: &Value) -> String {
    let mut body = json!({"messages": [{"role": "user", "content": "Hi"}]});
    body[name] = value.clone();
    Call::of(&fields(&body)).unwrap_err().0
}

#[test]
fn a_conversation_with_tools_and_images_is_read() {
    let call = call(&json!({"messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "developer", "content": [{"type": "text", "text": "Be kind."}]},
        {"role": "user", "name": "ann", "content": [
            {"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {"url": "data:image/jpg;base64,AAAA", "detail": "low"}},
            {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]},
        {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function",
            "function": {"name": "look", "arguments": "{\"at\":1}"},
            "extra_content": {"google": {"thought_signature": "c2ln"}}}]},
        {"role": "tool", "tool_call_id": "call_1", "content": "a cat"},
        {"role": "assistant", "content": null, "refusal": "No."},
    ]}));
    assert_eq!(call.system().as_deref(), Some("Be brief.\n\nBe kind."));
    let Message::User(parts) = &call.messages[2] else {
        unreachable!("{:?}", call.messages[2])
    };
    assert_eq!(
        parts[1],
        Part::Image(Image::Inline {
            media_type: "image/jpeg".to_owned(),
            base64: "AAAA".to_owned()
        })
    );
    assert_eq!(
        parts[2],
        Part::Image(Image::Remote("https://example.com/a.png".to_owned()))
    );
    assert_eq!(
        call.messages[3],
        Message::Assistant {
            text: String::new(),
            calls: vec![ToolCall {
                id: "call_1".to_owned(),
                name: "look".to_owned(),
                arguments: "{\"at\":1}".to_owned(),
                thought_signature: Some("c2ln".to_owned()),
            }],
        }
    );
    assert!(matches!(&call.messages[4], Message::Tool { id, .. } if id == "call_1"));
    assert!(matches!(&call.messages[5], Message::Assistant { text, .. } if text == "No."));
}

#[test]
fn wishes_are_read_in_all_their_forms() {
    let wishes = call(&json!({
        "messages": [{"role": "user", "content": "Hi"}],
        "max_completion_tokens": 20, "max_tokens": 10, "temperature": 0.2, "top_p": 1,
        "stop": "END", "seed": -1, "n": 1, "user": "u-1", "parallel_tool_calls": false,
        "tools": [{"type": "function", "function": {"name": "look",
            "parameters": {"type": "object"}, "strict": true}}],
        "tool_choice": {"type": "function", "function": {"name": "look"}},
        "response_format": {"type": "json_schema", "json_schema":
            {"name": "x", "schema": {"type": "object"}, "strict": true}},
        "logprobs": true, "store": false, "reasoning_effort": "low", "functions": null,
    }));
    assert_eq!(wishes.max_tokens, Some(20));
    assert_eq!(wishes.temperature, Some(0.2));
    assert_eq!(wishes.stop, ["END"]);
    assert_eq!(wishes.seed, Some(-1));
    assert_eq!(wishes.parallel_tool_calls, Some(false));
    assert_eq!(
        wishes.tool_choice,
        Some(ToolChoice::Function("look".to_owned()))
    );
    let instruction = wishes.format.instruction().unwrap();
    assert!(
        instruction.ends_with("{\"type\":\"object\"}"),
        "{instruction}"
    );

    let nulls = call(&json!({
        "messages": [{"role": "user", "content": "Hi"}], "tools": null, "tool_choice": null,
        "max_tokens": 10, "max_completion_tokens": null, "stop": null, "temperature": null,
        "response_format": null,
    }));
    assert_eq!(nulls.max_tokens, Some(10));
    assert!(nulls.tools.is_empty() && nulls.stop.is_empty());
    assert!(nulls.format.instruction().is_none());
}

#[test]
fn what_cannot_be_carried_over_is_refused_by_its_name() {
    let user = |content: Value| json!([{"role": "user", "content": content}]);
    for (name, value, words) in [
        ("n", json!(2), "`n`"),
        ("max_tokens", json!(0), "`max_tokens` must be at least 1"),
        ("temperature", json!("warm"), "`temperature`"),
        ("messages", json!([]), "`messages` holds no message"),
        (
            "messages",
            json!([{"role": "function", "content": ""}]),
            "the role `function`",
        ),
        (
            "messages",
            json!([{"role": "tool", "content": ""}]),
            "`messages[0]`",
        ),
        (
            "messages",
            user(json!([{"type": "input_audio", "input_audio": {}}])),
            "`input_audio`",
        ),
        (
            "messages",
            user(json!([{"type": "file", "file": {}}])),
            "`file`",
        ),
        ("messages", user(json!([{"type": "text"}])), "has no `text`"),
        (
            "messages",
            user(json!([{"type": "image_url", "image_url": {"url": "ftp://a"}}])),
            "image_url",
        ),
        (
            "messages",
            user(json!([{"type": "image_url", "image_url": {"url": "data:image/png,A"}}])),
            "base64",
        ),
        ("messages", user(json!(5)), "`messages`"),
        (
            "tools",
            json!([{"type": "custom", "custom": {}}]),
            "`tools[0]`",
        ),
        ("tool_choice", json!("maybe"), "`maybe`"),
        (
            "tool_choice",
            json!({"type": "allowed_tools"}),
            "`allowed_tools`",
        ),
        ("functions", json!([]), "use `tools`"),
        ("response_format", json!({"type": "grammar"}), "`grammar`"),
    ] {
        let says = refusal(name, &value);
        assert!(says.contains(words), "{says:?} lacks {words:?}");
    }
}

#[test]
fn arguments_are_always_an_object() {
    let input = |arguments: &str| {
        let call = ToolCall {
            arguments: arguments.to_owned(),
            ..ToolCall::default()
        };
        call.input().unwrap().get().to_owned()
    };
    assert_eq!(input("{\"b\": 1, \"a\": 2}"), "{\"b\": 1, \"a\": 2}");
    assert_eq!(input(" "), "{}");
    assert_eq!(input("{\"a\":"), "{\"arguments\":\"{\\\"a\\\":\"}");
    assert_eq!(input("[1]"), "{\"arguments\":\"[1]\"}");
}

#[test]
fn a_schema_is_kept_as_the_caller_wrote_it() {
    let parameters = r#"{"type":"object", "properties":{"z":{}, "a":{}}}"#;
    let tools = format!(
        r#"[{{"type": "function", "function": {{"name": "look", "parameters": {parameters}}}}}]"#
    );
    let raw = |text: &str| RawValue::from_string(text.to_owned()).unwrap();
    let call = Call::of(&[
        ("tools".to_owned(), raw(&tools)),
        (
            "messages".to_owned(),
            raw(r#"[{"role": "user", "content": "Hi"}]"#),
        ),
    ]);
    let call = call.unwrap();
    assert_eq!(call.tools[0].parameters.as_ref().unwrap().get(), parameters);
}
