//! A chat request as OpenAI's JSON. Only fields that every compatible server knows are sent.

use crate::provider::ChatRequest;
use serde::Serialize;

/// Where chat calls go, below the base URL.
pub const CHAT_PATH: &str = "chat/completions";

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: Vec<Message<'a>>,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: &'a str,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

/// The body of a call; `default_model` is used when the request names none.
///
/// # Errors
/// Never for a finite temperature; the error is the serialiser's own.
pub fn body(
    request: &ChatRequest,
    default_model: &str,
    stream: bool,
) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(&Body {
        model: request.model.as_deref().unwrap_or(default_model),
        messages: request
            .messages
            .iter()
            .map(|message| Message {
                role: message.role.as_str(),
                content: &message.content,
            })
            .collect(),
        stream,
        temperature: request.temperature,
        max_tokens: request.max_tokens,
        stream_options: stream.then_some(StreamOptions {
            include_usage: true,
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Role;
    use crate::provider::ChatMessage;
    use serde_json::{Value, json};

    fn as_json(request: &ChatRequest, stream: bool) -> Value {
        serde_json::from_slice(&body(request, "small", stream).unwrap()).unwrap()
    }

    #[test]
    fn only_what_was_asked_for_is_sent() {
        let request = ChatRequest {
            messages: vec![
                ChatMessage::new(Role::System, "Answer from the sources."),
                ChatMessage::new(Role::User, "What is ARP?"),
            ],
            ..ChatRequest::default()
        };
        assert_eq!(
            as_json(&request, false),
            json!({
                "model": "small",
                "stream": false,
                "messages": [
                    {"role": "system", "content": "Answer from the sources."},
                    {"role": "user", "content": "What is ARP?"},
                ],
            })
        );
    }

    #[test]
    fn a_stream_asks_for_its_usage_and_wishes_are_passed_on() {
        let request = ChatRequest {
            model: Some("large".to_owned()),
            temperature: Some(0.5),
            max_tokens: Some(64),
            ..ChatRequest::default()
        };
        assert_eq!(
            as_json(&request, true),
            json!({
                "model": "large",
                "stream": true,
                "messages": [],
                "temperature": 0.5,
                "max_tokens": 64,
                "stream_options": {"include_usage": true},
            })
        );
    }
}
