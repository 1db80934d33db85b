//! Tests of `openai/compose`, on texts in the vendor's shape.

use super::*;
use serde_json::{Value, json};

fn choices(writer: &mut ChunkWriter, delta: Delta) -> Value {
    serde_json::from_str(&writer.chunk(delta).choices).unwrap()
}

fn end() -> Delta {
    Delta {
        finish_reason: Some(FinishReason::Length),
        ..Delta::default()
    }
}

#[test]
fn the_role_is_said_once_and_with_the_first_content() {
    let mut writer = ChunkWriter::default();
    assert_eq!(writer.chunk(Delta::default()), Chunk::default());
    assert!(ChunkWriter::default().chunk(end()).names_role);
    let reasoning = Delta {
        reasoning: "Hm".to_owned(),
        ..Delta::default()
    };
    assert_eq!(
        choices(&mut writer, reasoning),
        json!([{"index": 0, "delta": {"role": "assistant", "reasoning_content": "Hm"}, "finish_reason": null}])
    );
    let text = Delta {
        text: "Yes".to_owned(),
        ..Delta::default()
    };
    assert_eq!(
        choices(&mut writer, text),
        json!([{"index": 0, "delta": {"content": "Yes"}, "finish_reason": null}])
    );
    assert_eq!(
        choices(&mut writer, end()),
        json!([{"index": 0, "delta": {}, "finish_reason": "length"}])
    );
}

#[test]
fn a_call_begins_with_its_name_and_goes_on_without() {
    let mut writer = ChunkWriter { role_said: true };
    let begin = Delta {
        calls: vec![CallDelta {
            index: 1,
            head: Some(CallHead {
                id: "call_1".to_owned(),
                name: "look".to_owned(),
                thought_signature: Some("c2ln".to_owned()),
            }),
            arguments: String::new(),
        }],
        ..Delta::default()
    };
    let chunk = writer.chunk(begin);
    assert!(chunk.other_content && chunk.has_answer && !chunk.names_role);
    assert_eq!(
        serde_json::from_str::<Value>(&chunk.choices).unwrap(),
        json!([{"index": 0, "delta": {"tool_calls": [{"index": 1, "id": "call_1", "type": "function",
            "function": {"name": "look", "arguments": ""},
            "extra_content": {"google": {"thought_signature": "c2ln"}}}]}, "finish_reason": null}])
    );
    let more = Delta {
        calls: vec![CallDelta {
            index: 1,
            head: None,
            arguments: "{\"at".to_owned(),
        }],
        ..Delta::default()
    };
    assert_eq!(
        choices(&mut writer, more)[0]["delta"],
        json!({"tool_calls": [{"index": 1, "function": {"arguments": "{\"at"}}]})
    );
}

#[test]
fn a_whole_answer_is_a_chat_completion() {
    let answer = Answer {
        id: "msg_1".to_owned(),
        model: "m".to_owned(),
        text: "Yes \"so\"".to_owned(),
        usage: Usage {
            prompt_tokens: 1,
            completion_tokens: 2,
            total_tokens: 3,
        },
        ..Answer::default()
    };
    let reply = answer.into_reply(1_700_000_000).unwrap();
    assert_eq!(reply.text, "Yes \"so\"");
    assert_eq!(
        serde_json::from_slice::<Value>(&reply.json).unwrap(),
        json!({"id": "chatcmpl-msg_1", "object": "chat.completion", "created": 1_700_000_000, "model": "m",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": "Yes \"so\"", "refusal": null},
                "logprobs": null, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}})
    );
}

#[test]
fn calls_alone_are_an_answer_and_white_space_is_none() {
    let calls = Answer {
        calls: vec![ToolCall {
            id: "call_1".to_owned(),
            name: "look".to_owned(),
            arguments: "{}".to_owned(),
            thought_signature: None,
        }],
        ..Answer::default()
    };
    let reply = calls.into_reply(0).unwrap();
    assert_eq!(reply.finish_reason, FinishReason::ToolCalls);
    let json: Value = serde_json::from_slice(&reply.json).unwrap();
    let message = &json["choices"][0]["message"];
    assert_eq!(message["content"], Value::Null);
    assert_eq!(
        message["tool_calls"],
        json!([{"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}])
    );
    let blank = Answer {
        text: " \n".to_owned(),
        ..Answer::default()
    };
    let refusal = blank.clone().into_reply(0).unwrap_err();
    assert_eq!(refusal.kind, ProviderErrorKind::Empty);
    assert!(refusal.reason.contains("stop"), "{refusal:?}");
    let filtered = Answer {
        finish_reason: FinishReason::ContentFilter,
        ..blank
    };
    assert!(filtered.into_reply(0).unwrap().is_withheld);
}

#[test]
fn reasoning_alone_is_an_answer_only_when_it_was_cut_off() {
    let thought = |finish_reason| {
        let answer = Answer {
            reasoning: "Hm".to_owned(),
            finish_reason,
            ..Answer::default()
        };
        answer.into_reply(0)
    };
    assert!(thought(FinishReason::Stop).is_err());
    let cut: Value = serde_json::from_slice(&thought(FinishReason::Length).unwrap().json).unwrap();
    let message = &cut["choices"][0]["message"];
    assert_eq!(message["content"], "");
    assert_eq!(message["reasoning_content"], "Hm");
}
