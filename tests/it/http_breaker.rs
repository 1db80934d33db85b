//! Breakers, limiters and retries as a whole: what a caller, an operator's gauge and an upstream see
//! of each, transition by transition, with a clock that stands still.

mod limiter;
mod retries;

use crate::support::app::TestApp;
use crate::support::until::{SOON, until, until_some};
use crate::support::world::{ANSWER, Setup, World};
use ragd::stub_llm::Reply;
use reqwest::Response;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

const GAUGE: &str = r#"rag_circuit_breaker_state{operation="chat",provider="openai"}"#;
const TRANSITIONS: [(&str, &str); 6] = [
    ("closed", "half_open"),
    ("closed", "open"),
    ("half_open", "closed"),
    ("half_open", "open"),
    ("open", "closed"),
    ("open", "half_open"),
];

/// An application with one scripted provider and one document, and a clock that stands still.
/// Answers are not kept for equal questions, so that every question is a call.
async fn begin(more: &[(&str, &str)]) -> World {
    start(Setup::new().with_standing_clock().set(more)).await
}

async fn start(setup: Setup) -> World {
    let setup = setup.set(&[("RESPONSE_CACHE_ENABLED", "false")]);
    let world = setup.with_document().start().await;
    world.openai.set_default(Reply::answer(ANSWER));
    world
}

impl World {
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
            self.openai.queue(Reply::error(500, "down"));
            assert_eq!(self.ask_for_status().await, 503);
        }
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

/// A question that waits for the clock: it is under way, and has no answer yet.
async fn waiting_question(world: &World) -> JoinHandle<reqwest::Result<Response>> {
    let before = world.clock.sleepers();
    let waiting = tokio::spawn(world.question().send());
    until("a question that waits for the clock", SOON, || async {
        world.clock.sleepers() > before
    })
    .await;
    assert!(!waiting.is_finished());
    waiting
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
    app.finish().await;
}

#[tokio::test]
async fn the_runbooks_states_follow_each_other() {
    let world = begin(&[]).await;
    assert_eq!(
        (world.gauge().await, world.transitions().await),
        (0.0, vec![0.0; 6])
    );

    // A success between failures keeps it closed.
    for reply in [500, 503, 502, 200, 504, 500, 529, 408] {
        world.openai.queue(match reply {
            200 => Reply::answer(ANSWER),
            status => Reply::error(status, "down"),
        });
        assert_eq!(
            world.ask_for_status().await,
            if reply == 200 { 200 } else { 503 }
        );
        assert_eq!(world.gauge().await, 0.0);
    }
    // The fifth in a row opens it.
    world.openai.queue(Reply::error(500, "down"));
    assert_eq!(world.ask_for_status().await, 503);
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
    let waiting = waiting_question(&world).await;
    assert_eq!((world.calls(), world.gauge().await), (calls, 1.0));
    world.advance_ms(1);
    assert_eq!(waiting.await.unwrap().unwrap().status(), 200);
    assert_eq!((world.calls(), world.gauge().await), (calls + 1, 2.0));
    // Three successes close it; the first came already.
    assert_eq!(world.ask_for_status().await, 200);
    assert_eq!(world.gauge().await, 2.0);
    assert_eq!(world.transitions().await, [0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
    assert_eq!(world.ask_for_status().await, 200);
    assert_eq!(world.gauge().await, 0.0);
    assert_eq!(world.transitions().await, [0.0, 1.0, 1.0, 0.0, 0.0, 1.0]);
    world.finish().await;
}

#[tokio::test]
async fn the_gauge_reads_half_open_by_time_alone() {
    let world = begin(&[]).await;
    world.open_the_breaker().await;
    world.advance_ms(29_999);
    assert_eq!(world.gauge().await, 1.0);
    world.advance_ms(1);
    assert_eq!(world.gauge().await, 2.0);
    assert_eq!(world.transitions().await, [0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
    assert_eq!(world.calls(), 5);
    world.finish().await;
}

#[tokio::test]
async fn a_failed_probe_opens_it_for_another_thirty_seconds() {
    let world = begin(&[]).await;
    world.open_the_breaker().await;
    world.advance_ms(30_000);
    assert_eq!(world.ask_for_status().await, 200);
    world.advance_ms(7_000);
    world.openai.queue(Reply::error(500, "down"));
    assert_eq!(world.ask_for_status().await, 503);
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
        assert_eq!(world.ask_for_status().await, 200);
        assert_eq!(world.gauge().await, expected);
    }
    assert_eq!(world.transitions().await, [0.0, 1.0, 1.0, 1.0, 0.0, 2.0]);
    world.finish().await;
}

#[tokio::test]
async fn caller_errors_and_client_aborts_do_not_count() {
    let world = begin(&[]).await;
    world.open_the_breaker().await;
    world.advance_ms(30_000);
    // The caller's own fault, as a probe: the slot is free again, and nothing is counted.
    for status in [400, 404, 422] {
        world.openai.queue(Reply::error(status, "no"));
        assert_eq!(world.ask_for_status().await, 422);
        assert_eq!(world.gauge().await, 2.0);
    }
    // A client that goes away gives its place back, too.
    world.openai.queue(Reply::silence());
    let gone = tokio::spawn(world.question().send());
    world.called(9).await;
    gone.abort();
    world.openai.clients_gone(1).await;
    let status = until_some("the probe's place to be free", SOON, || async {
        let status = world.ask_for_status().await;
        (status != 503).then_some(status)
    });
    let status = status.await;
    assert_eq!((status, world.gauge().await), (200, 2.0));
    assert_eq!(world.transitions().await, [0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_callers_at_the_reopening_one_is_the_probe() {
    let world = begin(&[]).await;
    world.open_the_breaker().await;
    world.openai.queue(Reply::answer(ANSWER).after_gate());
    world.advance_ms(30_000);
    let asking = (0..200).map(|_| tokio::spawn(world.question().send()));
    let asking: Vec<_> = asking.collect();
    // All but the probe are answered while it is under way.
    until("all answers but one", SOON, || async {
        asking.iter().filter(|one| !one.is_finished()).count() == 1
    })
    .await;
    assert_eq!(world.calls(), 6);
    let mut statuses = Vec::new();
    for one in asking {
        let answer = world.open_gate_until("the last answer", one).await;
        statuses.push(answer.unwrap().status().as_u16());
    }
    statuses.sort_unstable();
    assert_eq!((statuses[0], statuses[1], statuses[199]), (200, 503, 503));
    assert_eq!(world.calls(), 6);
    assert_eq!(world.gauge().await, 2.0);
    world.finish().await;
}

#[tokio::test]
async fn a_probe_without_content_in_time_is_lost() {
    let world = begin(&[]).await;
    world.open_the_breaker().await;
    world.advance_ms(30_000);
    world.openai.queue(Reply::silence());
    let lost = tokio::spawn(world.question().send());
    world.called(6).await;
    world.advance_ms(29_999);
    assert_eq!(world.gauge().await, 2.0);
    world.advance_ms(1);
    assert_eq!(world.gauge().await, 1.0);
    assert_eq!(world.transitions().await, [0.0, 1.0, 0.0, 1.0, 0.0, 1.0]);
    world.advance_ms(30_000);
    assert_eq!(world.ask_for_status().await, 200);
    lost.abort();
    world.finish().await;
}

#[tokio::test]
async fn health_comes_from_the_breaker_without_a_call() {
    let world = begin(&[]).await;
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
        assert_eq!(world.ask_for_status().await, 200);
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
    world.finish().await;
}
