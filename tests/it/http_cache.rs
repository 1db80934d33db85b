//! Answers kept for equal questions, over HTTP, on both engines of the cache: what was asked a
//! moment ago is not asked of the model again, and what could have changed the answer makes it anew.

use crate::support::app::TestApp;
use crate::support::redis::{held, prefix, url};
use crate::support::upstream::Upstream;
use crate::support::upstream_reply::{Reply, stop_chunk};
use bytes::Bytes;
use chrono::DateTime;
use futures_util::{Stream, StreamExt};
use ragd::clock::Clock;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::net::TcpListener;

const TEXT: &str = "The guarantee of the espresso machine lasts twenty-seven months.";
const QUESTION: &str = "How long does the guarantee of the espresso machine last?";
const ANSWER: &str = "The guarantee lasts twenty-seven months [1].";
const HITS: &str = "rag_cache_hits_total{cache=\"response\"}";
const MISSES: &str = "rag_cache_misses_total{cache=\"response\"}";

/// An application with a scripted model and one document.
struct World {
    app: TestApp,
    upstream: Upstream,
    token: String,
    clock: Clock,
    prefix: String,
}

impl World {
    async fn new(engine: &[(&str, &str)]) -> Self {
        let upstream = Upstream::start().await;
        upstream.compute(|request| match request.body["stream"].as_bool() {
            Some(true) => Reply::stream(&["The guarantee ", "lasts twenty-seven ", "months [1]."]),
            _ => Reply::answer(ANSWER),
        });
        let (base_url, prefix) = (upstream.base_url(), prefix());
        let mut variables = vec![
            ("OPENAI_BASE_URL", base_url.as_str()),
            ("OPENAI_API_KEY", "sk-test"),
            // Words alone are asked for, so nothing is missing without a model of vectors.
            ("HYBRID_VEC_WEIGHT", "0"),
            ("REDIS_PREFIX", &prefix),
        ];
        variables.extend(engine);
        let clock = Clock::manual(DateTime::from_timestamp(1_767_000_000, 0).unwrap());
        let app = TestApp::spawn_with(&variables, clock.clone()).await;
        let token = app.admin_token().await;
        let world = Self {
            app,
            upstream,
            token,
            clock,
            prefix,
        };
        world.take_in("guarantee.txt", TEXT).await;
        world
    }

    /// Takes a document in; the index has followed when this returns.
    async fn take_in(&self, name: &str, text: &str) -> String {
        let accepted = self.app.upload(&self.token, name, text).await;
        self.app.app.follower().catch_up().await.unwrap();
        accepted["document_id"].as_str().unwrap().to_owned()
    }

    async fn ask(&self, body: &Value) -> Value {
        let request = self.app.post("/chat").header("x-api-key", self.app.api_key);
        let answer = request.json(body).send().await.unwrap();
        let status = answer.status();
        let body: Value = answer.json().await.unwrap();
        assert_eq!(status, 200, "{body}");
        body
    }

    async fn ask_plainly(&self) -> Value {
        self.ask(&json!({ "question": QUESTION })).await
    }

    /// The names and data of a stream's events.
    async fn stream(&self) -> Vec<(String, Value)> {
        let request = self.app.post("/chat/stream");
        let request = request.header("x-api-key", self.app.api_key);
        let body = json!({ "question": QUESTION });
        let text = request.json(&body).send().await.unwrap().text().await;
        let text = text.unwrap();
        let blocks = text
            .split("\n\n")
            .filter(|block| block.starts_with("event:"));
        blocks
            .map(|block| {
                let (name, data) = block.split_once('\n').unwrap();
                let data = data.trim_start_matches("data:").trim();
                let name = name.trim_start_matches("event:").trim();
                (name.to_owned(), serde_json::from_str(data).unwrap())
            })
            .collect()
    }

    fn calls(&self) -> usize {
        self.upstream.requests().len()
    }

    async fn stats(&self, field: &str) -> i64 {
        let request = self.app.get("/admin/stats").bearer_auth(&self.token);
        let stats: Value = request.send().await.unwrap().json().await.unwrap();
        stats[field].as_i64().unwrap()
    }
}

/// An answer without what belongs to its conversation.
fn shared(answer: &Value) -> Value {
    let mut answer = answer.clone();
    let fields = answer.as_object_mut().unwrap();
    fields.remove("session_id").unwrap();
    fields.remove("message_id").unwrap();
    answer
}

/// Makes of each function that takes a `World` two tests, one on each engine of the cache.
macro_rules! on_both_engines {
    ($($name:ident),+ $(,)?) => {
        mod memory {
            $(#[tokio::test]
            async fn $name() {
                super::$name(super::World::new(&[]).await).await;
            })+
        }
        mod redis_server {
            $(#[tokio::test]
            async fn $name() {
                let url = super::url();
                super::$name(super::World::new(&[("REDIS_URL", &url)]).await).await;
            })+
        }
    };
}
pub(crate) use on_both_engines;

on_both_engines! {
    an_equal_question_makes_no_call,
    a_stream_gets_what_was_kept_and_leaves_what_it_made,
    equal_questions_at_once_make_one_call,
    a_change_of_the_corpus_makes_the_answer_anew,
    an_answer_ends_with_its_time,
    clearing_forgets_answers_and_nothing_else,
}

async fn an_equal_question_makes_no_call(world: World) {
    let first = world
        .ask(&json!({ "question": QUESTION, "session_id": "a" }))
        .await;
    assert_eq!(first["answer"], ANSWER);
    assert_eq!(first["degraded"], json!([]));
    let spaced = QUESTION.replace(' ', "  ");
    let second = world
        .ask(&json!({ "question": spaced, "session_id": "b" }))
        .await;
    assert_eq!(world.calls(), 1);
    assert_eq!(shared(&first), shared(&second));
    assert_eq!(second["session_id"], "b");
    assert_ne!(first["message_id"], second["message_id"]);
    // Both turns are stored, each in its own room.
    assert_eq!(world.stats("messages").await, 4);
    assert_eq!(world.stats("rooms").await, 2);
    assert_eq!(world.app.metric(HITS).await, 1.0);
    assert_eq!(world.app.metric(MISSES).await, 1.0);
    assert_eq!(world.app.metric("response_cache_hits_total").await, 1.0);
}

async fn a_stream_gets_what_was_kept_and_leaves_what_it_made(world: World) {
    let made = world.stream().await;
    assert_eq!(world.calls(), 1);
    let kept = world.stream().await;
    let whole = world.ask_plainly().await;
    assert_eq!(world.calls(), 1);
    for events in [&made, &kept] {
        let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names.first(), Some(&"metadata"));
        assert_eq!(names.last(), Some(&"done"));
        assert!(
            names[1..names.len() - 1]
                .iter()
                .all(|name| *name == "token")
        );
        let tokens: String = events
            .iter()
            .filter_map(|(_, data)| data["token"].as_str())
            .collect();
        assert_eq!(tokens, ANSWER);
        let done = &events.last().unwrap().1;
        assert_eq!(shared(done), shared(&whole));
        assert_eq!(events[0].1["session_id"], done["session_id"]);
    }
    assert_eq!(made[0].1["sources"], kept[0].1["sources"]);
    assert_ne!(made[0].1["session_id"], kept[0].1["session_id"]);
    assert_eq!(world.stats("messages").await, 6);
}

async fn equal_questions_at_once_make_one_call(world: World) {
    world.upstream.then(Reply::answer(ANSWER).after_gate());
    let asking = (0..20).map(|number| {
        let body = json!({ "question": QUESTION, "session_id": format!("s-{number}") });
        let request = world
            .app
            .post("/chat")
            .header("x-api-key", world.app.api_key);
        tokio::spawn(request.json(&body).send())
    });
    let asking: Vec<_> = asking.collect();
    let created = "rag_session_operations_total{operation=\"create\"}";
    while world.app.metric(created).await < 20.0 {
        tokio::task::yield_now().await;
    }
    for one in asking {
        while !one.is_finished() {
            world.upstream.open_gate();
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let answer = one.await.unwrap().unwrap();
        assert_eq!(answer.status(), 200);
        let answer: Value = answer.json().await.unwrap();
        assert_eq!(answer["answer"], ANSWER);
    }
    assert_eq!(world.calls(), 1);
    assert_eq!(world.stats("messages").await, 40);
    assert_eq!(world.app.metric(HITS).await, 19.0);
    assert_eq!(world.app.metric(MISSES).await, 1.0);
}

async fn a_change_of_the_corpus_makes_the_answer_anew(world: World) {
    world.ask_plainly().await;
    let document = world
        .take_in("more.txt", "The guarantee can be renewed.")
        .await;
    let with_more = world.ask_plainly().await;
    assert_eq!(world.calls(), 2);
    assert_eq!(with_more["sources"].as_array().unwrap().len(), 2);
    world.ask_plainly().await;
    assert_eq!(world.calls(), 2);

    let path = format!("/api/documents/{document}");
    let deleted = world.app.delete(&path).bearer_auth(&world.token);
    assert!(deleted.send().await.unwrap().status().is_success());
    let without = world.ask_plainly().await;
    assert_eq!(world.calls(), 3);
    assert_eq!(without["sources"].as_array().unwrap().len(), 1);
}

async fn an_answer_ends_with_its_time(world: World) {
    if world.app.app.cache().server().is_some() {
        // The server has a time of its own: what is looked at is the end that it was given.
        world.ask_plainly().await;
        let mut connection = crate::support::redis::connection().await;
        let (key, _) = held(&format!("{}:response:*", world.prefix))
            .await
            .remove(0);
        let mut left = redis::cmd("TTL");
        let left: i64 = left.arg(key).query_async(&mut connection).await.unwrap();
        assert!((3_500..=3_600).contains(&left), "{left}");
        return;
    }
    world.ask_plainly().await;
    world.clock.advance(Duration::from_secs(3_599));
    world.ask_plainly().await;
    assert_eq!(world.calls(), 1);
    world.clock.advance(Duration::from_secs(1));
    world.ask_plainly().await;
    assert_eq!(world.calls(), 2);
}

async fn clearing_forgets_answers_and_nothing_else(world: World) {
    world.ask_plainly().await;
    let path = "/api/admin/cache/clear";
    let refused = world.app.post(path).header("x-api-key", world.app.api_key);
    assert_eq!(refused.send().await.unwrap().status(), 403);
    let request = world.app.post(path).bearer_auth(&world.token);
    let cleared: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(cleared, json!({ "cleared": true, "entries": 1 }));
    world.ask_plainly().await;
    assert_eq!(world.calls(), 2);
    assert_eq!(world.stats("messages").await, 4);
    let audit = world.app.audit_log();
    assert!(audit.contains("\"action\":\"cache.clear\""), "{audit}");
}

#[tokio::test]
async fn turns_before_make_another_question() {
    let world = World::new(&[]).await;
    let body = json!({ "question": QUESTION, "session_id": "s" });
    world.ask(&body).await;
    // The same session: the first turn is history now.
    world.ask(&body).await;
    assert_eq!(world.calls(), 2);
    world.ask(&body).await;
    assert_eq!(world.calls(), 3);
    // Another session without history asks what the first one asked.
    world.ask_plainly().await;
    assert_eq!(world.calls(), 3);
}

/// Reads a stream until it has an event of this name.
async fn read_until(
    body: &mut (impl Stream<Item = reqwest::Result<Bytes>> + Unpin),
    event: &str,
) -> String {
    let mut seen = String::new();
    while !seen.contains(&format!("event: {event}")) {
        let bytes = body.next().await.unwrap().unwrap();
        seen.push_str(std::str::from_utf8(&bytes).unwrap());
    }
    seen
}

#[tokio::test]
async fn who_joins_a_stream_gets_all_of_it_though_the_first_one_leaves() {
    let world = World::new(&[]).await;
    let reply = Reply::tokens(&["The guarantee "]).gate();
    let reply = reply.token("lasts twenty-seven months [1].");
    world.upstream.then(reply.event(&stop_chunk()).done());
    let begin = async || {
        let request = world.app.post("/chat/stream");
        let request = request.header("x-api-key", world.app.api_key);
        let request = request.json(&json!({ "question": QUESTION }));
        request.send().await.unwrap().bytes_stream()
    };
    let mut first = begin().await;
    read_until(&mut first, "token").await;
    let mut second = begin().await;
    let joined = read_until(&mut second, "token").await;
    assert!(
        joined.contains("event: metadata") && joined.contains("The guarantee "),
        "{joined}"
    );
    drop(first);
    world.upstream.open_gate();
    let rest = read_until(&mut second, "done").await;
    assert!(rest.contains("lasts twenty-seven months"), "{rest}");
    assert_eq!(world.calls(), 1);
}

#[tokio::test]
async fn other_parameters_and_other_callers_ask_another_question() {
    let world = World::new(&[]).await;
    let bodies = [
        json!({ "question": QUESTION }),
        json!({ "question": QUESTION.to_lowercase() }),
        json!({ "question": QUESTION, "collection": "default" }),
        json!({ "question": QUESTION, "model": "other" }),
        json!({ "question": QUESTION, "top_k": 3 }),
        json!({ "question": QUESTION, "temperature": 0.5 }),
        json!({ "question": QUESTION, "max_tokens": 100 }),
    ];
    for _ in 0..2 {
        for body in &bodies {
            world.ask(body).await;
        }
        assert_eq!(world.calls(), bodies.len());
    }
    // What is left out is what it stands for.
    let spelt_out = json!({ "question": QUESTION, "provider": "openai", "top_k": 5 });
    world.ask(&spelt_out).await;
    assert_eq!(world.calls(), bodies.len());
    let request = world.app.post("/chat").bearer_auth(&world.token);
    let answer = request.json(&bodies[0]).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(world.calls(), bodies.len() + 1);
}

#[tokio::test]
async fn a_degraded_answer_is_not_kept() {
    // Meaning is wanted, and there is no model for it.
    let world = World::new(&[("HYBRID_VEC_WEIGHT", "0.5")]).await;
    for calls in 1..=3 {
        assert_eq!(world.ask_plainly().await["degraded"], json!(["vector"]));
        assert_eq!(world.calls(), calls);
    }
}

#[tokio::test]
async fn an_answer_that_was_cut_off_is_not_kept() {
    let world = World::new(&[]).await;
    let cut = json!({
        "model": "scripted",
        "choices": [{"message": {"role": "assistant", "content": "The guarantee"},
                     "finish_reason": "length"}],
    });
    world.upstream.then(Reply::json(200, &cut));
    assert_eq!(world.ask_plainly().await["answer"], "The guarantee");
    assert_eq!(world.ask_plainly().await["answer"], ANSWER);
}

#[tokio::test]
async fn a_failure_is_not_kept_and_a_broken_stream_neither() {
    let world = World::new(&[]).await;
    world.upstream.then(Reply::error(500, "down"));
    let request = world
        .app
        .post("/chat")
        .header("x-api-key", world.app.api_key);
    let failed = request.json(&json!({ "question": QUESTION }));
    assert_eq!(failed.send().await.unwrap().status(), 503);
    world
        .upstream
        .then(Reply::tokens(&["The guarantee "]).close());
    let broken = world.stream().await;
    let (name, data) = broken.last().unwrap();
    assert_eq!((name.as_str(), &data["partial"]), ("error", &json!(true)));
    assert_eq!(world.calls(), 2);
    assert_eq!(world.ask_plainly().await["answer"], ANSWER);
    assert_eq!(world.calls(), 3);
}

#[tokio::test]
async fn nothing_is_kept_where_it_is_switched_off() {
    let world = World::new(&[("RESPONSE_CACHE_ENABLED", "off")]).await;
    world.ask_plainly().await;
    world.ask_plainly().await;
    assert_eq!(world.calls(), 2);
    assert_eq!(world.app.metric(MISSES).await, 0.0);
}

#[tokio::test]
async fn a_kept_answer_and_its_key_tell_nothing() {
    let url = url();
    let world = World::new(&[("REDIS_URL", &url)]).await;
    world.ask_plainly().await;
    let kept = held(&format!("{}:*", world.prefix)).await;
    assert_eq!(kept.len(), 1);
    let (key, value) = &kept[0];
    let shown = String::from_utf8_lossy(value);
    for word in ["guarantee", "twenty-seven", "openai", "answer"] {
        assert!(
            !shown.contains(word) && !key.contains(word),
            "{word}: {key}"
        );
    }
    // What cannot be opened is no answer, and is written over.
    let mut connection = crate::support::redis::connection().await;
    let mut set = redis::cmd("SET");
    let set = set.arg(key).arg("nonsense");
    let () = set.query_async(&mut connection).await.unwrap();
    world.ask_plainly().await;
    assert_eq!(world.calls(), 2);
    world.ask_plainly().await;
    assert_eq!(world.calls(), 2);
}

#[tokio::test]
async fn without_its_redis_ragd_answers_and_says_so() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = format!("redis://:geheim@{}", silent.local_addr().unwrap());
    for url in ["redis://127.0.0.1:1", &silent] {
        let world = World::new(&[("REDIS_URL", url)]).await;
        for calls in 1..=2 {
            let answer = world.ask_plainly().await;
            assert_eq!(answer["answer"], ANSWER);
            assert_eq!(answer["degraded"], json!(["cache"]));
            assert_eq!(world.calls(), calls);
        }
        let done = world.stream().await.pop().unwrap();
        assert_eq!(
            (done.0.as_str(), &done.1["degraded"]),
            ("done", &json!(["cache"]))
        );

        let request = world.app.get("/health/detailed").bearer_auth(&world.token);
        let health = request.send().await.unwrap();
        assert_eq!(health.status(), 200);
        let health: Value = health.json().await.unwrap();
        assert_eq!(health["status"], "degraded");
        let redis = &health["components"]["redis"];
        assert_eq!(redis["status"], "degraded");
        assert!(redis["reason"].is_string() && redis["latency_ms"].is_number());
        assert!(!health.to_string().contains("geheim"), "{health}");
        let ready = world.app.get("/health/ready").send().await.unwrap();
        assert_eq!(ready.status(), 200);
        let up = "dependency_up{dependency=\"redis\"}";
        let metrics = world.app.get("/metrics").send().await.unwrap();
        let metrics = metrics.text().await.unwrap();
        assert!(metrics.contains(&format!("{up} 0")), "{metrics}");
    }
}

#[tokio::test]
async fn a_redis_that_is_there_is_healthy() {
    let url = url();
    let world = World::new(&[("REDIS_URL", &url)]).await;
    let request = world.app.get("/health/detailed").bearer_auth(&world.token);
    let health: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(health["components"]["redis"]["status"], "healthy");
    let up = "dependency_up{dependency=\"redis\"}";
    assert_eq!(world.app.metric(up).await, 1.0);

    let memory = World::new(&[]).await;
    let request = memory
        .app
        .get("/health/detailed")
        .bearer_auth(&memory.token);
    let health: Value = request.send().await.unwrap().json().await.unwrap();
    assert!(health["components"].get("redis").is_none(), "{health}");
}
