//! `Idempotency-Key` on answers of a model, whole and streamed: the second time the same bytes come
//! back without a call; what broke off is not kept.

use crate::http_rooms::make_room;
use crate::support::app::TestApp;
use crate::support::upstream::Upstream;
use crate::support::upstream_reply::Reply;
use ragd::clock::Clock;
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};
use std::time::Duration;

const TEXT: &str = "The guarantee of the espresso machine lasts twenty-seven months.";
const QUESTION: &str = "How long does the guarantee of the espresso machine last?";
const WORDS: [&str; 3] = ["The guarantee ", "lasts twenty-seven ", "months [1]."];
const COMPLETIONS: &str = "/v1/chat/completions";

/// An application with a scripted model and one document. Answers are not kept for equal questions,
/// and nobody is asked twice, so that every call of the model is seen.
struct World {
    app: TestApp,
    upstream: Upstream,
}

impl World {
    async fn new() -> Self {
        let upstream = Upstream::start().await;
        upstream.compute(|request| match request.body["stream"].as_bool() {
            Some(true) => Reply::stream(&WORDS),
            _ => Reply::answer(&WORDS.concat()),
        });
        let url = upstream.base_url();
        let variables = [
            ("OPENAI_BASE_URL", url.as_str()),
            ("OPENAI_API_KEY", "sk-test"),
            ("RESPONSE_CACHE_ENABLED", "false"),
            ("LLM_RETRIES", "0"),
        ];
        let app = TestApp::spawn_with(&variables, Clock::system()).await;
        let token = app.admin_token().await;
        app.upload(&token, "guarantee.txt", TEXT).await;
        Self { app, upstream }
    }

    fn keyed(&self, path: &str, body: &Value) -> RequestBuilder {
        let request = self.app.post(path).header("x-api-key", self.app.api_key);
        request.header("idempotency-key", "k").json(body)
    }

    async fn send(&self, path: &str, body: &Value) -> Response {
        self.keyed(path, body).send().await.unwrap()
    }

    /// Sends it again for as long as the first one is not known to be over.
    async fn send_after(&self, path: &str, body: &Value) -> Response {
        loop {
            let answer = self.send(path, body).await;
            if answer.status() != 409 {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    fn calls(&self) -> usize {
        self.upstream.requests().len()
    }

    /// Every route that has a model answer, with a body for it.
    async fn routes(&self) -> Vec<(String, Value)> {
        let room = make_room(&self.app, json!({ "name": "Garden" })).await;
        let question = json!({ "question": QUESTION });
        let said = json!({ "content": QUESTION });
        let owned = |path: &str, body| (path.to_owned(), body);
        vec![
            owned("/chat/stream", question),
            (format!("/api/rooms/{room}/messages"), said.clone()),
            (format!("/api/rooms/{room}/messages/stream"), said),
            owned(COMPLETIONS, call("openai/m", false)),
            owned(
                "/chat/completions",
                json!({ "message": QUESTION, "nickname": "ana" }),
            ),
        ]
    }
}

fn is_replay(answer: &Response) -> bool {
    let mark = answer.headers().get("idempotency-replayed");
    mark.is_some_and(|value| value == "true")
}

fn call(model: &str, stream: bool) -> Value {
    json!({ "model": model, "stream": stream, "messages": [{ "role": "user", "content": QUESTION }] })
}

/// What may be told again: the status, the kind of the body and the body.
async fn content(answer: Response) -> (u16, String, String) {
    let kind = answer.headers()["content-type"]
        .to_str()
        .unwrap()
        .to_owned();
    (answer.status().as_u16(), kind, answer.text().await.unwrap())
}

#[tokio::test]
async fn each_answer_of_a_model_is_told_again_without_a_call() {
    let world = World::new().await;
    for (path, body) in world.routes().await {
        let before = world.calls();
        let first = world.send(&path, &body).await;
        assert!(first.status().is_success() && !is_replay(&first), "{path}");
        let first = content(first).await;
        let again = world.send(&path, &body).await;
        assert!(is_replay(&again), "{path}");
        assert_eq!(content(again).await, first, "{path}");
        assert_eq!(world.calls(), before + 1, "{path}");
    }
}

#[tokio::test]
async fn openais_streams_are_told_again_to_the_last_byte() {
    for model in ["openai/m", "ragd"] {
        let world = World::new().await;
        let first = content(world.send(COMPLETIONS, &call(model, true)).await).await;
        assert_eq!(first.0, 200);
        assert!(first.1.starts_with("text/event-stream"));
        assert!(first.2.ends_with("data: [DONE]\n\n"), "{}", first.2);
        let again = world.send(COMPLETIONS, &call(model, true)).await;
        assert!(is_replay(&again));
        assert_eq!(content(again).await, first);
        assert_eq!(world.calls(), 1);

        // The same call as a whole is another request.
        let answer = world.send(COMPLETIONS, &call(model, false)).await;
        assert_eq!((answer.status().as_u16(), is_replay(&answer)), (422, false));
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["error"]["code"], "idempotency_key_reused", "{body}");
    }
}

#[tokio::test]
async fn a_stream_that_breaks_off_is_not_kept() {
    let question = json!({ "question": QUESTION });
    let routes = [
        ("/chat/stream", question),
        (COMPLETIONS, call("openai/m", true)),
        (COMPLETIONS, call("ragd", true)),
    ];
    for (path, body) in routes {
        let world = World::new().await;
        world
            .upstream
            .then(Reply::tokens(&["The guarantee "]).close());
        let broken = world.send(path, &body).await;
        assert_eq!(broken.status(), 200);
        let text = broken.text().await.unwrap();
        assert!(
            text.contains("\"partial\":true") && !text.contains("[DONE]"),
            "{text}"
        );
        let again = world.send_after(path, &body).await;
        assert_eq!(
            (again.status().as_u16(), is_replay(&again)),
            (200, false),
            "{path}"
        );
        assert!(!again.text().await.unwrap().contains("\"partial\":true"));
        assert!(is_replay(&world.send(path, &body).await), "{path}");
        assert_eq!(world.calls(), 2, "{path}");
    }
}

#[tokio::test]
async fn a_failure_before_the_stream_is_not_kept_and_a_refusal_is() {
    let world = World::new().await;
    let body = call("openai/m", true);
    world.upstream.then(Reply::error(500, "down"));
    assert_eq!(world.send(COMPLETIONS, &body).await.status(), 503);
    let refusal =
        json!({ "error": { "message": "no", "code": "invalid_value", "param": "messages" } });
    world.upstream.then(Reply::json(400, &refusal));
    let first = world.send(COMPLETIONS, &body).await;
    assert_eq!((first.status().as_u16(), is_replay(&first)), (400, false));
    let first = content(first).await;
    let again = world.send(COMPLETIONS, &body).await;
    assert!(is_replay(&again));
    assert_eq!(content(again).await, first);
    assert!(first.2.contains("invalid_value"), "{}", first.2);
    assert_eq!(world.calls(), 2);
}

#[tokio::test]
async fn a_stream_under_way_is_a_conflict() {
    let world = World::new().await;
    let body = call("openai/m", true);
    let begun = Reply::tokens(&["The guarantee "])
        .gate()
        .token("lasts.")
        .done();
    world.upstream.then(begun);
    let mut first = world.send(COMPLETIONS, &body).await;
    assert!(first.chunk().await.unwrap().is_some());
    let second = world.send(COMPLETIONS, &body).await;
    assert_eq!(
        (second.status().as_u16(), &second.headers()["retry-after"]),
        (409, &"1".parse().unwrap())
    );
    let second: Value = second.json().await.unwrap();
    assert_eq!(second["error"]["code"], "idempotency_in_flight", "{second}");
    world.upstream.open_gate();
    while first.chunk().await.unwrap().is_some() {}
    assert!(is_replay(&world.send(COMPLETIONS, &body).await));
    assert_eq!(world.calls(), 1);
}

#[tokio::test]
async fn a_client_that_leaves_its_stream_frees_the_key() {
    for (path, body) in [
        ("/chat/stream", json!({ "question": QUESTION })),
        (COMPLETIONS, call("openai/m", true)),
    ] {
        let world = World::new().await;
        world
            .upstream
            .then(Reply::tokens(&["The guarantee "]).hang());
        let mut first = world.send(path, &body).await;
        assert!(first.chunk().await.unwrap().is_some());
        drop(first);
        world.upstream.clients_gone(1).await;
        let again = world.send_after(path, &body).await;
        assert_eq!(
            (again.status().as_u16(), is_replay(&again)),
            (200, false),
            "{path}"
        );
        assert!(again.text().await.unwrap().contains("months"));
        assert_eq!(world.calls(), 2);
    }
}

#[tokio::test]
async fn a_rooms_answer_is_stored_once() {
    let world = World::new().await;
    let room = make_room(&world.app, json!({ "name": "Garden" })).await;
    let path = format!("/api/rooms/{room}/messages");
    for number in 0..2 {
        let answer = world.send(&path, &json!({ "content": QUESTION })).await;
        assert_eq!(
            (answer.status().as_u16(), is_replay(&answer)),
            (201, number == 1)
        );
    }
    let list = world.app.get(&path).header("x-api-key", world.app.api_key);
    let list: Value = list.send().await.unwrap().json().await.unwrap();
    assert_eq!(list["data"].as_array().unwrap().len(), 2, "{list}");
    // Another room's key is another key.
    let other = make_room(&world.app, json!({ "name": "Orchard" })).await;
    let path = format!("/api/rooms/{other}/messages");
    assert!(!is_replay(
        &world.send(&path, &json!({ "content": QUESTION })).await
    ));
    assert_eq!(world.calls(), 2);
}
