//! Providers that speak another wire, asked through OpenAI's: what each is sent, and its answer in
//! OpenAI's shape, whole and streamed.

use super::{
    COMPLETIONS, assert_one_name, failure, finish_of, header, read, streamed, text_of, with,
};
use crate::support::app::TestApp;
use crate::support::scripted;
use ragd::clock::Clock;
use ragd::stub_llm::{Reply, ScriptedServer};
use serde_json::{Value, json};

const ANTHROPIC_STREAM: &str = r#"event: message_start
data: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-2026","content":[],"stop_reason":null,"usage":{"input_tokens":10,"output_tokens":1}}}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

event: ping
data: {"type": "ping"}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Grüße "}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"allen"}}

event: content_block_stop
data: {"type":"content_block_stop","index":0}

event: content_block_start
data: {"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"toolu_1","name":"weather","input":{}}}

event: content_block_delta
data: {"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"town\":"}}

event: content_block_delta
data: {"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"\"Oslo\"}"}}

event: content_block_stop
data: {"type":"content_block_stop","index":1}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":7}}

event: message_stop
data: {"type":"message_stop"}

"#;

const GEMINI_STREAM: &str = r#"data: {"candidates": [{"content": {"parts": [{"text": "Grüße "}],"role": "model"},"index": 0}],"usageMetadata": {"promptTokenCount": 10,"totalTokenCount": 10},"modelVersion": "gemini-2026","responseId": "r"}

data: {"candidates": [{"content": {"parts": [{"text": "allen"},{"functionCall": {"name": "weather","args": {"town": "Oslo"}}}],"role": "model"},"finishReason": "STOP","index": 0}],"usageMetadata": {"promptTokenCount": 10,"candidatesTokenCount": 7,"totalTokenCount": 17},"modelVersion": "gemini-2026","responseId": "r"}

"#;

/// An application with one provider of another wire.
struct Foreign {
    app: TestApp,
    upstream: ScriptedServer,
}

impl Foreign {
    async fn anthropic() -> Self {
        let upstream = scripted::start().await;
        let url = upstream.base_url();
        let variables = [
            ("ANTHROPIC_BASE_URL", url.as_str()),
            ("ANTHROPIC_API_KEY", "sk-foreign"),
            ("LLM_RETRIES", "0"),
        ];
        let app = TestApp::spawn_with(&variables, Clock::system()).await;
        Self { app, upstream }
    }

    async fn gemini() -> Self {
        let upstream = scripted::start().await;
        let url = upstream.base_url().replace("/v1", "/v1beta");
        let variables = [
            ("GOOGLE_BASE_URL", url.as_str()),
            ("GOOGLE_API_KEY", "sk-foreign"),
            ("LLM_RETRIES", "0"),
        ];
        let app = TestApp::spawn_with(&variables, Clock::system()).await;
        Self { app, upstream }
    }

    async fn finish(&self) {
        self.app.finish().await;
    }

    async fn complete(&self, body: &Value) -> reqwest::Response {
        let request = self.app.post(COMPLETIONS).bearer_auth(self.app.api_key);
        request.json(body).send().await.unwrap()
    }

    /// The chunks of a stream that comes in pieces of `size` bytes.
    async fn chunks(&self, body: &Value, (events, size): (&str, usize)) -> Vec<Value> {
        let pieces = events.as_bytes().chunks(size);
        let reply = pieces.fold(Reply::stream_head(), Reply::piece);
        self.upstream.queue(reply.end());
        let asked = with(
            streamed(body),
            "stream_options",
            json!({ "include_usage": true }),
        );
        let answer = self.complete(&asked).await;
        assert_eq!(answer.status(), 200);
        let (chunks, is_done) = read(&answer.text().await.unwrap());
        assert!(is_done, "{chunks:?}");
        chunks
    }
}

fn conversation(model: &str) -> Value {
    json!({
        "model": model,
        "messages": [
            { "role": "system", "content": "Be brief." },
            { "role": "user", "content": "Weather?" },
        ],
        "max_tokens": 64, "temperature": 0.5, "stop": ["END"],
        "tools": [{ "type": "function", "function": { "name": "weather",
            "parameters": { "type": "object", "properties": { "town": { "type": "string" } } } } }],
    })
}

/// The pieces of the one call that a stream asks for, put together: its id, name and arguments.
fn called(chunks: &[Value]) -> (String, String, Value) {
    let mut whole = (String::new(), String::new(), String::new());
    let calls = chunks.iter().filter_map(|chunk| {
        let calls = chunk["choices"][0]["delta"]["tool_calls"].as_array()?;
        assert_eq!((calls.len(), &calls[0]["index"]), (1, &json!(0)));
        Some(&calls[0])
    });
    for call in calls {
        whole.0.push_str(call["id"].as_str().unwrap_or_default());
        whole
            .1
            .push_str(call["function"]["name"].as_str().unwrap_or_default());
        whole
            .2
            .push_str(call["function"]["arguments"].as_str().unwrap());
    }
    (whole.0, whole.1, serde_json::from_str(&whole.2).unwrap())
}

/// Checks what every translated stream must have: the text, a call, the end, the usage.
fn assert_translated(chunks: &[Value], model: &str) {
    assert_one_name(chunks);
    assert_eq!(chunks[0]["model"], model);
    let roles = chunks
        .iter()
        .filter(|chunk| chunk["choices"][0]["delta"]["role"].is_string());
    assert_eq!(roles.count(), 1);
    assert_eq!(chunks[0]["choices"][0]["delta"]["role"], "assistant");
    assert_eq!(text_of(chunks), "Grüße allen");
    let (id, name, arguments) = called(chunks);
    assert!(!id.is_empty());
    assert_eq!(
        (name.as_str(), arguments),
        ("weather", json!({ "town": "Oslo" }))
    );
    assert_eq!(finish_of(chunks), "tool_calls");
    let last = chunks.last().unwrap();
    assert_eq!(last["choices"], json!([]));
    let usage = json!({ "prompt_tokens": 10, "completion_tokens": 7, "total_tokens": 17 });
    assert_eq!(last["usage"], usage);
}

#[tokio::test]
async fn anthropic_is_asked_in_its_shape_and_answers_in_openais() {
    let world = Foreign::anthropic().await;
    world.upstream.queue(Reply::json(
        200,
        &json!({
            "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-2026",
            "content": [{ "type": "text", "text": "Grüße" }],
            "stop_reason": "max_tokens", "stop_sequence": null,
            "usage": { "input_tokens": 10, "output_tokens": 7 },
        }),
    ));
    let answer = world
        .complete(&conversation("anthropic/claude-small"))
        .await;
    assert_eq!(
        (answer.status().as_u16(), header(&answer, "x-ragd-provider")),
        (200, "anthropic")
    );
    assert_eq!(header(&answer, "content-type"), "application/json");
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(
        (&answer["object"], &answer["model"]),
        (&json!("chat.completion"), &json!("claude-2026"))
    );
    let choice = &answer["choices"][0];
    assert_eq!(choice["message"]["role"], "assistant");
    assert_eq!(
        (&choice["message"]["content"], &choice["finish_reason"]),
        (&json!("Grüße"), &json!("length"))
    );
    assert_eq!(answer["usage"]["total_tokens"], 17);

    let sent = &world.upstream.requests()[0];
    assert_eq!(sent.path, "/v1/messages");
    assert_eq!(sent.header("x-api-key"), Some("sk-foreign"));
    assert_eq!(sent.header("anthropic-version"), Some("2023-06-01"));
    assert_eq!(sent.header("authorization"), None);
    assert_eq!(
        (&sent.body["model"], &sent.body["max_tokens"]),
        (&json!("claude-small"), &json!(64))
    );
    assert_eq!(sent.body["messages"].as_array().unwrap().len(), 1);
    assert!(sent.body["system"].to_string().contains("Be brief."));
    assert_eq!(sent.body["tools"][0]["name"], "weather");
    world.finish().await;
}

#[tokio::test]
async fn anthropics_stream_comes_in_openais_shape() {
    let world = Foreign::anthropic().await;
    for size in [1, 7, ANTHROPIC_STREAM.len()] {
        let asked = conversation("claude-small");
        let chunks = world.chunks(&asked, (ANTHROPIC_STREAM, size)).await;
        assert_translated(&chunks, "claude-2026");
    }
    assert_eq!(world.upstream.requests()[0].body["stream"], true);
    world.finish().await;
}

#[tokio::test]
async fn gemini_is_asked_in_its_shape_and_answers_in_openais() {
    let world = Foreign::gemini().await;
    world.upstream.queue(Reply::json(
        200,
        &json!({
            "candidates": [{ "content": { "parts": [{ "text": "Grüße" }], "role": "model" },
                             "finishReason": "MAX_TOKENS", "index": 0 }],
            "usageMetadata": { "promptTokenCount": 10, "candidatesTokenCount": 7, "totalTokenCount": 17 },
            "modelVersion": "gemini-2026", "responseId": "r",
        }),
    ));
    let answer = world.complete(&conversation("google/gemini-small")).await;
    assert_eq!(
        (answer.status().as_u16(), header(&answer, "x-ragd-provider")),
        (200, "google")
    );
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(
        (&answer["object"], &answer["model"]),
        (&json!("chat.completion"), &json!("gemini-2026"))
    );
    let choice = &answer["choices"][0];
    assert_eq!(
        (&choice["message"]["content"], &choice["finish_reason"]),
        (&json!("Grüße"), &json!("length"))
    );
    assert_eq!(answer["usage"]["total_tokens"], 17);

    let sent = &world.upstream.requests()[0];
    assert_eq!(sent.path, "/v1beta/models/gemini-small:generateContent");
    assert_eq!(sent.header("x-goog-api-key"), Some("sk-foreign"));
    assert!(
        sent.body["systemInstruction"]
            .to_string()
            .contains("Be brief."),
        "{}",
        sent.body
    );
    assert_eq!(sent.body["contents"].as_array().unwrap().len(), 1);
    assert_eq!(sent.body["generationConfig"]["maxOutputTokens"], 64);
    world.finish().await;
}

#[tokio::test]
async fn geminis_stream_comes_in_openais_shape() {
    let world = Foreign::gemini().await;
    for size in [1, 7, GEMINI_STREAM.len()] {
        let asked = conversation("gemini-small");
        let chunks = world.chunks(&asked, (GEMINI_STREAM, size)).await;
        assert_translated(&chunks, "gemini-2026");
    }
    let path = &world.upstream.requests()[0].path;
    assert_eq!(
        path,
        "/v1beta/models/gemini-small:streamGenerateContent?alt=sse"
    );
    world.finish().await;
}

#[tokio::test]
async fn what_a_wire_cannot_say_is_refused_before_it_is_asked() {
    for world in [Foreign::anthropic().await, Foreign::gemini().await] {
        let name = world.app.app.router().default_provider();
        let body = with(conversation(&format!("{name}/m")), "n", json!(2));
        let (status, error) = failure(world.complete(&body).await).await;
        assert_eq!(status, 400, "{error}");
        assert_eq!(error["type"], "invalid_request_error");
        assert!(error["message"].as_str().unwrap().contains('n'), "{error}");
        assert!(world.upstream.requests().is_empty());
        world.finish().await;
    }
}
