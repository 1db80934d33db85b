//! The scripted model server as tests start it, and pieces of OpenAI's streams for scripts.

use ragd::stub_llm::{Reply, ScriptedServer};
use serde_json::{Value, json};

/// A server without a script: it answers 500 to everything.
pub async fn start() -> ScriptedServer {
    ScriptedServer::start().await.expect("a free port")
}

/// A server whose first replies are `replies`, in this order.
pub async fn playing(replies: impl IntoIterator<Item = Reply>) -> ScriptedServer {
    let server = start().await;
    for reply in replies {
        server.queue(reply);
    }
    server
}

/// Answers every request with `text`, as a whole or as a stream, as the request wants it.
pub fn answer_all(server: &ScriptedServer, text: &'static str) {
    server.compute(move |request| match request.body["stream"].as_bool() {
        Some(true) => Reply::stream(&text.split_inclusive(' ').collect::<Vec<_>>()),
        _ => Reply::answer(text),
    });
}

/// A chunk whose first choice has this delta.
pub fn delta(delta: &Value) -> Value {
    chunk(delta, &Value::Null)
}

/// The chunk that says why the answer ended.
pub fn stop_chunk() -> Value {
    chunk(&json!({}), &json!("stop"))
}

fn chunk(delta: &Value, finish_reason: &Value) -> Value {
    json!({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_767_000_000,
        "model": "scripted",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}],
    })
}
