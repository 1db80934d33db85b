//! What decides how documents are read, jobs are done, answers are kept and questions are asked.

use crate::support::app::TestApp;
use crate::support::redis;
use crate::support::scripted;
use crate::support::until::{SOON, until};
use crate::support::world::{ANSWER, QUESTION, Setup};
use bytes::Bytes;
use ragd::cache::{CacheKey, Space};
use ragd::clock::Clock;
use ragd::config::{Config, Sources};
use ragd::domain::Lane;
use ragd::jobs::{LaneScheduler, LaneSettings};
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn documents_are_read_where_and_as_is_set() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("one.md"), "The heron waits.").unwrap();
    std::fs::write(folder.path().join("two.txt"), "The pelican dives.").unwrap();
    let path = folder.path().display().to_string();
    let variables = [
        ("DOCUMENTS_PATH", path.as_str()),
        ("INGEST_ALLOWED_EXTENSIONS", "md,pdf"),
    ];
    let app = TestApp::spawn_with(&variables, Clock::system()).await;
    let token = app.admin_token().await;
    let taken_in = app
        .post("/ingest")
        .bearer_auth(&token)
        .send()
        .await
        .unwrap();
    let report: Value = taken_in.json().await.unwrap();
    assert_eq!(report["new"], 1, "{report}");
    assert_eq!(report["skipped"].as_array().unwrap().len(), 1, "{report}");
    app.finish().await;
}

#[tokio::test]
async fn ocr_can_be_switched_off() {
    let app = TestApp::spawn_with(&[("INGEST_OCR", "off")], Clock::system()).await;
    assert!(!app.app.ingest().ocr().is_automatic());
    app.finish().await;
}

/// How many passages a text of four thousand characters has.
async fn passages(size: &str, overlap: &str) -> i64 {
    let variables = [("CHUNK_SIZE", size), ("CHUNK_OVERLAP", overlap)];
    let app = TestApp::spawn_with(&variables, Clock::system()).await;
    let token = app.admin_token().await;
    let text: String = (0..400).map(|n| format!("word{n:05} ")).collect();
    app.upload(&token, "long.txt", &text).await;
    let count = app.app.store().count_current_passages().await.unwrap();
    app.finish().await;
    count
}

#[tokio::test]
async fn passages_are_as_long_as_is_set() {
    let (short, long) = (passages("500", "0").await, passages("2000", "0").await);
    assert!(short >= 8 && long <= 3, "{short}, {long}");
    let overlapping = passages("500", "250").await;
    assert!(overlapping > short + 3, "{overlapping}, {short}");
}

/// How many jobs of each lane are begun at once when all of them wait.
fn begun(variables: &[(&str, &str)]) -> [usize; 3] {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let sources = Sources {
        file: None,
        environment: variables.iter().map(owned).collect(),
    };
    let config = Config::load(&sources).unwrap().config;
    let mut lanes = LaneScheduler::new(LaneSettings::of(&config.jobs));
    let mut begun = [0; 3];
    while let Some(lane) = lanes.take([Some(Duration::from_secs(1)); 3]) {
        let index = Lane::ALL.iter().position(|one| *one == lane).unwrap();
        begun[index] += 1;
    }
    begun
}

#[test]
fn places_are_given_out_as_is_set() {
    let many = ("JOBS_SHARED_PLACES", "30");
    let places = [
        ("JOBS_HIGH_PRIORITY_PLACES", "5"),
        ("JOBS_DEFAULT_PLACES", "6"),
        ("JOBS_LOW_PRIORITY_PLACES", "7"),
    ];
    assert_eq!(begun(&[many, places[0], places[1], places[2]]), [5, 6, 7]);
    let sum = |begun: [usize; 3]| begun.iter().sum::<usize>();
    // One of each lane beside the shared ones.
    assert_eq!(sum(begun(&[("JOBS_SHARED_PLACES", "0")])), 3);
    assert_eq!(sum(begun(&[("JOBS_SHARED_PLACES", "4")])), 7);
    let some = begun(&[("RAGD_WORKER_LANES", "default,low_priority")]);
    assert!(some[0] == 0 && some[1] > 0 && some[2] > 0, "{some:?}");
}

#[tokio::test]
async fn a_redis_is_given_its_password() {
    // The Redis of the tests asks for none, and refuses one.
    let url = redis::url();
    let variables = [
        ("REDIS_URL", url.as_str()),
        ("REDIS_PASSWORD", "wrong"),
        ("HYBRID_VEC_WEIGHT", "0"),
    ];
    let world = Setup::new().with_document().set(&variables).start().await;
    scripted::answer_all(&world.openai, ANSWER);
    assert_eq!(world.ask_plainly().await["degraded"], json!(["cache"]));
    world.finish().await;
}

#[tokio::test]
async fn the_memory_of_the_cache_is_bounded_as_is_set() {
    let app = TestApp::spawn_with(&[("CACHE_MEMORY_MEGABYTES", "1")], Clock::system()).await;
    let cache = app.app.cache();
    let name = |number: usize| CacheKey::new(Space::Response, number.to_string());
    let value = Bytes::from(vec![0; 100_000]);
    for number in 0..40 {
        let name = name(number);
        let kept = cache.put(&name, value.clone(), Duration::from_secs(600));
        kept.await.unwrap();
    }
    // Four megabytes: what is too much leaves in the background.
    until("at most a megabyte of values", SOON, || async {
        let mut held = 0;
        for number in 0..40 {
            held += usize::from(cache.get(&name(number)).await.unwrap().is_some());
        }
        held <= 10
    })
    .await;
    app.finish().await;
}

#[tokio::test]
async fn answers_are_kept_for_as_long_as_is_set() {
    let setup = Setup::new().with_document().with_standing_clock().set(&[
        ("RESPONSE_CACHE_TTL_SECONDS", "10"),
        ("HYBRID_VEC_WEIGHT", "0"),
    ]);
    let world = setup.start().await;
    scripted::answer_all(&world.openai, ANSWER);
    for (ms, calls) in [(0, 1), (9_999, 1), (1, 2)] {
        world.advance_ms(ms);
        world.ask_plainly().await;
        assert_eq!(world.calls(), calls);
    }
    world.finish().await;
}

#[tokio::test]
async fn a_question_is_asked_as_is_set() {
    let setup = Setup::new().with_document();
    let setup = setup.set(&[("CHAT_TOP_K", "1"), ("CHAT_MAX_TOKENS", "77")]);
    let world = setup.start().await;
    scripted::answer_all(&world.openai, ANSWER);
    world
        .take_in(
            "more.txt",
            "The guarantee of the espresso machine can be renewed.",
        )
        .await;
    let answer = world.ask_plainly().await;
    assert_eq!(answer["sources"].as_array().unwrap().len(), 1, "{answer}");
    assert_eq!(world.openai.requests()[0].body["max_tokens"], 77);
    world.finish().await;
}

#[tokio::test]
async fn a_prompt_has_as_many_turns_before_it_as_is_set() {
    let setup = Setup::new().set(&[("CHAT_HISTORY_MESSAGES", "1")]);
    let world = setup.with_document().start().await;
    scripted::answer_all(&world.openai, ANSWER);
    for _ in 0..3 {
        let body = json!({ "question": QUESTION, "session_id": "s" });
        world.ask(&body).await;
    }
    let requests = world.openai.requests();
    let messages = requests
        .iter()
        .map(|request| request.body["messages"].as_array().unwrap().len());
    let messages: Vec<usize> = messages.collect();
    assert!(
        messages[1] > messages[0] && messages[2] == messages[1],
        "{messages:?}"
    );
    world.finish().await;
}

#[tokio::test]
async fn sessions_are_limited_as_is_set() {
    let status = async |app: &TestApp, session: &str| {
        let body = json!({ "question": QUESTION, "session_id": session });
        let request = app.post("/chat").header("x-api-key", app.api_key);
        request.json(&body).send().await.unwrap().status().as_u16()
    };
    let app = TestApp::spawn_with(&[("SESSION_MAX", "2")], Clock::system()).await;
    for (session, expected) in [("a", 200), ("b", 200), ("c", 429), ("a", 200)] {
        assert_eq!(status(&app, session).await, expected, "{session}");
    }
    app.finish().await;
    let app = TestApp::spawn_with(&[("SESSION_QUERIES_PER_HOUR", "2")], Clock::system()).await;
    for (session, expected) in [("a", 200), ("a", 200), ("a", 429), ("b", 200)] {
        assert_eq!(status(&app, session).await, expected, "{session}");
    }
    app.finish().await;
}
