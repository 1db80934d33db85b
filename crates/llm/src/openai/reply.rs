//! A whole answer out of the body of a 200. A body that holds an error, or nothing, is no answer.

use super::shapes::{Content, Said, WireUsage, finish_reason};
use super::{error_words, is_filtered};
use crate::wire::Refusal;
use crate::{ChatReply, FinishReason, ProviderErrorKind};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow, default)]
    choices: Option<Vec<Choice<'a>>>,
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    usage: Option<WireUsage>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow)]
    message: Said<'a>,
    #[serde(default)]
    finish_reason: Option<String>,
}

/// Reads the body; `asked_model` stands in where the upstream names none.
pub fn parse_reply(bytes: Bytes, asked_model: &str) -> Result<ChatReply, Refusal> {
    let body = match serde_json::from_slice::<Body<'_>>(&bytes) {
        Ok(body) if body.choices.is_some() && body.error.is_none() => body,
        other => return Err(not_an_answer(&bytes, other.err())),
    };
    let choice = body
        .choices
        .and_then(|choices| choices.into_iter().next())
        .ok_or_else(|| Refusal::malformed("the answer has no choice"))?;
    let reason = match choice.finish_reason.as_deref() {
        Some(word) => finish_reason(word)?,
        None => FinishReason::Stop,
    };
    let has_answer = choice.message.has_answer();
    let refusal = choice.message.refusal();
    let content = choice.message.content;
    let text = content.map_or_else(String::new, Content::into_text);
    let is_blank = text.trim().is_empty();
    // A limit or a filter may leave nothing to see, of hidden reasoning for instance.
    let is_cut = matches!(reason, FinishReason::Length | FinishReason::ContentFilter);
    if is_blank && !has_answer && !is_cut {
        return Err(Refusal {
            kind: ProviderErrorKind::Empty,
            reason: format!("the answer is empty (it ended with {})", reason.as_str()),
        });
    }
    let is_refused = is_blank && refusal.is_some();
    Ok(ChatReply {
        is_withheld: is_refused || (is_blank && !has_answer),
        text: if is_blank {
            refusal.unwrap_or(text)
        } else {
            text
        },
        model: body.model.unwrap_or_else(|| asked_model.to_owned()),
        finish_reason: reason,
        usage: body.usage.unwrap_or_default().into(),
        json: bytes,
    })
}

fn not_an_answer(bytes: &[u8], error: Option<serde_json::Error>) -> Refusal {
    let body: Value = match serde_json::from_slice(bytes) {
        Ok(body) => body,
        Err(error) => return Refusal::malformed(format!("the answer is not JSON: {error}")),
    };
    if is_filtered(&body) {
        return Refusal::filtered();
    }
    if let Some(words) = error_words(&body) {
        return Refusal::server(format!("answered 200 with an error: {words}"));
    }
    let why = error.map_or_else(|| "it has no choices".to_owned(), |error| error.to_string());
    Refusal::malformed(format!("the answer has another shape: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Usage;
    use serde_json::json;

    fn parse(body: &Value) -> Result<ChatReply, Refusal> {
        parse_reply(body.to_string().into(), "small")
    }

    #[test]
    fn an_answer_is_read_with_its_usage_and_kept_as_it_came() {
        let body = json!({
            "id": "c-1", "object": "chat.completion", "model": "small-2026",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": "Yes [1]."},
                         "finish_reason": "length", "logprobs": null}],
            "usage": {"prompt_tokens": 11, "completion_tokens": 4, "total_tokens": 15},
        });
        let reply = parse(&body).unwrap();
        let usage = Usage {
            prompt_tokens: 11,
            completion_tokens: 4,
            total_tokens: 15,
        };
        assert_eq!((reply.text.as_str(), reply.usage), ("Yes [1].", usage));
        assert_eq!(reply.model, "small-2026");
        assert_eq!(reply.finish_reason, FinishReason::Length);
        assert_eq!(reply.json, body.to_string());
    }

    #[test]
    fn what_small_servers_leave_out_has_a_meaning() {
        let reply = parse(&json!({"choices": [{"message": {"content": [{"type": "text", "text": "Y"},
            {"type": "text", "text": "es"}]}}], "usage": {"prompt_tokens": 2, "completion_tokens": 1},
            "error": null}))
        .unwrap();
        assert_eq!(reply.text, "Yes");
        assert_eq!(reply.model, "small");
        assert_eq!(reply.usage.total_tokens, 3);
    }

    #[test]
    fn a_tool_call_or_a_refusal_is_an_answer_without_text() {
        let call =
            json!([{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]);
        for message in [
            json!({"content": null, "tool_calls": call}),
            json!({"content": null, "refusal": "I cannot."}),
        ] {
            let body = json!({"choices": [{"message": message, "finish_reason": "tool_calls"}]});
            assert!(parse(&body).is_ok(), "{body}");
        }
        let refused = json!({"choices": [{"message": {"content": null, "refusal": "I cannot."},
            "finish_reason": "stop"}]});
        let refused = parse(&refused).unwrap();
        assert_eq!(
            (refused.text.as_str(), refused.is_withheld),
            ("I cannot.", true)
        );
        let thought = |reason: &str| {
            json!({"choices": [{"message": {"content": "", "reasoning_content": "Hm"},
                "finish_reason": reason}]})
        };
        assert!(parse(&thought("length")).is_ok());
        let empty = parse(&thought("stop")).unwrap_err();
        assert_eq!(empty.kind, ProviderErrorKind::Empty);
    }

    #[test]
    fn a_limit_or_a_filter_that_leaves_nothing_is_an_answer_too() {
        for (content, reason) in [
            (Value::Null, FinishReason::Length),
            (json!(""), FinishReason::ContentFilter),
        ] {
            let body = json!({"choices": [{"message": {"content": content},
                "finish_reason": reason.as_str()}]});
            let reply = parse(&body).unwrap();
            assert!(reply.is_withheld, "{body}");
            assert_eq!(reply.finish_reason, reason);
            assert_eq!(reply.json, body.to_string());
        }
        let filtered = parse(&json!({"error": {"code": "content_filter", "message": "No."}}));
        assert_eq!(filtered.unwrap_err().kind, ProviderErrorKind::Filtered);
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
            (
                json!({"choices": [{"message": "Yes"}]}),
                ProviderErrorKind::Malformed,
            ),
            (json!({"answer": "Yes"}), ProviderErrorKind::Malformed),
            (json!("Yes"), ProviderErrorKind::Malformed),
            (choice(json!(" \n"), "stop"), ProviderErrorKind::Empty),
        ] {
            assert_eq!(parse(&body).unwrap_err().kind, kind, "{body}");
        }
        let cut = parse_reply(Bytes::from_static(br#"{"choices": [{"mess"#), "small");
        assert_eq!(cut.unwrap_err().kind, ProviderErrorKind::Malformed);
    }
}
