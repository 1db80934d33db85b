//! `Idempotency-Key` over HTTP, on both engines of the cache: a request that is sent again does its
//! work once.

use crate::http_cache::on_both_engines;
use crate::support::redis::{held, url};
use crate::support::until::{SOON, until_some};
use crate::support::world::{ANSWER, QUESTION, Setup, World};
use ragd::stub_llm::Reply;
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const REPLAYED: &str = "idempotency-replayed";

/// An application with a scripted model and one document. Answers are not kept for equal questions,
/// so that every call of the model is seen.
async fn begin(more: &[(&str, &str)]) -> World {
    let setup = Setup::new().set(&[("RESPONSE_CACHE_ENABLED", "false")]);
    let setup = setup.set(more).with_standing_clock().with_document();
    let world = setup.start().await;
    world.openai.set_default(Reply::answer(ANSWER));
    world
}

impl World {
    /// A question under a key.
    fn asking(&self, key: &str, question: &str) -> RequestBuilder {
        self.app
            .post("/chat")
            .header("x-api-key", self.app.api_key)
            .header("idempotency-key", key)
            .json(&json!({ "question": question }))
    }

    async fn ask_with_key(&self, key: &str, question: &str) -> Response {
        self.asking(key, question).send().await.unwrap()
    }

    /// Sends a file under a key, in a form whose boundary is made anew.
    async fn send_file(&self, key: &str, name: &str, text: &str) -> Response {
        let file = reqwest::multipart::Part::text(text.to_owned()).file_name(name.to_owned());
        let form = reqwest::multipart::Form::new().part("file", file);
        let request = self.app.post("/api/documents/upload");
        let request = request.bearer_auth(self.token().await);
        let request = request.header("idempotency-key", key).multipart(form);
        request.send().await.unwrap()
    }
}

fn is_replay(answer: &Response) -> bool {
    answer
        .headers()
        .get(REPLAYED)
        .is_some_and(|value| value == "true")
}

/// The status and the body of a problem.
async fn problem(answer: Response) -> (u16, Value) {
    let media_type = answer.headers()["content-type"].clone();
    assert_eq!(media_type, "application/problem+json");
    (answer.status().as_u16(), answer.json().await.unwrap())
}

on_both_engines! {
    the_same_request_gets_the_same_answer,
    another_body_under_the_key_is_refused,
    a_request_in_progress_is_a_conflict,
    a_server_error_frees_the_key,
    a_client_that_goes_away_frees_the_key,
    a_file_is_taken_in_once,
}

async fn the_same_request_gets_the_same_answer(world: &World) {
    let first = world.ask_with_key("k-1", QUESTION).await;
    assert_eq!((first.status().as_u16(), is_replay(&first)), (200, false));
    let media_type = first.headers()["content-type"].clone();
    let first = first.text().await.unwrap();
    let again = world.ask_with_key("k-1", QUESTION).await;
    assert_eq!((again.status().as_u16(), is_replay(&again)), (200, true));
    assert_eq!(again.headers()["content-type"], media_type);
    assert_eq!(again.text().await.unwrap(), first);
    assert_eq!(world.calls(), 1);
    // The turn is stored once.
    let stats = world
        .app
        .get("/admin/stats")
        .bearer_auth(world.token().await);
    let stats: Value = stats.send().await.unwrap().json().await.unwrap();
    assert_eq!(stats["messages"], 2);
    // Another key is another request.
    assert!(!is_replay(&world.ask_with_key("k-2", QUESTION).await));
    assert_eq!(world.calls(), 2);
}

async fn another_body_under_the_key_is_refused(world: &World) {
    world.ask_with_key("k", QUESTION).await;
    let (status, refused) = problem(world.ask_with_key("k", "Another question?").await).await;
    assert_eq!(
        (status, &refused["code"]),
        (422, &json!("idempotency_key_reused"))
    );
    assert_eq!(world.calls(), 1);
    assert!(is_replay(&world.ask_with_key("k", QUESTION).await));
}

async fn a_request_in_progress_is_a_conflict(world: &World) {
    world.openai.queue(Reply::answer(ANSWER).after_gate());
    let first = tokio::spawn(world.asking("k", QUESTION).send());
    world.called(1).await;
    let second = world.ask_with_key("k", QUESTION).await;
    assert_eq!(second.headers()["retry-after"], "1");
    let (status, refused) = problem(second).await;
    assert_eq!(
        (status, &refused["code"]),
        (409, &json!("idempotency_in_flight"))
    );
    let (status, refused) = problem(world.ask_with_key("k", "Another question?").await).await;
    assert_eq!(
        (status, &refused["code"]),
        (422, &json!("idempotency_key_reused"))
    );
    let first = world.open_gate_until("the first answer", first).await;
    assert_eq!(first.unwrap().status(), 200);
    assert!(is_replay(&world.ask_with_key("k", QUESTION).await));
    assert_eq!(world.calls(), 1);
}

async fn a_server_error_frees_the_key(world: &World) {
    world.openai.queue(Reply::error(500, "down"));
    assert_eq!(world.ask_with_key("k", QUESTION).await.status(), 503);
    let again = world.ask_with_key("k", QUESTION).await;
    assert_eq!((again.status().as_u16(), is_replay(&again)), (200, false));
    assert!(is_replay(&world.ask_with_key("k", QUESTION).await));
    assert_eq!(world.calls(), 2);
}

async fn a_client_that_goes_away_frees_the_key(world: &World) {
    world.openai.queue(Reply::silence());
    let gone = tokio::spawn(world.asking("k", QUESTION).send());
    world.called(1).await;
    gone.abort();
    world.openai.clients_gone(1).await;
    // The key is freed a moment after the call was dropped.
    let again = until_some("the key to be free", SOON, || async {
        let again = world.ask_with_key("k", QUESTION).await;
        (again.status() != 409).then_some(again)
    });
    let again = again.await;
    assert_eq!((again.status().as_u16(), is_replay(&again)), (200, false));
    assert_eq!(world.calls(), 2);
}

async fn a_file_is_taken_in_once(world: &World) {
    let first = world.send_file("k", "notes.txt", "Some notes.").await;
    assert_eq!(first.status(), 202);
    let first: Value = first.json().await.unwrap();
    assert!(first["job_id"].is_string());
    let again = world.send_file("k", "notes.txt", "Some notes.").await;
    assert_eq!((again.status().as_u16(), is_replay(&again)), (202, true));
    // Done again, it would say that the document was there already.
    let again: Value = again.json().await.unwrap();
    assert_eq!(again, first);
    for (name, text) in [("notes.txt", "Other notes."), ("other.txt", "Some notes.")] {
        let (status, refused) = problem(world.send_file("k", name, text).await).await;
        assert_eq!(
            (status, &refused["code"]),
            (422, &json!("idempotency_key_reused"))
        );
    }
}

#[tokio::test]
async fn a_permanent_refusal_is_replayed() {
    let world = begin(&[]).await;
    let (status, first) = problem(world.send_file("k", "program.exe", "MZ").await).await;
    assert!((400..500).contains(&status), "{first}");
    let again = world.send_file("k", "program.exe", "MZ").await;
    assert!(is_replay(&again));
    let id = again.headers()["x-request-id"].to_str().unwrap().to_owned();
    assert_eq!(problem(again).await, (status, first.clone()));
    // The answer is the first one's; its header is this request's own.
    assert_ne!(first["request_id"], id.as_str());
    world.finish().await;
}

#[tokio::test]
async fn texts_and_folders_take_a_key_too() {
    let world = begin(&[]).await;
    let routes = [
        ("/api/documents", json!({ "text": "A short text." })),
        ("/ingest", json!({})),
        ("/api/documents/ingest", json!({})),
    ];
    for (path, body) in routes {
        let token = world.token().await;
        let send = || {
            let request = world.app.post(path).bearer_auth(token);
            request.header("idempotency-key", "k").json(&body).send()
        };
        let first = send().await.unwrap();
        assert_eq!(
            (first.status().as_u16(), is_replay(&first)),
            (202, false),
            "{path}"
        );
        let first: Value = first.json().await.unwrap();
        let again = send().await.unwrap();
        assert!(is_replay(&again), "{path}");
        assert_eq!(again.json::<Value>().await.unwrap(), first);
    }
    // A query makes another request.
    let request = world
        .app
        .post("/api/documents?wait=true")
        .bearer_auth(world.token().await);
    let request = request.header("idempotency-key", "k");
    let request = request.json(&json!({ "text": "A short text." }));
    assert_eq!(request.send().await.unwrap().status(), 422);
    world.finish().await;
}

#[tokio::test]
async fn callers_do_not_share_keys() {
    let world = begin(&[]).await;
    world.ask_with_key("k", QUESTION).await;
    let request = world.app.post("/chat").bearer_auth(world.token().await);
    let request = request.header("idempotency-key", "k");
    let others = request.json(&json!({ "question": QUESTION }));
    let others = others.send().await.unwrap();
    assert_eq!((others.status().as_u16(), is_replay(&others)), (200, false));
    assert_eq!(world.calls(), 2);
    world.finish().await;
}

#[tokio::test]
async fn authentication_comes_before_the_idempotency_key() {
    let world = begin(&[]).await;
    let request = || world.app.post("/chat").header("idempotency-key", "k");
    let nobody = request().json(&json!({ "question": QUESTION }));
    assert_eq!(nobody.send().await.unwrap().status(), 401);
    let unknown = request().header("x-api-key", "wrong").body("not json");
    assert_eq!(unknown.send().await.unwrap().status(), 401);
    let narrow = world.app.post("/ingest").header("idempotency-key", "k");
    let narrow = narrow.header("x-api-key", world.app.api_key);
    assert_eq!(narrow.send().await.unwrap().status(), 403);
    for key in ["", " ", "a b", "ä", &"k".repeat(256)] {
        let (status, refused) = problem(world.ask_with_key(key, QUESTION).await).await;
        assert_eq!(status, 422);
        let detail = refused["detail"].as_str().unwrap();
        assert!(detail.starts_with("Idempotency-Key: "), "{detail}");
    }
    assert_eq!(world.calls(), 0);
    assert_eq!(
        world
            .ask_with_key(&"k".repeat(255), QUESTION)
            .await
            .status(),
        200
    );
    world.finish().await;
}

/// The server asks for the body (`100 Continue`) after it has authenticated the caller. The token expires
/// before the body is sent, so a second authentication would refuse the request.
#[tokio::test]
async fn a_request_with_a_key_authenticates_once() {
    let world = begin(&[]).await;
    let body = json!({ "question": QUESTION }).to_string();
    let head = format!(
        "POST /chat HTTP/1.1\r\nhost: ragd\r\nauthorization: Bearer {}\r\nidempotency-key: k\r\n\
         content-type: application/json\r\ncontent-length: {}\r\nexpect: 100-continue\r\n\
         connection: close\r\n\r\n",
        world.token().await,
        body.len()
    );
    let address = world.app.base_url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut interim = [0; 25];
    stream.read_exact(&mut interim).await.unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    world.clock.advance(Duration::from_secs(3_600));
    stream.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    world.finish().await;
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_as_without_a_key() {
    let world = begin(&[("MAX_UPLOAD_MEGABYTES", "1")]).await;
    let text = "a".repeat(5 * 1_024 * 1_024);
    let (status, refused) = problem(world.send_file("k", "a.txt", &text).await).await;
    assert_eq!((status, &refused["code"]), (413, &json!("file_too_large")));
    let (status, refused) = problem(world.ask_with_key("k", &text).await).await;
    assert_eq!((status, &refused["code"]), (413, &json!("too_large")));
    world.finish().await;
}

#[tokio::test]
async fn an_answer_is_replayed_for_a_day() {
    let world = begin(&[]).await;
    world.ask_with_key("k", QUESTION).await;
    world.clock.advance(Duration::from_secs(24 * 3_600 - 1));
    assert!(is_replay(&world.ask_with_key("k", QUESTION).await));
    world.clock.advance(Duration::from_secs(1));
    assert!(!is_replay(&world.ask_with_key("k", QUESTION).await));
    assert_eq!(world.calls(), 2);
    world.finish().await;
}

#[tokio::test]
async fn a_kept_response_is_encrypted() {
    let url = url();
    let world = begin(&[("REDIS_URL", &url)]).await;
    world.ask_with_key("my-key", QUESTION).await;
    let kept = held(&format!("{}:*", world.prefix)).await;
    assert_eq!(kept.len(), 1);
    let (key, value) = &kept[0];
    let shown = String::from_utf8_lossy(value);
    for word in ["my-key", "guarantee", "application/json", "status"] {
        assert!(
            !shown.contains(word) && !key.contains(word),
            "{word}: {key}"
        );
    }
    // What cannot be opened is nobody's: the key is free.
    let mut connection = crate::support::redis::connection().await;
    let mut set = redis::cmd("SET");
    let set = set.arg(key).arg("nonsense");
    let () = set.query_async(&mut connection).await.unwrap();
    assert!(!is_replay(&world.ask_with_key("my-key", QUESTION).await));
    assert!(is_replay(&world.ask_with_key("my-key", QUESTION).await));
    world.finish().await;
}

#[tokio::test]
async fn without_its_redis_a_request_goes_on_unguarded() {
    let world = begin(&[("REDIS_URL", "redis://127.0.0.1:1")]).await;
    for calls in 1..=2 {
        let answer = world.ask_with_key("k", QUESTION).await;
        assert_eq!((answer.status().as_u16(), is_replay(&answer)), (200, false));
        assert_eq!(world.calls(), calls);
    }
    world.finish().await;
}
