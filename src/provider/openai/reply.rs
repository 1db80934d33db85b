//! A whole answer out of the body of a 200. A body that holds an error, or no text, is no answer.

use super::error_words;
use super::shapes::{Content, WireUsage, finish_reason};
use crate::provider::wire::Refusal;
use crate::provider::{ChatReply, FinishReason, ProviderErrorKind};
use serde::Deserialize;
use serde_json::Value;

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
    message: Message,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    content: Option<Content>,
}

/// Reads the body; `asked_model` stands in where the upstream names none.
pub fn parse_reply(bytes: &[u8], asked_model: &str) -> Result<ChatReply, Refusal> {
    let body: Value = serde_json::from_slice(bytes)
        .map_err(|error| Refusal::malformed(format!("the answer is not JSON: {error}")))?;
    if let Some(words) = error_words(&body) {
        return Err(Refusal::server(format!(
            "answered 200 with an error: {words}"
        )));
    }
    let body: Body = serde_json::from_value(body)
        .map_err(|error| Refusal::malformed(format!("the answer has another shape: {error}")))?;
    let choice = body
        .choices
        .into_iter()
        .next()
        .ok_or_else(|| Refusal::malformed("the answer has no choice"))?;
    let finish_reason = match choice.finish_reason.as_deref() {
        Some(word) => finish_reason(word)?,
        None => FinishReason::Stop,
    };
    let text = choice
        .message
        .content
        .map_or_else(String::new, Content::into_text);
    if text.trim().is_empty() {
        return Err(Refusal {
            kind: ProviderErrorKind::Empty,
            reason: format!(
                "the answer is empty (it ended with {})",
                finish_reason.as_str()
            ),
        });
    }
    Ok(ChatReply {
        text,
        model: body.model.unwrap_or_else(|| asked_model.to_owned()),
        finish_reason,
        usage: body.usage.unwrap_or_default().into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::Usage;
    use serde_json::json;

    fn parse(body: &Value) -> Result<ChatReply, Refusal> {
        parse_reply(body.to_string().as_bytes(), "small")
    }

    #[test]
    fn an_answer_is_read_with_its_usage() {
        let reply = parse(&json!({
            "id": "c-1", "object": "chat.completion", "model": "small-2026",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": "Yes [1]."},
                         "finish_reason": "length", "logprobs": null}],
            "usage": {"prompt_tokens": 11, "completion_tokens": 4, "total_tokens": 15},
        }));
        let usage = Usage {
            prompt_tokens: 11,
            completion_tokens: 4,
            total_tokens: 15,
        };
        assert_eq!(
            reply,
            Ok(ChatReply {
                text: "Yes [1].".to_owned(),
                model: "small-2026".to_owned(),
                finish_reason: FinishReason::Length,
                usage,
            })
        );
    }

    #[test]
    fn what_small_servers_leave_out_has_a_meaning() {
        let reply = parse(&json!({"choices": [{"message": {"content": [{"type": "text", "text": "Y"},
            {"type": "text", "text": "es"}]}}], "usage": {"prompt_tokens": 2, "completion_tokens": 1}}))
        .unwrap();
        assert_eq!(reply.text, "Yes");
        assert_eq!(reply.model, "small");
        assert_eq!(reply.usage.total_tokens, 3);
    }

    #[test]
    fn what_is_no_answer_is_refused_by_its_kind() {
        let choice = |content: Value, reason: &str| json!({"choices": [{"message": {"content": content}, "finish_reason": reason}]});
        for (body, kind) in [
            (
                json!({"error": {"message": "overloaded"}}),
                ProviderErrorKind::Server,
            ),
            (choice(json!("half"), "error"), ProviderErrorKind::Server),
            (json!({"choices": []}), ProviderErrorKind::Malformed),
            (json!({"answer": "Yes"}), ProviderErrorKind::Malformed),
            (json!("Yes"), ProviderErrorKind::Malformed),
            (choice(json!(" \n"), "stop"), ProviderErrorKind::Empty),
            (choice(Value::Null, "length"), ProviderErrorKind::Empty),
        ] {
            assert_eq!(parse(&body).unwrap_err().kind, kind, "{body}");
        }
        let cut = parse_reply(br#"{"choices": [{"mess"#, "small");
        assert_eq!(cut.unwrap_err().kind, ProviderErrorKind::Malformed);
    }
}
