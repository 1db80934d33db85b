//! A provider's window: how it empties, what is said when it is empty, and that it fills again.

use super::{start, waiting_question};
use crate::http_rooms::{get, make_room, post};
use crate::support::world::{ANSWER, QUESTION, Setup, World};
use ragd::stub_llm::Reply;
use serde_json::{Value, json};
use std::time::Duration;

const REMAINING: &str = r#"rag_rate_limit_remaining{provider="groq"}"#;
const VIOLATIONS: &str = r#"rag_rate_limit_violations_total{limit="groq"}"#;

/// A world whose only provider in the chain is Groq.
async fn groq(more: &[(&str, &str)]) -> World {
    let only_groq = [("LLM_PROVIDER", "groq"), ("LLM_FALLBACK_PROVIDERS", "groq")];
    let setup = Setup::new().with_standing_clock().with_groq();
    let world = start(setup.set(&only_groq).set(more)).await;
    world.groq.set_default(Reply::answer(ANSWER));
    world
}

#[tokio::test]
async fn groqs_window_empties_and_fills_by_the_clock() {
    let world = groq(&[]).await;
    assert_eq!(world.app.metric(REMAINING).await, 28.0);
    for provider in [
        "openai",
        "anthropic",
        "google",
        "ollama",
        "flow",
        "extractive",
    ] {
        let series = format!(r#"rag_rate_limit_remaining{{provider="{provider}"}}"#);
        assert_eq!(world.app.metric(&series).await, f64::INFINITY, "{provider}");
    }
    for left in (0..28).rev() {
        assert_eq!(world.ask_for_status().await, 200);
        assert_eq!(world.app.metric(REMAINING).await, f64::from(left));
        world.clock.advance(Duration::from_secs(1));
    }
    assert_eq!(world.app.metric(VIOLATIONS).await, 0.0);
    // The first place comes back a minute after it was taken.
    let answer = world.question().send().await.unwrap();
    assert_eq!(answer.status(), 429);
    for (name, value) in [
        ("retry-after", "32"),
        ("x-ratelimit-limit", "28"),
        ("x-ratelimit-remaining", "0"),
        ("x-ratelimit-reset", "32"),
    ] {
        assert_eq!(answer.headers()[name], value, "{name}");
    }
    let problem: Value = answer.json().await.unwrap();
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("Rate limit exceeded"),
        "{problem}"
    );
    assert_eq!(problem["code"], "rate_limited");
    assert_eq!(world.app.metric(VIOLATIONS).await, 1.0);
    assert_eq!(world.groq.requests().len(), 28);
    let audited = world.app.audit_log();
    assert!(
        audited
            .lines()
            .any(|line| line.contains("Rate limit exceeded")),
        "{audited}"
    );

    // The same through OpenAI's API.
    let body = json!({ "model": "groq/m", "messages": [{ "role": "user", "content": "Hi" }] });
    let request = world
        .app
        .post("/v1/chat/completions")
        .bearer_auth(world.app.api_key);
    let answer = request.json(&body).send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["retry-after"]),
        (429, &"32".parse().unwrap())
    );
    assert_eq!(answer.headers()["x-ratelimit-limit"], "28");
    let error: Value = answer.json().await.unwrap();
    assert_eq!(error["error"]["code"], "rate_limit_exceeded");
    assert!(
        error["error"]["message"]
            .as_str()
            .unwrap()
            .starts_with("Rate limit exceeded")
    );

    world.clock.advance(Duration::from_secs(32));
    // The gauge knows by itself.
    assert_eq!(world.app.metric(REMAINING).await, 1.0);
    assert_eq!(world.ask_for_status().await, 200);
    // The next place is a second away, which is waited for.
    let waiting = waiting_question(&world).await;
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(waiting.await.unwrap().unwrap().status(), 200);
    world.finish().await;
}

#[tokio::test]
async fn a_message_that_is_refused_in_a_room_is_audited() {
    let world = groq(&[("LLM_GROQ_REQUESTS_PER_DAY", "1")]).await;
    let app = &world.app;
    let room = make_room(app, json!({ "name": "Kitchen" })).await;
    let path = format!("/api/rooms/{room}/messages");
    let message = json!({ "content": QUESTION });
    let (status, answer) = post(app, &path, message.clone()).await;
    assert_eq!((status, &answer["content"]), (201, &json!(ANSWER)));
    let (_, stored) = get(app, &path).await;
    let stored = stored["data"].as_array().unwrap();
    let stored = stored.iter().find(|one| one["id"] == answer["id"]).unwrap();
    let (fields, expected) = (answer.as_object().unwrap(), stored.as_object().unwrap());
    assert!(fields.keys().eq(expected.keys()), "{answer} {stored}");
    // All but scores, whose last digit a second reading of JSON may change.
    for (name, value) in fields {
        if !["sources", "citations", "confidence"].contains(&name.as_str()) {
            assert_eq!(value, &stored[name], "{name}");
        }
    }

    let refused = |log: &str| log.matches("Rate limit exceeded\"").count();
    assert_eq!(refused(&app.audit_log()), 0);
    let (status, problem) = post(app, &path, message).await;
    assert_eq!((status, &problem["code"]), (429, &json!("rate_limited")));
    assert_eq!(refused(&app.audit_log()), 1);
    assert_eq!(world.groq.requests().len(), 1);
    world.finish().await;
}

#[tokio::test]
async fn the_day_has_a_limit_of_its_own() {
    let world = groq(&[("LLM_GROQ_REQUESTS_PER_DAY", "2")]).await;
    assert_eq!(world.app.metric(REMAINING).await, 2.0);
    for _ in 0..2 {
        assert_eq!(world.ask_for_status().await, 200);
        world.clock.advance(Duration::from_secs(3_600));
    }
    let answer = world.question().send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["retry-after"]),
        (429, &"79200".parse().unwrap())
    );
    assert_eq!(answer.headers()["x-ratelimit-limit"], "2");
    world.clock.advance(Duration::from_secs(79_200));
    assert_eq!(world.ask_for_status().await, 200);
    assert_eq!(world.groq.requests().len(), 3);
    world.finish().await;
}

#[tokio::test]
async fn an_empty_window_is_no_failure_and_another_provider_stands_in() {
    let limited = [
        ("LLM_GROQ_REQUESTS_PER_MINUTE", "1"),
        ("LLM_FALLBACK_PROVIDERS", ""),
    ];
    let world = groq(&limited).await;
    for provider in ["groq", "openai", "openai"] {
        let answer = world.question().send().await.unwrap();
        assert_eq!(
            (
                answer.status().as_u16(),
                &answer.headers()["x-ragd-provider"]
            ),
            (200, &provider.parse().unwrap())
        );
    }
    assert_eq!((world.groq.requests().len(), world.calls()), (1, 2));
    let gauge = r#"rag_circuit_breaker_state{operation="chat",provider="groq"}"#;
    assert_eq!(world.app.metric(gauge).await, 0.0);
    assert_eq!(world.app.metric(VIOLATIONS).await, 2.0);
    let counted = r#"ragd_fallbacks_total{from="groq",reason="rate_limited",to="openai"}"#;
    assert_eq!(world.app.metric(counted).await, 2.0);
    world.finish().await;
}
