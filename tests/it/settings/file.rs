//! What only the configuration file sets, beside the limits of documents: for how long a token is good,
//! a query quick, a job known and a request waited for, and how large texts and bodies may be.

use super::models::with_endpoint;
use super::server::logged;
use crate::http_sessions::clean_up;
use crate::support::app::{PASSWORD, TestApp, config_file};
use crate::support::embeddings;
use crate::support::scripted;
use crate::support::world::{ANSWER, Setup, World};
use chrono::DateTime;
use ragd::clock::Clock;
use ragd::stub_llm::{Reply, Step};
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use std::time::Duration;

const COMPLETIONS: &str = "/v1/chat/completions";
const DAY: Duration = Duration::from_secs(86_400);

/// A clock that stands still unless the test moves it.
fn clock() -> Clock {
    Clock::manual(DateTime::from_timestamp(1_767_000_000, 0).unwrap())
}

/// The status and the body of an answer.
async fn answered(request: RequestBuilder) -> (u16, String) {
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn a_token_lives_as_long_as_is_set() {
    let clock = clock();
    let app = TestApp::spawn_with_file("[auth]\ntoken_minutes = 2\n", clock.clone()).await;
    app.app.auth().create_admin(&PASSWORD.into()).await.unwrap();
    let form = [("username", "admin"), ("password", PASSWORD)];
    let token = app.post_form("/auth/token", &form).send().await.unwrap();
    let token: Value = token.json().await.unwrap();
    assert_eq!(token["expires_in"], 120);
    let token = token["access_token"].as_str().unwrap();
    for (seconds, expected) in [(119, 200), (1, 401)] {
        clock.advance(Duration::from_secs(seconds));
        let (status, body) = answered(app.get("/auth/users/me").bearer_auth(token)).await;
        assert_eq!(status, expected, "{body}");
    }
    app.finish().await;
}

/// How many slow queries the start of a server logs.
async fn slow_queries(after_ms: u64) -> usize {
    let file = config_file(&format!("[database]\nslow_query_ms = {after_ms}\n"));
    let path = file.path().display().to_string();
    let log = logged(&[("RAGD_CONFIG", &path), ("LOG_FORMAT", "text")]).await;
    log.matches("slow query").count()
}

#[tokio::test]
async fn a_query_is_slow_from_the_time_that_is_set() {
    let every = slow_queries(0).await;
    assert!(every > 5, "{every}");
    assert_eq!(slow_queries(3_600_000).await, 0);
}

#[tokio::test]
async fn a_text_is_sent_to_be_embedded_up_to_the_length_that_is_set() {
    let endpoint = embeddings::endpoint(16).await;
    let file = config_file("[embedding]\nmax_text_characters = 100\n");
    let path = file.path().display().to_string();
    let more = [("RAGD_CONFIG", path.as_str()), ("CHUNK_SIZE", "1000")];
    let app = with_endpoint(&endpoint, &more).await;
    let token = app.admin_token().await;
    let text = "The heron waits at the weir. ".repeat(20);
    app.upload(&token, "long.txt", &text).await;
    let requests = endpoint.requests();
    let texts = requests.iter().flat_map(embeddings::texts);
    let longest = texts.map(|text| text.chars().count()).max();
    assert_eq!(longest, Some(100));
    app.finish().await;
}

#[tokio::test]
async fn the_vector_of_a_question_is_waited_for_as_long_as_is_set() {
    // Two seconds without the setting, and with the one of documents.
    let file = "[embedding]\nquestion_timeout_ms = 60000\ntimeout_seconds = 2\n";
    let endpoint = embeddings::endpoint(16).await;
    let file = config_file(file);
    let path = file.path().display().to_string();
    let app = with_endpoint(&endpoint, &[("RAGD_CONFIG", &path)]).await;
    let token = app.admin_token().await;
    app.upload(&token, "a.txt", "The heron waits.").await;
    app.app.follower().catch_up().await.unwrap();
    endpoint.compute(|request| {
        let answer = embeddings::answer(request, 16);
        answer.after(Step::Pause(Duration::from_secs(3)))
    });
    let preview = app.get("/api/admin/memory/preview?q=heron");
    let (status, body) = answered(preview.bearer_auth(&token)).await;
    assert_eq!(status, 200, "{body}");
    let found: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(found["degraded"], json!([]), "{found}");
    assert_eq!(found["candidates"]["vector"], 1, "{found}");
    app.finish().await;
}

#[tokio::test]
async fn jobs_are_kept_as_many_days_as_is_set() {
    let clock = clock();
    let app = TestApp::spawn_with_file("[jobs]\nkeep_days = 3\n", clock.clone()).await;
    let token = app.admin_token().await;
    let sent = app.upload(&token, "a.txt", "The heron waits.").await;
    let job = format!("/api/jobs/{}", sent["job_id"].as_str().unwrap());
    for (days, expected) in [(2, 200), (2, 404)] {
        clock.advance(DAY * days);
        clean_up(&app).await;
        let token = app.admin_token().await;
        let (status, body) = answered(app.get(&job).bearer_auth(&token)).await;
        assert_eq!(status, expected, "{body}");
    }
    app.finish().await;
}

/// An application with this configuration file, in front of one provider.
async fn with_provider(file: &str) -> World {
    let file = config_file(file);
    let path = file.path().display().to_string();
    Setup::new().set(&[("RAGD_CONFIG", &path)]).start().await
}

/// A call of OpenAI's API whose question has so many bytes.
fn completion(world: &World, bytes: usize) -> RequestBuilder {
    let messages = json!([{ "role": "user", "content": "a".repeat(bytes) }]);
    let body = json!({ "model": "openai/m", "messages": messages });
    world.post(COMPLETIONS, &body)
}

/// A question of so many bytes.
fn question(world: &World, bytes: usize) -> RequestBuilder {
    world.post("/chat", &json!({ "question": "a".repeat(bytes) }))
}

/// Asserts that the answer to a request, with a key that makes it idempotent and without, is 413 and
/// names `limit`.
async fn assert_too_large(request: impl Fn() -> RequestBuilder, limit: &str) {
    for request in [request(), request().header("idempotency-key", "large")] {
        let (status, body) = answered(request).await;
        assert_eq!(status, 413, "{body}");
        assert!(body.contains(limit), "{body}");
    }
}

#[tokio::test]
async fn a_body_is_as_large_as_is_set() {
    let file = "[llm]\nmax_body_megabytes = 2\n[server]\nmax_body_kilobytes = 64\n";
    let world = with_provider(file).await;
    scripted::answer_all(&world.openai, ANSWER);
    // Within its limit a question may be too long, which is another failure.
    let (status, body) = answered(question(&world, 65_000)).await;
    assert_eq!(status, 422, "{body}");
    let limit = "at most 64 KiB (server.max_body_kilobytes)";
    assert_too_large(|| question(&world, 66_000), limit).await;
    let (status, body) = answered(completion(&world, 2_000_000)).await;
    assert_eq!(status, 200, "{body}");
    let limit = "at most 2 MB (llm.max_body_megabytes)";
    assert_too_large(|| completion(&world, 2_100_000), limit).await;
    world.finish().await;
}

#[tokio::test]
async fn a_request_is_waited_for_as_long_as_is_set() {
    let world = with_provider("[server]\nrequest_timeout_seconds = 1\n").await;
    world.openai.set_default(Reply::silence());
    // The second takes the router, the first its short cut.
    let with_key = completion(&world, 2).header("idempotency-key", "silent");
    for request in [completion(&world, 2), with_key] {
        let (status, body) = answered(request).await;
        assert_eq!(status, 503, "{body}");
        let limit = "longer than 1 s (server.request_timeout_seconds)";
        assert!(body.contains(limit), "{body}");
    }
    world.finish().await;
}
