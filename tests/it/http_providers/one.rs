//! What is done to one provider: its breakers held open, let go and reset, itself switched off and
//! tested.

use super::{GROQ_MODEL, begin, call_with, pair};
use ragd::stub_llm::Reply;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn a_forced_open_breaker_causes_fallback_until_it_is_released() {
    let world = begin(&[]).await;
    let opened = world.verb("openai", "force-open").await;
    for operation in ["chat", "embeddings"] {
        let breaker = &opened["breakers"][operation];
        assert_eq!(
            (&breaker["state"], &breaker["forced"]),
            (&json!("open"), &json!(true))
        );
        assert_eq!(breaker["reopens_in_seconds"], Value::Null);
    }
    assert_eq!(opened["reachable"], false);
    let gauge = r#"rag_circuit_breaker_state{operation="chat",provider="openai"}"#;
    assert_eq!(world.app.metric(gauge).await, 1.0);
    // Time does not end it.
    world.clock.advance(Duration::from_secs(600));
    assert_eq!(
        world.answers("openai/small").await,
        pair("groq", GROQ_MODEL)
    );
    assert_eq!(
        world.seen("openai").await["breakers"]["chat"]["state"],
        "open"
    );
    assert!(world.openai.requests().is_empty());
    let counted = r#"ragd_fallbacks_total{from="openai",reason="circuit_open",to="groq"}"#;
    assert_eq!(world.app.metric(counted).await, 1.0);

    let released = world.verb("openai", "release").await;
    assert_eq!(released["breakers"]["chat"]["state"], "half_open");
    for _ in 0..3 {
        assert_eq!(world.answers("openai/small").await, pair("openai", "small"));
    }
    assert_eq!(
        world.seen("openai").await["breakers"]["chat"]["state"],
        "closed"
    );
    // A breaker that nobody holds open is not changed.
    let released = world.verb("openai", "release").await;
    assert_eq!(released["breakers"]["chat"]["state"], "closed");
    world.finish().await;
}

#[tokio::test]
async fn a_reset_closes_the_breaker_and_forgets_what_held_the_provider_back() {
    let world = begin(&[("LLM_BREAKER_FAILURE_THRESHOLD", "1")]).await;
    world.openai.queue(Reply::error(500, "down"));
    assert_eq!(world.answers("openai/m").await.0, "groq");
    assert_eq!(world.answers("openai/m").await.0, "groq");
    let reset = world.verb("openai", "reset").await;
    assert_eq!(
        (&reset["breakers"]["chat"]["state"], &reset["reachable"]),
        (&json!("closed"), &json!(true))
    );
    assert_eq!(world.answers("openai/m").await.0, "openai");

    world.openai.queue(Reply::error(401, "no such key"));
    assert_eq!(world.answers("openai/m").await.0, "groq");
    let held = world.seen("openai").await;
    assert_eq!(held["unusable"]["reason"], "it does not accept our key");
    assert_eq!(held["reachable"], false);
    world
        .openai
        .queue(Reply::error_with_header(429, "slow", "retry-after", "30"));
    assert_eq!(world.answers("openai/m").await.0, "groq");
    // A second reset is news, too.
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.verb("openai", "reset").await["unusable"], Value::Null);
    assert_eq!(
        world.answers("openai/m").await.0,
        "groq",
        "it asked to be left alone"
    );
    assert_eq!(world.seen("openai").await["cools_for_seconds"], 30.0);
    world.clock.advance(Duration::from_secs(1));
    world.verb("openai", "force-open").await;
    let reset = world.verb("openai", "reset").await;
    assert_eq!(reset["cools_for_seconds"], Value::Null);
    assert_eq!(
        reset["breakers"]["chat"]["state"], "closed",
        "a reset ends a forced opening"
    );
    assert_eq!(world.answers("openai/m").await.0, "openai");
    world.finish().await;
}

#[tokio::test]
async fn a_provider_that_is_switched_off_is_not_asked() {
    let world = begin(&[]).await;
    let path = "/api/admin/providers/openai";
    let off = world
        .change(Method::PUT, path, json!({ "enabled": false }))
        .await;
    assert_eq!(off["enabled"], false);
    assert_eq!(
        world.answers("openai/small").await,
        pair("groq", GROQ_MODEL)
    );
    assert!(world.openai.requests().is_empty());
    let on = world
        .change(Method::PUT, path, json!({ "enabled": true }))
        .await;
    assert_eq!(on["enabled"], true);
    assert_eq!(world.answers("openai/small").await, pair("openai", "small"));

    // With all of them off nobody answers, least of all the sources by themselves.
    world
        .app
        .upload(
            world.token().await,
            "heron.txt",
            "The heron waits in the reeds.",
        )
        .await;
    for name in ["openai", "groq"] {
        let path = format!("/api/admin/providers/{name}");
        world
            .change(Method::PUT, &path, json!({ "enabled": false }))
            .await;
    }
    let question = json!({ "question": "Where does the heron wait?" });
    let (status, problem) = call_with(&world.app, (Method::POST, "/chat"), question, None).await;
    assert_eq!(
        (status, &problem["code"]),
        (503, &json!("llm_unavailable")),
        "{problem}"
    );
    let body = json!({ "model": "openai/m", "messages": [{ "role": "user", "content": "Hi" }] });
    let path = (Method::POST, "/v1/chat/completions");
    let (status, body) = call_with(&world.app, path, body, None).await;
    assert_eq!(
        (status, &body["error"]["code"]),
        (503, &json!("llm_unavailable")),
        "{body}"
    );
    world.finish().await;
}

#[tokio::test]
async fn a_test_makes_one_real_call_past_everything_that_guards() {
    let world = begin(&[("LLM_GROQ_REQUESTS_PER_MINUTE", "1")]).await;
    world.verb("groq", "force-open").await;
    for _ in 0..2 {
        let found = world.verb("groq", "test").await;
        assert_eq!(
            (&found["ok"], &found["answer"]),
            (&json!(true), &json!("From groq."))
        );
        assert_eq!(
            (&found["provider"], &found["model"]),
            (&json!("groq"), &json!(GROQ_MODEL))
        );
        assert!(found["latency_ms"].as_f64().unwrap() > 0.0);
        assert_eq!(
            (&found["kind"], &found["error"]),
            (&Value::Null, &Value::Null)
        );
    }
    assert_eq!(world.groq.requests().len(), 2);
    let seen = world.seen("groq").await;
    assert_eq!(seen["limits"]["minute"]["remaining"], 1);
    assert_eq!(seen["breakers"]["chat"]["state"], "open");

    world
        .openai
        .queue(Reply::error(401, "Incorrect API key provided: sk-openai"));
    let found = world.verb("openai", "test").await;
    assert_eq!(
        (&found["ok"], &found["kind"]),
        (&json!(false), &json!("unauthorized"))
    );
    assert!(
        found["error"].is_string() && !found.to_string().contains("sk-openai"),
        "{found}"
    );
    assert_eq!(world.seen("openai").await["unusable"], Value::Null);
    let outcomes: Vec<Value> = world
        .audited("provider.test")
        .iter()
        .map(|line| line["details"]["ok"].clone())
        .collect();
    assert_eq!(outcomes, [true, true, false]);
    world.finish().await;
}
