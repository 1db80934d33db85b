//! OpenAI's API over a real socket, with scripted upstreams: what is passed to a provider and back,
//! whole and streamed; what is answered from the documents; failures in the shape that its clients
//! read.

mod embeddings;
mod failures;
mod passage;
mod retrieval;
mod streams;
mod translated;

use crate::support::sse;
use crate::support::world::{Setup, World};
use reqwest::Response;
use serde_json::{Value, json};

const COMPLETIONS: &str = "/v1/chat/completions";

/// An application whose default provider, `openai`, is a scripted upstream, and which has a second
/// one, `groq`, to stand in.
async fn begin(more: &[(&str, &str)]) -> World {
    Setup::new().with_groq().set(more).start().await
}

impl World {
    async fn complete(&self, body: &Value) -> Response {
        self.post(COMPLETIONS, body).send().await.unwrap()
    }

    /// The answer of a call that must succeed.
    async fn completion(&self, body: &Value) -> Value {
        let answer = self.complete(body).await;
        let status = answer.status();
        let body: Value = answer.json().await.unwrap();
        assert_eq!(status, 200, "{body}");
        body
    }

    /// The chunks of a stream that must succeed and end as it should.
    async fn chunks(&self, body: &Value) -> Vec<Value> {
        let answer = self.complete(&streamed(body)).await;
        assert_eq!(answer.status(), 200);
        let (chunks, is_done) = read(&answer.text().await.unwrap());
        assert!(is_done, "{chunks:?}");
        chunks
    }

    /// How often each upstream was asked.
    fn calls_of_both(&self) -> (usize, usize) {
        (self.calls(), self.groq.requests().len())
    }
}

/// A call for `model`.
fn call(model: &str) -> Value {
    json!({ "model": model, "messages": [{ "role": "user", "content": "Hi" }] })
}

/// The same call with one more field.
fn with(mut call: Value, field: &str, value: Value) -> Value {
    call[field] = value;
    call
}

fn streamed(call: &Value) -> Value {
    with(call.clone(), "stream", json!(true))
}

/// The events of a whole stream, each a line of data and an empty one; whether `[DONE]` ended it.
fn read(text: &str) -> (Vec<Value>, bool) {
    assert!(text.is_empty() || text.ends_with("\n\n"), "{text}");
    let mut events = sse::events(text);
    // No comments, no names, one line of data each.
    assert_eq!(events.len(), text.matches("\n\n").count(), "{text}");
    for event in &events {
        let is_plain = event.name.is_empty() && !event.data.contains('\n');
        assert!(is_plain, "{event:?}");
    }
    let is_done = events.last().is_some_and(|event| event.data == "[DONE]");
    events.truncate(events.len() - usize::from(is_done));
    (events.iter().map(sse::Event::json).collect(), is_done)
}

/// The text of the first choice.
fn text_of(chunks: &[Value]) -> String {
    let deltas = chunks.iter().filter_map(|chunk| {
        let choice = &chunk["choices"][0];
        choice["delta"]["content"].as_str()
    });
    deltas.collect()
}

/// The reason for which the first choice ended; only one chunk may give it.
fn finish_of(chunks: &[Value]) -> &str {
    let mut reasons = chunks
        .iter()
        .filter_map(|chunk| chunk["choices"][0]["finish_reason"].as_str());
    let reason = reasons.next().expect("a finish_reason");
    assert_eq!(reasons.next(), None);
    reason
}

/// Checks that all chunks are of one stream, in one name.
fn assert_one_name(chunks: &[Value]) {
    let name = |chunk: &Value| {
        let field = |name: &str| chunk[name].clone();
        ["id", "object", "created", "model"].map(field)
    };
    let first = name(&chunks[0]);
    assert!(
        first[0].as_str().is_some_and(|id| !id.is_empty()),
        "{first:?}"
    );
    assert_eq!(first[1], "chat.completion.chunk");
    assert!(
        first[2].as_i64().is_some_and(|created| created > 0),
        "{first:?}"
    );
    assert!(
        first[3].as_str().is_some_and(|model| !model.is_empty()),
        "{first:?}"
    );
    for chunk in chunks {
        assert_eq!(name(chunk), first, "{chunk}");
    }
}

fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    let value = answer.headers().get(name);
    value.map_or("", |value| value.to_str().unwrap())
}

/// The status and the error of a failure, whose shape is checked.
async fn failure(answer: Response) -> (u16, Value) {
    assert_eq!(header(&answer, "content-type"), "application/json");
    assert!(answer.headers().contains_key("x-request-id"));
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    let fields = body.as_object().unwrap();
    assert_eq!(fields.len(), 1, "{body}");
    let error = fields["error"].as_object().unwrap();
    let mut names: Vec<&str> = error.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["code", "message", "param", "type"], "{body}");
    assert!(
        error["message"].is_string() && error["type"].is_string(),
        "{body}"
    );
    (status, body["error"].clone())
}

/// A streamed answer that says nothing of who it is but its choices.
fn bare(choices: &Value) -> Value {
    json!({ "choices": [choices] })
}
