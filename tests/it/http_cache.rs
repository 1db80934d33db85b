//! Answers kept for equal questions, over HTTP, on both engines of the cache: what was asked a
//! moment ago is not asked of the model again, and what could have changed the answer makes it anew.

use crate::support::redis::{held, url};
use crate::support::scripted;
use crate::support::until::{SOON, until};
use crate::support::world::{ANSWER, QUESTION, Setup, World};
use ragd::stub_llm::Reply;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::net::TcpListener;

const HITS: &str = "rag_cache_hits_total{cache=\"response\"}";
const MISSES: &str = "rag_cache_misses_total{cache=\"response\"}";

/// An application with a scripted model and one document.
pub async fn begin(more: &[(&str, &str)]) -> World {
    // Words alone are asked for, so nothing is missing without a model of vectors.
    let setup = Setup::new().set(&[("HYBRID_VEC_WEIGHT", "0")]).set(more);
    let world = setup.with_standing_clock().with_document().start().await;
    scripted::answer_all(&world.openai, ANSWER);
    world
}

/// An answer without what belongs to its conversation.
fn shared(answer: &Value) -> Value {
    let mut answer = answer.clone();
    let fields = answer.as_object_mut().unwrap();
    fields.remove("session_id").unwrap();
    fields.remove("message_id").unwrap();
    answer
}

/// Makes of each function that takes a `&World` two tests, one on each engine of the cache.
macro_rules! on_both_engines {
    ($($name:ident),+ $(,)?) => {
        mod memory {
            $(#[tokio::test]
            async fn $name() {
                let world = super::begin(&[]).await;
                super::$name(&world).await;
                world.finish().await;
            })+
        }
        mod redis_server {
            $(#[tokio::test]
            async fn $name() {
                let url = crate::support::redis::url();
                let world = super::begin(&[("REDIS_URL", &url)]).await;
                super::$name(&world).await;
                world.finish().await;
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

async fn an_equal_question_makes_no_call(world: &World) {
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

async fn a_stream_gets_what_was_kept_and_leaves_what_it_made(world: &World) {
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

async fn equal_questions_at_once_make_one_call(world: &World) {
    world.openai.queue(Reply::answer(ANSWER).after_gate());
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
    until("twenty rooms", SOON, || async {
        world.app.metric(created).await >= 20.0
    })
    .await;
    for one in asking {
        let answer = world.open_gate_until("an answer", one).await.unwrap();
        assert_eq!(answer.status(), 200);
        let answer: Value = answer.json().await.unwrap();
        assert_eq!(answer["answer"], ANSWER);
    }
    assert_eq!(world.calls(), 1);
    assert_eq!(world.stats("messages").await, 40);
    assert_eq!(world.app.metric(HITS).await, 19.0);
    assert_eq!(world.app.metric(MISSES).await, 1.0);
}

async fn a_change_of_the_corpus_makes_the_answer_anew(world: &World) {
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
    let deleted = world.app.delete(&path).bearer_auth(world.token().await);
    assert!(deleted.send().await.unwrap().status().is_success());
    let without = world.ask_plainly().await;
    assert_eq!(world.calls(), 3);
    assert_eq!(without["sources"].as_array().unwrap().len(), 1);
}

async fn an_answer_ends_with_its_time(world: &World) {
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

async fn clearing_forgets_answers_and_nothing_else(world: &World) {
    world.ask_plainly().await;
    let path = "/api/admin/cache/clear";
    let refused = world.app.post(path).header("x-api-key", world.app.api_key);
    assert_eq!(refused.send().await.unwrap().status(), 403);
    let request = world.app.post(path).bearer_auth(world.token().await);
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
    let world = begin(&[]).await;
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
    world.finish().await;
}

#[tokio::test]
async fn a_joined_stream_is_whole_though_the_first_client_leaves() {
    let world = begin(&[]).await;
    let reply = Reply::tokens(&["The guarantee "]).gate();
    let reply = reply.token("lasts twenty-seven months [1].");
    world
        .openai
        .queue(reply.event(&scripted::stop_chunk()).done());
    let mut first = world.begin_stream().await;
    first.until("token").await;
    let mut second = world.begin_stream().await;
    let joined = second.until("token").await;
    assert_eq!(joined[0].name, "metadata");
    assert_eq!(joined[1].json()["token"], "The guarantee ");
    drop(first);
    world.openai.open_gate();
    let rest = second.until("done").await;
    let rest = &rest.last().unwrap().data;
    assert!(rest.contains("lasts twenty-seven months"), "{rest}");
    assert_eq!(world.calls(), 1);
    world.finish().await;
}

#[tokio::test]
async fn other_parameters_and_other_callers_ask_another_question() {
    let world = begin(&[]).await;
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
    let request = world.app.post("/chat").bearer_auth(world.token().await);
    let answer = request.json(&bodies[0]).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(world.calls(), bodies.len() + 1);
    world.finish().await;
}

#[tokio::test]
async fn a_degraded_answer_is_not_kept() {
    // Meaning is wanted, and there is no model for it.
    let world = begin(&[("HYBRID_VEC_WEIGHT", "0.5")]).await;
    for calls in 1..=3 {
        assert_eq!(world.ask_plainly().await["degraded"], json!(["vector"]));
        assert_eq!(world.calls(), calls);
    }
    world.finish().await;
}

#[tokio::test]
async fn an_answer_that_was_cut_off_is_not_kept() {
    let world = begin(&[]).await;
    let cut = json!({
        "model": "scripted",
        "choices": [{"message": {"role": "assistant", "content": "The guarantee"},
                     "finish_reason": "length"}],
    });
    world.openai.queue(Reply::json(200, &cut));
    assert_eq!(world.ask_plainly().await["answer"], "The guarantee");
    assert_eq!(world.ask_plainly().await["answer"], ANSWER);
    world.finish().await;
}

#[tokio::test]
async fn a_failure_is_not_kept_and_a_broken_stream_neither() {
    let world = begin(&[]).await;
    world.openai.queue(Reply::error(500, "down"));
    let request = world
        .app
        .post("/chat")
        .header("x-api-key", world.app.api_key);
    let failed = request.json(&json!({ "question": QUESTION }));
    assert_eq!(failed.send().await.unwrap().status(), 503);
    world
        .openai
        .queue(Reply::tokens(&["The guarantee "]).close());
    let broken = world.stream().await;
    let (name, data) = broken.last().unwrap();
    assert_eq!((name.as_str(), &data["partial"]), ("error", &json!(true)));
    assert_eq!(world.calls(), 2);
    assert_eq!(world.ask_plainly().await["answer"], ANSWER);
    assert_eq!(world.calls(), 3);
    world.finish().await;
}

#[tokio::test]
async fn nothing_is_kept_where_it_is_switched_off() {
    let world = begin(&[("RESPONSE_CACHE_ENABLED", "off")]).await;
    world.ask_plainly().await;
    world.ask_plainly().await;
    assert_eq!(world.calls(), 2);
    assert_eq!(world.app.metric(MISSES).await, 0.0);
    world.finish().await;
}

#[tokio::test]
async fn a_cached_answer_and_its_key_reveal_nothing() {
    let url = url();
    let world = begin(&[("REDIS_URL", &url)]).await;
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
    world.finish().await;
}

#[tokio::test]
async fn without_its_redis_ragd_answers_and_says_so() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = format!("redis://:geheim@{}", silent.local_addr().unwrap());
    for url in ["redis://127.0.0.1:1", &silent] {
        let world = begin(&[("REDIS_URL", url)]).await;
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

        let request = world
            .app
            .get("/health/detailed")
            .bearer_auth(world.token().await);
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
        world.finish().await;
    }
}

#[tokio::test]
async fn a_redis_that_is_there_is_healthy() {
    let url = url();
    let world = begin(&[("REDIS_URL", &url)]).await;
    let request = world
        .app
        .get("/health/detailed")
        .bearer_auth(world.token().await);
    let health: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(health["components"]["redis"]["status"], "healthy");
    let up = "dependency_up{dependency=\"redis\"}";
    assert_eq!(world.app.metric(up).await, 1.0);

    let memory = begin(&[]).await;
    let request = memory
        .app
        .get("/health/detailed")
        .bearer_auth(memory.token().await);
    let health: Value = request.send().await.unwrap().json().await.unwrap();
    assert!(health["components"].get("redis").is_none(), "{health}");
    memory.finish().await;
    world.finish().await;
}
