//! `Idempotency-Key` on answers of a model, whole and streamed: the second time the same bytes come
//! back without a call; what broke off is not kept.

use crate::http_rooms::make_room;
use crate::support::scripted;
use crate::support::until::{SOON, until_some};
use crate::support::world::{ANSWER, QUESTION, Setup, World};
use ragd::stub_llm::Reply;
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};

const COMPLETIONS: &str = "/v1/chat/completions";

/// An application with a scripted model and one document. Answers are not kept for equal questions,
/// so that every call of the model is seen.
async fn begin() -> World {
    let setup = Setup::new().set(&[("RESPONSE_CACHE_ENABLED", "false")]);
    let world = setup.with_document().start().await;
    scripted::answer_all(&world.openai, ANSWER);
    world
}

impl World {
    fn keyed(&self, path: &str, body: &Value) -> RequestBuilder {
        let request = self.app.post(path).header("x-api-key", self.app.api_key);
        request.header("idempotency-key", "k").json(body)
    }

    async fn send(&self, path: &str, body: &Value) -> Response {
        self.keyed(path, body).send().await.unwrap()
    }

    /// Sends it again for as long as the first one is not known to be over.
    async fn send_after(&self, path: &str, body: &Value) -> Response {
        until_some("the end of the first call", SOON, || async {
            let answer = self.send(path, body).await;
            (answer.status() != 409).then_some(answer)
        })
        .await
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
async fn each_answer_of_a_model_is_replayed_without_a_call() {
    let world = begin().await;
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
    world.finish().await;
}

#[tokio::test]
async fn openai_streams_are_replayed_byte_for_byte() {
    for model in ["openai/m", "ragd"] {
        let world = begin().await;
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
        world.finish().await;
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
        let world = begin().await;
        world
            .openai
            .queue(Reply::tokens(&["The guarantee "]).close());
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
        world.finish().await;
    }
}

#[tokio::test]
async fn a_failure_before_the_stream_is_not_kept_and_a_refusal_is() {
    let world = begin().await;
    let body = call("openai/m", true);
    world.openai.queue(Reply::error(500, "down"));
    assert_eq!(world.send(COMPLETIONS, &body).await.status(), 503);
    let refusal =
        json!({ "error": { "message": "no", "code": "invalid_value", "param": "messages" } });
    world.openai.queue(Reply::json(400, &refusal));
    let first = world.send(COMPLETIONS, &body).await;
    assert_eq!((first.status().as_u16(), is_replay(&first)), (400, false));
    let first = content(first).await;
    let again = world.send(COMPLETIONS, &body).await;
    assert!(is_replay(&again));
    assert_eq!(content(again).await, first);
    assert!(first.2.contains("invalid_value"), "{}", first.2);
    assert_eq!(world.calls(), 2);
    world.finish().await;
}

#[tokio::test]
async fn a_stream_under_way_is_a_conflict() {
    let world = begin().await;
    let body = call("openai/m", true);
    let begun = Reply::tokens(&["The guarantee "])
        .gate()
        .token("lasts.")
        .done();
    world.openai.queue(begun);
    let mut first = world.send(COMPLETIONS, &body).await;
    assert!(first.chunk().await.unwrap().is_some());
    let second = world.send(COMPLETIONS, &body).await;
    assert_eq!(
        (second.status().as_u16(), &second.headers()["retry-after"]),
        (409, &"1".parse().unwrap())
    );
    let second: Value = second.json().await.unwrap();
    assert_eq!(second["error"]["code"], "idempotency_in_flight", "{second}");
    world.openai.open_gate();
    while first.chunk().await.unwrap().is_some() {}
    assert!(is_replay(&world.send(COMPLETIONS, &body).await));
    assert_eq!(world.calls(), 1);
    world.finish().await;
}

#[tokio::test]
async fn a_client_that_leaves_its_stream_frees_the_key() {
    for (path, body) in [
        ("/chat/stream", json!({ "question": QUESTION })),
        (COMPLETIONS, call("openai/m", true)),
    ] {
        let world = begin().await;
        world
            .openai
            .queue(Reply::tokens(&["The guarantee "]).hang());
        let mut first = world.send(path, &body).await;
        assert!(first.chunk().await.unwrap().is_some());
        drop(first);
        world.openai.clients_gone(1).await;
        let again = world.send_after(path, &body).await;
        assert_eq!(
            (again.status().as_u16(), is_replay(&again)),
            (200, false),
            "{path}"
        );
        assert!(again.text().await.unwrap().contains("months"));
        assert_eq!(world.calls(), 2);
        world.finish().await;
    }
}

#[tokio::test]
async fn a_rooms_answer_is_stored_once() {
    let world = begin().await;
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
    world.finish().await;
}
