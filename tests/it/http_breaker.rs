//! Breakers, limiters and retries as a whole: what a caller, an operator's gauge and an upstream see
//! of each, transition by transition, with a clock that stands still.

mod limiter;
mod retries;

use crate::support::app::TestApp;
use crate::support::upstream::Upstream;
use crate::support::upstream_reply::Reply;
use chrono::DateTime;
use ragd::clock::Clock;
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};
use std::time::Duration;

const GAUGE: &str = r#"rag_circuit_breaker_state{operation="chat",provider="openai"}"#;
const TEXT: &str = "The guarantee of the espresso machine lasts twenty-seven months.";
const QUESTION: &str = "How long does the guarantee of the espresso machine last?";
const ANSWER: &str = "The guarantee lasts twenty-seven months [1].";
const TRANSITIONS: [(&str, &str); 6] = [
    ("closed", "half_open"),
    ("closed", "open"),
    ("half_open", "closed"),
    ("half_open", "open"),
    ("open", "closed"),
    ("open", "half_open"),
];

/// An application with one scripted provider and one document. Answers are not kept for equal
/// questions, so that every question is a call.
struct World {
    app: TestApp,
    upstream: Upstream,
    clock: Clock,
}

impl World {
    /// With a clock that stands still, and no retries.
    async fn new(more: &[(&str, &str)]) -> Self {
        let clock = Clock::manual(DateTime::from_timestamp(1_767_000_000, 0).unwrap());
        let mut variables = vec![("LLM_RETRIES", "0")];
        variables.extend(more);
        Self::with(&variables, clock).await
    }

    async fn with(more: &[(&str, &str)], clock: Clock) -> Self {
        let upstream = Upstream::start().await;
        let url = upstream.base_url();
        let mut variables = vec![
            ("OPENAI_BASE_URL", url.as_str()),
            ("OPENAI_API_KEY", "sk-test"),
            ("RESPONSE_CACHE_ENABLED", "false"),
        ];
        variables.extend(more);
        let app = TestApp::spawn_with(&variables, clock.clone()).await;
        let token = app.admin_token().await;
        app.upload(&token, "guarantee.txt", TEXT).await;
        app.app.follower().catch_up().await.unwrap();
        upstream.otherwise(Reply::answer(ANSWER));
        Self {
            app,
            upstream,
            clock,
        }
    }

    fn question(&self) -> RequestBuilder {
        let request = self.app.post("/chat").header("x-api-key", self.app.api_key);
        request.json(&json!({ "question": QUESTION }))
    }

    async fn ask(&self) -> u16 {
        self.question().send().await.unwrap().status().as_u16()
    }

    fn calls(&self) -> usize {
        self.upstream.requests().len()
    }

    async fn gauge(&self) -> f64 {
        self.app.metric(GAUGE).await
    }

    /// How often each transition came, in the order of [`TRANSITIONS`].
    async fn transitions(&self) -> Vec<f64> {
        let mut counts = Vec::new();
        for (from, to) in TRANSITIONS {
            let series = format!(
                r#"rag_circuit_breaker_transitions_total{{from="{from}",operation="chat",provider="openai",to="{to}"}}"#
            );
            counts.push(self.app.metric(&series).await);
        }
        counts
    }

    /// Five questions that the provider fails at.
    async fn open_the_breaker(&self) {
        for _ in 0..5 {
            self.upstream.then(Reply::error(500, "down"));
            assert_eq!(self.ask().await, 503);
        }
    }

    fn advance_ms(&self, ms: u64) {
        self.clock.advance(Duration::from_millis(ms));
    }

    async fn json(&self, path: &str, key: Option<&str>) -> Value {
        let request = self.app.get(path);
        let request = match key {
            Some(key) => request.header("x-api-key", key),
            None => request,
        };
        request.send().await.unwrap().json().await.unwrap()
    }
}

/// What a caller is told who cannot be answered now: the problem and the seconds to wait.
async fn refused(answer: Response) -> (Value, u64) {
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.headers()["x-should-retry"], "false");
    let wait = answer.headers()["retry-after"].to_str().unwrap().parse();
    (answer.json().await.unwrap(), wait.unwrap())
}

#[tokio::test]
async fn every_series_is_there_before_anything_has_happened() {
    let app = TestApp::spawn().await;
    let text = app
        .get("/metrics")
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    for provider in [
        "openai",
        "anthropic",
        "google",
        "groq",
        "ollama",
        "flow",
        "extractive",
    ] {
        for operation in ["chat", "embeddings"] {
            let state = format!(
                "rag_circuit_breaker_state{{operation=\"{operation}\",provider=\"{provider}\"}} 0\n"
            );
            assert!(text.contains(&state), "{state}");
            for (from, to) in TRANSITIONS {
                let series = format!(
                    "rag_circuit_breaker_transitions_total{{from=\"{from}\",operation=\"{operation}\",\
                     provider=\"{provider}\",to=\"{to}\"}} 0\n"
                );
                assert!(text.contains(&series), "{series}");
            }
        }
    }
}

#[tokio::test]
async fn the_runbooks_states_follow_each_other() {
    let world = World::new(&[]).await;
    assert_eq!(
        (world.gauge().await, world.transitions().await),
        (0.0, vec![0.0; 6])
    );

    // A success between failures keeps it closed.
    for reply in [500, 503, 502, 200, 504, 500, 529, 408] {
        world.upstream.then(match reply {
            200 => Reply::answer(ANSWER),
            status => Reply::error(status, "down"),
        });
        assert_eq!(world.ask().await, if reply == 200 { 200 } else { 503 });
        assert_eq!(world.gauge().await, 0.0);
    }
    // The fifth in a row opens it.
    world.upstream.then(Reply::error(500, "down"));
    assert_eq!(world.ask().await, 503);
    assert_eq!(world.gauge().await, 1.0);
    assert_eq!(world.transitions().await, [0.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
    let calls = world.calls();
    assert_eq!(calls, 9);
    // Nothing is sent now.
    for (ms, wait) in [(0, 30), (1, 30), (999, 29), (26_500, 3)] {
        world.advance_ms(ms);
        let (problem, told) = refused(world.question().send().await.unwrap()).await;
        assert_eq!((&problem["code"], told), (&json!("llm_unavailable"), wait));
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("Circuit breaker open"), "{detail}");
        assert_eq!((world.calls(), world.gauge().await), (calls, 1.0));
    }
    // At 29.999 s it is open still: a question waits for the last moment, and is not sent before.
    world.advance_ms(2_499);
    assert_eq!(world.gauge().await, 1.0);
    let waiting = tokio::spawn(world.question().send());
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!waiting.is_finished());
    assert_eq!((world.calls(), world.gauge().await), (calls, 1.0));
    world.advance_ms(1);
    assert_eq!(waiting.await.unwrap().unwrap().status(), 200);
    assert_eq!((world.calls(), world.gauge().await), (calls + 1, 2.0));
    // Three successes close it; the first came already.
    assert_eq!(world.ask().await, 200);
    assert_eq!(world.gauge().await, 2.0);
    assert_eq!(world.transitions().await, [0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
    assert_eq!(world.ask().await, 200);
    assert_eq!(world.gauge().await, 0.0);
    assert_eq!(world.transitions().await, [0.0, 1.0, 1.0, 0.0, 0.0, 1.0]);
}

#[tokio::test]
async fn the_gauge_reads_half_open_by_time_alone() {
    let world = World::new(&[]).await;
    world.open_the_breaker().await;
    world.advance_ms(29_999);
    assert_eq!(world.gauge().await, 1.0);
    world.advance_ms(1);
    assert_eq!(world.gauge().await, 2.0);
    assert_eq!(world.transitions().await, [0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
    assert_eq!(world.calls(), 5);
}

#[tokio::test]
async fn a_failed_probe_opens_it_for_another_thirty_seconds() {
    let world = World::new(&[]).await;
    world.open_the_breaker().await;
    world.advance_ms(30_000);
    assert_eq!(world.ask().await, 200);
    world.advance_ms(7_000);
    world.upstream.then(Reply::error(500, "down"));
    assert_eq!(world.ask().await, 503);
    assert_eq!(world.gauge().await, 1.0);
    assert_eq!(world.transitions().await, [0.0, 1.0, 0.0, 1.0, 0.0, 1.0]);
    let calls = world.calls();
    world.advance_ms(27_900);
    let (_, wait) = refused(world.question().send().await.unwrap()).await;
    assert_eq!((wait, world.calls()), (3, calls));
    world.advance_ms(2_099);
    assert_eq!(world.gauge().await, 1.0);
    world.advance_ms(1);
    assert_eq!(world.gauge().await, 2.0);
    // The successes of before count no more.
    for expected in [2.0, 2.0, 0.0] {
        assert_eq!(world.ask().await, 200);
        assert_eq!(world.gauge().await, expected);
    }
    assert_eq!(world.transitions().await, [0.0, 1.0, 1.0, 1.0, 0.0, 2.0]);
}

#[tokio::test]
async fn what_says_nothing_of_the_upstream_changes_nothing() {
    let world = World::new(&[]).await;
    world.open_the_breaker().await;
    world.advance_ms(30_000);
    // The caller's own fault, as a probe: the slot is free again, and nothing is counted.
    for status in [400, 404, 422] {
        world.upstream.then(Reply::error(status, "no"));
        assert_eq!(world.ask().await, 422);
        assert_eq!(world.gauge().await, 2.0);
    }
    // A client that goes away gives its place back, too.
    world.upstream.then(Reply::silence());
    let gone = tokio::spawn(world.question().send());
    while world.calls() < 9 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    gone.abort();
    world.upstream.clients_gone(1).await;
    let mut status = world.ask().await;
    while status == 503 {
        status = world.ask().await;
    }
    assert_eq!((status, world.gauge().await), (200, 2.0));
    assert_eq!(world.transitions().await, [0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_callers_at_the_reopening_one_is_sent() {
    let world = World::new(&[]).await;
    world.open_the_breaker().await;
    world.upstream.then(Reply::answer(ANSWER).after_gate());
    world.advance_ms(30_000);
    let asking = (0..200).map(|_| tokio::spawn(world.question().send()));
    let mut asking: Vec<_> = asking.collect();
    // All but the probe are answered while it is under way.
    while asking.iter().filter(|one| !one.is_finished()).count() > 1 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(world.calls(), 6);
    while asking.iter().any(|one| !one.is_finished()) {
        world.upstream.open_gate();
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let mut statuses = Vec::new();
    for one in asking.drain(..) {
        statuses.push(one.await.unwrap().unwrap().status().as_u16());
    }
    statuses.sort_unstable();
    assert_eq!((statuses[0], statuses[1], statuses[199]), (200, 503, 503));
    assert_eq!(world.calls(), 6);
    assert_eq!(world.gauge().await, 2.0);
}

#[tokio::test]
async fn a_probe_without_content_in_time_is_lost() {
    let world = World::new(&[]).await;
    world.open_the_breaker().await;
    world.advance_ms(30_000);
    world.upstream.then(Reply::silence());
    let lost = tokio::spawn(world.question().send());
    while world.calls() < 6 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    world.advance_ms(29_999);
    assert_eq!(world.gauge().await, 2.0);
    world.advance_ms(1);
    assert_eq!(world.gauge().await, 1.0);
    assert_eq!(world.transitions().await, [0.0, 1.0, 0.0, 1.0, 0.0, 1.0]);
    world.advance_ms(30_000);
    assert_eq!(world.ask().await, 200);
    lost.abort();
}

#[tokio::test]
async fn health_is_told_from_the_breaker_without_a_call() {
    let world = World::new(&[]).await;
    let reachable = json!({ "status": "healthy", "ai_service": "reachable" });
    let unreachable = json!({ "status": "degraded", "ai_service": "unreachable" });
    assert_eq!(world.json("/health/ai", None).await, reachable);
    world.open_the_breaker().await;
    assert_eq!(world.json("/health/ai", None).await, unreachable);
    let ready = world.json("/health/ready", None).await;
    assert_eq!(
        (&ready["status"], &ready["ai_service"]),
        (&json!("ready"), &json!("unreachable"))
    );
    let providers = world.json("/health/detailed", None).await["components"]["providers"].clone();
    assert_eq!(providers["status"], "unhealthy");
    assert!(providers.get("reason").is_none(), "{providers}");
    let known = world
        .json("/health/detailed", Some(world.app.api_key))
        .await;
    assert_eq!(known["status"], "degraded");
    let reason = known["components"]["providers"]["reason"].as_str().unwrap();
    assert!(reason.contains("Circuit breaker open: openai"), "{reason}");
    assert_eq!(
        world.json("/api/health", None).await["services"]["openai"],
        "error"
    );
    assert_eq!(
        world
            .app
            .metric(r#"dependency_up{dependency="providers"}"#)
            .await,
        0.0
    );

    world.advance_ms(30_000);
    assert_eq!(world.json("/health/ai", None).await, reachable);
    let providers = world
        .json("/health/detailed", Some(world.app.api_key))
        .await;
    let providers = &providers["components"]["providers"];
    assert_eq!(providers["status"], "degraded");
    assert!(
        providers["reason"].as_str().unwrap().contains("half-open"),
        "{providers}"
    );
    for _ in 0..3 {
        assert_eq!(world.ask().await, 200);
    }
    let providers = world
        .json("/health/detailed", Some(world.app.api_key))
        .await;
    assert_eq!(providers["components"]["providers"]["status"], "healthy");
    assert_eq!(
        world.json("/api/health", None).await["services"]["openai"],
        "connected"
    );
    assert_eq!(
        world
            .app
            .metric(r#"dependency_up{dependency="providers"}"#)
            .await,
        1.0
    );
    assert_eq!(world.calls(), 8);
}
