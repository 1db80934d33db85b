//! Asking again: once, under a budget, never more than three calls a request; and the short wait for
//! a breaker that is about to reopen.

use super::{refused, start};
use crate::support::scripted;
use crate::support::world::{ANSWER, Setup};
use ragd::stub_llm::Reply;
use reqwest::Response;
use serde_json::json;
use std::time::{Duration, Instant};

/// Retries without a wait.
const RETRIES: [(&str, &str); 2] = [("LLM_RETRIES", "1"), ("LLM_RETRY_WAIT_MS", "0")];

fn attempts(answer: &Response) -> &str {
    answer.headers()["x-ragd-attempts"].to_str().unwrap()
}

#[tokio::test]
async fn a_provider_that_is_alone_is_asked_once_more() {
    let world = start(Setup::new().set(&RETRIES)).await;
    for failure in [
        Reply::error(500, "down"),
        Reply::error(503, "busy"),
        Reply::bytes("HTTP/1.1 200 OK\r\n").close(),
        Reply::answer(" "),
        Reply::body(200, "application/json", "{\"choi"),
    ] {
        let before = world.calls();
        world.openai.queue(failure);
        let answer = world.question().send().await.unwrap();
        assert_eq!((answer.status().as_u16(), attempts(&answer)), (200, "2"));
        assert_eq!(answer.headers()["x-ragd-fallback"], "false");
        assert_eq!(world.calls(), before + 2);
    }
    // Not a third time, and not for what will not pass.
    for (status, expected, calls) in [(500, 503, 2), (400, 422, 1), (404, 422, 1)] {
        let before = world.calls();
        for _ in 0..2 {
            world.openai.queue(Reply::error(status, "no"));
        }
        assert_eq!(world.ask_for_status().await, expected, "{status}");
        assert_eq!(world.calls(), before + calls, "{status}");
        if calls == 1 {
            // The reply that was left over.
            world.ask_for_status().await;
        }
    }
    world.openai.queue(Reply::error(401, "no such key"));
    let before = world.calls();
    assert_eq!(world.ask_for_status().await, 503);
    assert_eq!(world.calls(), before + 1);
    world.finish().await;
}

#[tokio::test]
async fn the_others_are_asked_before_the_same_one_again_and_three_calls_are_the_most() {
    let groq = scripted::start().await;
    groq.set_default(Reply::error(500, "down"));
    let ollama = scripted::start().await;
    ollama.set_default(Reply::error(500, "down"));
    let (second, third) = (groq.base_url(), ollama.base_url());
    let mut variables = vec![
        ("GROQ_BASE_URL", second.as_str()),
        ("GROQ_API_KEY", "sk-groq"),
    ];
    variables.extend(RETRIES);
    let world = start(Setup::new().set(&variables)).await;
    world.openai.set_default(Reply::error(500, "down"));
    // Two providers: each once, then the first once more.
    assert_eq!(world.ask_for_status().await, 503);
    assert_eq!((world.calls(), groq.requests().len()), (2, 1));
    // What the second says counts when it answers.
    groq.queue(Reply::answer(ANSWER));
    let answer = world.question().send().await.unwrap();
    assert_eq!((answer.status().as_u16(), attempts(&answer)), (200, "2"));
    assert_eq!((world.calls(), groq.requests().len()), (3, 2));
    world.finish().await;

    variables.push(("OLLAMA_URL", third.as_str()));
    let before = groq.requests().len();
    let world = start(Setup::new().set(&variables)).await;
    world.openai.set_default(Reply::error(500, "down"));
    let problem = refused(world.question().send().await.unwrap()).await.0;
    let detail = problem["detail"].as_str().unwrap();
    for name in ["openai", "groq", "ollama"] {
        assert!(detail.contains(name), "{detail}");
    }
    let calls = (
        world.calls(),
        groq.requests().len() - before,
        ollama.requests().len(),
    );
    assert_eq!(calls, (1, 1, 1));
    world.finish().await;
}

#[tokio::test]
async fn an_outage_is_not_multiplied_by_those_who_ask_again() {
    let mut variables = vec![("LLM_BREAKER_FAILURE_THRESHOLD", "1000")];
    variables.extend(RETRIES);
    let world = start(Setup::new().set(&variables)).await;
    world.openai.set_default(Reply::error(500, "down"));
    const REQUESTS: usize = 200;
    for _ in 0..REQUESTS {
        assert_eq!(world.ask_for_status().await, 503);
    }
    let retries = world.calls() - REQUESTS;
    // A fifth of the traffic, and the reserve of ten.
    let most = REQUESTS / 5 + 10;
    assert!(
        (most - 2..=most).contains(&retries),
        "{retries} of at most {most}"
    );
    world.finish().await;
}

#[tokio::test]
async fn a_breaker_that_reopens_within_two_seconds_is_waited_for() {
    let variables = [
        ("LLM_RETRIES", "0"),
        ("LLM_BREAKER_OPEN_SECONDS", "1"),
        ("LLM_BREAKER_FAILURE_THRESHOLD", "1"),
    ];
    let world = start(Setup::new().set(&variables)).await;
    world.openai.queue(Reply::error(500, "down"));
    // Its own failure is no reason to wait.
    let asked = Instant::now();
    assert_eq!(world.ask_for_status().await, 503);
    assert!(asked.elapsed() < Duration::from_millis(900));
    let answer = world.question().send().await.unwrap();
    assert_eq!((answer.status().as_u16(), attempts(&answer)), (200, "1"));
    let waited = asked.elapsed();
    assert!(
        (Duration::from_millis(1_000)..Duration::from_secs(4)).contains(&waited),
        "{waited:?}"
    );
    assert_eq!(world.calls(), 2);

    // A stream waits as well.
    world.openai.queue(Reply::error(500, "down"));
    assert_eq!(world.ask_for_status().await, 503);
    world.openai.queue(Reply::stream(&["Yes"]));
    let body =
        json!({ "model": "m", "stream": true, "messages": [{ "role": "user", "content": "Hi" }] });
    let request = world
        .app
        .post("/v1/chat/completions")
        .bearer_auth(world.app.api_key);
    let answer = request.json(&body).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), attempts(&answer)), (200, "1"));
    assert!(answer.text().await.unwrap().ends_with("data: [DONE]\n\n"));
    world.finish().await;
}

#[tokio::test]
async fn a_short_rest_is_waited_for_and_a_long_one_is_not() {
    let world = start(Setup::new().set(&RETRIES)).await;
    world
        .openai
        .queue(Reply::error_with_header(429, "slow", "retry-after", "1"));
    let asked = Instant::now();
    let answer = world.question().send().await.unwrap();
    assert_eq!((answer.status().as_u16(), attempts(&answer)), (200, "2"));
    assert!(asked.elapsed() >= Duration::from_secs(1));

    world
        .openai
        .queue(Reply::error_with_header(503, "slow", "retry-after", "30"));
    let asked = Instant::now();
    let (_, wait) = refused(world.question().send().await.unwrap()).await;
    assert!(
        asked.elapsed() < Duration::from_secs(1) && wait > 2,
        "{wait}"
    );
    assert_eq!(world.calls(), 3);
    world.finish().await;
}
