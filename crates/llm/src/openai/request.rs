//! A chat request as OpenAI's JSON: its fields as they came, under the model that is really asked.

use crate::ChatRequest;

/// Where chat calls go, below the base URL.
pub const CHAT_PATH: &str = "chat/completions";
/// Where embeddings are made, below the base URL.
pub const EMBEDDINGS_PATH: &str = "embeddings";

/// What surrounds the fields, in bytes.
const FRAME_BYTES: usize = 96;

/// What a stream is asked beside its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Streamed {
    /// It is no stream.
    No,
    /// What it took: metrics want to know.
    WithUsage,
    /// Nothing: the upstream does not take the question.
    Plain,
}

/// The body of a call to `model`.
pub fn body(request: &ChatRequest, model: &str, streamed: Streamed) -> Vec<u8> {
    let fields = &request.fields;
    let sizes = fields
        .iter()
        .map(|(name, value)| name.len() + value.get().len() + 4);
    let mut body = Vec::with_capacity(sizes.sum::<usize>() + model.len() + FRAME_BYTES);
    body.extend_from_slice(b"{\"model\":");
    push_string(&mut body, model);
    for (name, value) in fields {
        body.push(b',');
        push_string(&mut body, name);
        body.push(b':');
        body.extend_from_slice(value.get().as_bytes());
    }
    body.extend_from_slice(match streamed {
        Streamed::WithUsage => b",\"stream\":true,\"stream_options\":{\"include_usage\":true}}",
        Streamed::Plain => b",\"stream\":true}",
        Streamed::No => b",\"stream\":false}",
    });
    body
}

fn push_string(json: &mut Vec<u8>, text: &str) {
    // Writing a string into memory cannot fail.
    let _infallible = serde_json::to_writer(json, text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ChatMessage;
    use ragd_core::domain::Role;
    use serde_json::{Value, json};

    fn as_json(request: &ChatRequest, stream: bool) -> Value {
        let streamed = if stream {
            Streamed::WithUsage
        } else {
            Streamed::No
        };
        serde_json::from_slice(&body(request, "small", streamed)).unwrap()
    }

    #[test]
    fn only_what_was_asked_for_is_sent() {
        let messages = [
            ChatMessage::new(Role::System, "Answer from the sources."),
            ChatMessage::new(Role::User, "What is \"ARP\"?"),
        ];
        let request = ChatRequest::of_messages(&messages).unwrap();
        assert_eq!(
            as_json(&request, false),
            json!({
                "model": "small",
                "stream": false,
                "messages": [
                    {"role": "system", "content": "Answer from the sources."},
                    {"role": "user", "content": "What is \"ARP\"?"},
                ],
            })
        );
    }

    #[test]
    fn a_stream_asks_for_its_usage_and_wishes_are_passed_on() {
        let request = ChatRequest::of_messages(&[]).unwrap();
        let request = request.with("temperature", Some(&0.5)).unwrap();
        let request = request.with("max_tokens", Some(&64)).unwrap();
        assert_eq!(
            as_json(&request, true),
            json!({
                "model": "small",
                "stream": true,
                "messages": [],
                "temperature": 0.5,
                "max_tokens": 64,
                "stream_options": {"include_usage": true},
            })
        );
    }
}
