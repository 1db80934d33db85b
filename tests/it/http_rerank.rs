//! Reranking through the real routes, with a scripted upstream: its order where it answers, the
//! fused order and `degraded` where it does not.

use crate::support::app::TestApp;
use crate::support::scripted;
use chrono::DateTime;
use ragd::clock::Clock;
use ragd::stub_llm::{Reply, ScriptedServer};
use serde_json::{Value, json};
use std::time::Duration;

const KEY: &str = "rerank-secret-0123456789";

/// Three documents that fit the question "heron" by words, the first one best.
async fn app(upstream: &ScriptedServer, more: &[(&str, &str)]) -> (TestApp, String, Clock) {
    let clock = Clock::manual(DateTime::from_timestamp(1_767_000_000, 0).unwrap());
    let url = upstream.base_url().replace("/v1", "/rerank");
    let mut variables = vec![
        ("RERANK_PROVIDER", "tei"),
        ("RERANK_URL", url.as_str()),
        ("RERANK_API_KEY", KEY),
    ];
    variables.extend(more);
    let app = TestApp::spawn_with(&variables, clock.clone()).await;
    let token = app.admin_token().await;
    app.upload(&token, "a.txt", "heron heron heron").await;
    app.upload(&token, "b.txt", "heron heron of the river bank")
        .await;
    app.upload(
        &token,
        "c.txt",
        "a heron among many other birds of the river",
    )
    .await;
    (app, token, clock)
}

async fn preview(app: &TestApp, token: &str, more: &str) -> Value {
    let path = format!("/api/admin/memory/preview?q=heron{more}");
    let answer = app.get(&path).bearer_auth(token).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}

fn titles(found: &Value) -> Vec<&str> {
    let results = found["results"].as_array().unwrap();
    results
        .iter()
        .map(|hit| hit["title"].as_str().unwrap())
        .collect()
}

/// Whether the list is the fused one and says that the reranker was missing.
fn is_fused(found: &Value) -> bool {
    let results = found["results"].as_array().unwrap();
    titles(found) == ["a.txt", "b.txt", "c.txt"]
        && found["degraded"] == json!(["vector", "rerank"])
        && results.iter().all(|hit| hit["rerank"].is_null())
}

fn scores(scores: &[(usize, f64)]) -> Reply {
    let scores: Vec<Value> = scores
        .iter()
        .map(|(index, score)| json!({ "index": index, "score": score }))
        .collect();
    Reply::json(200, &json!(scores))
}

#[tokio::test]
async fn the_rerankers_order_counts_and_every_part_is_shown() {
    let upstream = scripted::start().await;
    let (app, token, _) = app(&upstream, &[]).await;
    upstream.set_default(scores(&[(2, 0.9), (0, 0.1), (1, 0.5)]));
    let found = preview(&app, &token, "").await;
    assert_eq!(titles(&found), ["c.txt", "b.txt", "a.txt"]);
    assert_eq!(found["degraded"], json!(["vector"]));
    assert_eq!(found["results"][0]["rerank"], 0.9);
    assert_eq!(found["results"][0]["bm25"]["rank"], 3);
    assert!(found["timings_ms"]["rerank"].as_f64().unwrap() > 0.0);

    let asked = &upstream.requests()[0];
    assert_eq!(
        (asked.method.as_str(), asked.path.as_str()),
        ("POST", "/rerank")
    );
    assert_eq!(
        asked.header("authorization"),
        Some(format!("Bearer {KEY}").as_str())
    );
    assert_eq!(
        asked.body,
        json!({
            "query": "heron", "raw_scores": false, "truncate": true,
            "texts": ["heron heron heron", "heron heron of the river bank",
                      "a heron among many other birds of the river"],
        })
    );

    // One is asked for, three are reranked.
    let id = found["results"][2]["passage_id"].as_str().unwrap();
    let first = preview(&app, &token, &format!("&top_k=1&explain={id}")).await;
    assert_eq!(titles(&first), ["c.txt"]);
    let explanation = &first["explanation"];
    assert_eq!(explanation["returned"], false);
    assert_eq!(
        (&explanation["rank"], &explanation["rerank"]),
        (&json!(3), &json!(0.1))
    );
    let reason = explanation["reason"].as_str().unwrap();
    assert!(
        reason.contains("number 3 by the reranker, number 1 by the fused"),
        "{reason}"
    );

    let chat = app.post("/chat").header("x-api-key", app.api_key);
    let chat = chat.json(&json!({ "question": "heron", "top_k": 2 }));
    let chat: Value = chat.send().await.unwrap().json().await.unwrap();
    let sources = chat["sources"].as_array().unwrap();
    let order: Vec<&str> = sources
        .iter()
        .map(|one| one["title"].as_str().unwrap())
        .collect();
    assert_eq!(order, ["c.txt", "b.txt"]);
    assert_eq!(chat["degraded"], json!(["vector"]));
    app.finish().await;
}

#[tokio::test]
async fn only_the_best_are_shown_to_it_and_the_rest_follow() {
    let upstream = scripted::start().await;
    let (app, token, _) = app(&upstream, &[("RERANK_TOP", "2")]).await;
    upstream.set_default(scores(&[(0, 0.1), (1, 0.5)]));
    let found = preview(&app, &token, "").await;
    assert_eq!(titles(&found), ["b.txt", "a.txt", "c.txt"]);
    assert!(found["results"][2]["rerank"].is_null());
    app.finish().await;
}

#[tokio::test]
async fn cohere_and_jina_are_asked_in_their_shape() {
    for (provider, usual) in [
        ("cohere", "rerank-v3.5"),
        ("jina", "jina-reranker-v2-base-multilingual"),
    ] {
        let upstream = scripted::start().await;
        let (app, token, _) = app(&upstream, &[("RERANK_PROVIDER", provider)]).await;
        let results = json!({ "id": "1", "results": [
            { "index": 1, "relevance_score": 0.9 },
            { "index": 0, "relevance_score": 0.2 },
            { "index": 2, "relevance_score": -0.3 },
        ]});
        upstream.set_default(Reply::json(200, &results));
        let found = preview(&app, &token, "").await;
        assert_eq!(titles(&found), ["b.txt", "a.txt", "c.txt"], "{provider}");
        let body = &upstream.requests()[0].body;
        assert_eq!((&body["model"], &body["top_n"]), (&json!(usual), &json!(3)));
        assert_eq!(body["documents"].as_array().unwrap().len(), 3);
        app.finish().await;
    }
}

#[tokio::test]
async fn an_upstream_that_is_wrong_slow_or_down_is_skipped_and_named() {
    let upstream = scripted::start().await;
    let (app, token, clock) = app(&upstream, &[("RERANK_TIMEOUT_MS", "300")]).await;
    let good = || scores(&[(2, 0.9), (0, 0.1), (1, 0.5)]);
    let malformed = |body: &str| Reply::body(200, "application/json", body);
    let bad = [
        scores(&[(2, 0.9), (0, 0.1)]),
        scores(&[(2, 0.9), (0, 0.1), (3, 0.5)]),
        scores(&[(2, 0.9), (0, 0.1), (0, 0.5)]),
        malformed(r#"[{"index":0,"score":NaN},{"index":1,"score":1},{"index":2,"score":1}]"#),
        malformed("<html>"),
        malformed(&format!(r#"{{"error":"{KEY} is overloaded"}}"#)),
        Reply::error(500, "no"),
        Reply::error(422, "no"),
        Reply::silence(),
        Reply::default().close(),
    ];
    for reply in bad {
        let what = format!("{reply:?}");
        // A success between two failures keeps the breaker closed.
        upstream.queue(reply);
        upstream.queue(good());
        assert!(is_fused(&preview(&app, &token, "").await), "{what}");
        let again = preview(&app, &token, "").await;
        assert_eq!(titles(&again), ["c.txt", "b.txt", "a.txt"], "{what}");
    }
    let chat = app.post("/chat").header("x-api-key", app.api_key);
    upstream.queue(Reply::error(503, "no"));
    let chat = chat
        .json(&json!({ "question": "heron" }))
        .send()
        .await
        .unwrap();
    assert_eq!(chat.status(), 200);
    let chat: Value = chat.json().await.unwrap();
    assert_eq!(chat["degraded"], json!(["vector", "rerank"]));

    // Too many requests: it is left alone for as long as it says, and the breaker stays closed.
    upstream.queue(Reply::error_with_header(
        429,
        "slow_down",
        "retry-after",
        "7",
    ));
    upstream.set_default(good());
    let asked = upstream.requests().len();
    for _ in 0..3 {
        assert!(is_fused(&preview(&app, &token, "").await));
    }
    assert_eq!(upstream.requests().len(), asked + 1);
    clock.advance(Duration::from_secs(7));
    assert!(!is_fused(&preview(&app, &token, "").await));
    let gauge = r#"rag_circuit_breaker_state{operation="rerank",provider="tei"}"#;
    assert!(app.metric(gauge).await < 0.5);
    app.finish().await;
}

#[tokio::test]
async fn its_breaker_opens_after_five_failures_and_lets_one_probe_through() {
    let upstream = scripted::start().await;
    let (app, token, clock) = app(&upstream, &[]).await;
    upstream.set_default(Reply::error(500, "no"));
    for _ in 0..8 {
        assert!(is_fused(&preview(&app, &token, "").await));
    }
    assert_eq!(upstream.requests().len(), 5);
    let gauge = r#"rag_circuit_breaker_state{operation="rerank",provider="tei"}"#;
    assert!((app.metric(gauge).await - 1.0).abs() < 0.1);
    let health: Value = app
        .get("/health/detailed")
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(health["components"]["rerank"]["status"], "degraded");

    clock.advance(Duration::from_secs(30));
    assert!((app.metric(gauge).await - 2.0).abs() < 0.1);
    assert!(is_fused(&preview(&app, &token, "").await));
    assert!(is_fused(&preview(&app, &token, "").await));
    assert_eq!(upstream.requests().len(), 6, "one probe, which failed");

    clock.advance(Duration::from_secs(30));
    upstream.set_default(scores(&[(2, 0.9), (0, 0.1), (1, 0.5)]));
    for _ in 0..3 {
        assert!(!is_fused(&preview(&app, &token, "").await));
    }
    assert!(app.metric(gauge).await < 0.1);
    let transition = |from: &str, to: &str| {
        format!(
            r#"rag_circuit_breaker_transitions_total{{from="{from}",operation="rerank",provider="tei",to="{to}"}}"#
        )
    };
    let count = app.metric(&transition("half_open", "open")).await;
    assert!((count - 1.0).abs() < 0.1);
    let count = app.metric(&transition("half_open", "closed")).await;
    assert!((count - 1.0).abs() < 0.1);
    app.finish().await;
}

#[tokio::test]
async fn a_key_that_is_not_accepted_is_not_tried_again_for_five_minutes() {
    let upstream = scripted::start().await;
    let (app, token, clock) = app(&upstream, &[]).await;
    upstream.set_default(Reply::error(401, KEY));
    for _ in 0..3 {
        assert!(is_fused(&preview(&app, &token, "").await));
    }
    assert_eq!(upstream.requests().len(), 1);
    clock.advance(Duration::from_secs(300));
    assert!(is_fused(&preview(&app, &token, "").await));
    assert_eq!(upstream.requests().len(), 2);
    let health = app
        .get("/health/detailed")
        .bearer_auth(&token)
        .send()
        .await
        .unwrap();
    let (health, metrics) = (health.text().await.unwrap(), app.get("/metrics"));
    let metrics = metrics.send().await.unwrap().text().await.unwrap();
    assert!(!health.contains(KEY) && !metrics.contains(KEY));
    app.finish().await;
}

#[tokio::test]
async fn nothing_found_is_nothing_to_rerank() {
    let upstream = scripted::start().await;
    let (app, token, _) = app(&upstream, &[]).await;
    let answer = app
        .get("/api/admin/memory/preview?q=zebra")
        .bearer_auth(&token);
    let found: Value = answer.send().await.unwrap().json().await.unwrap();
    assert_eq!(found["degraded"], json!(["vector"]));
    assert!(upstream.requests().is_empty());
    app.finish().await;
}
