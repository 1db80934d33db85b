//! What decides which models are called, and how.

use crate::support::app::TestApp;
use crate::support::embeddings;
use crate::support::scripted;
use crate::support::until::{SOON, until, within};
use crate::support::world::{ANSWER, Setup, World};
use ragd::clock::Clock;
use ragd::stub_llm::{Reply, ScriptedServer, Wire};
use reqwest::RequestBuilder;
use serde_json::json;
use std::time::{Duration, Instant};

fn call(app: &TestApp, model: &str) -> RequestBuilder {
    let body = json!({ "model": model, "messages": [{ "role": "user", "content": "Hi" }] });
    let request = app.post("/v1/chat/completions").bearer_auth(app.api_key);
    request.json(&body)
}

/// A scripted provider: its variables, the headers that name its credentials, its path.
struct Vendor {
    name: &'static str,
    wire: Wire,
    url: &'static str,
    version: &'static str,
    variables: &'static [(&'static str, &'static str)],
    headers: &'static [(&'static str, &'static str)],
    path: &'static str,
}

const VENDORS: [Vendor; 6] = [
    Vendor {
        name: "openai",
        wire: Wire::OpenAi,
        url: "OPENAI_BASE_URL",
        version: "/v1",
        variables: &[("OPENAI_API_KEY", "k-1"), ("OPENAI_MODEL", "m-1")],
        headers: &[("authorization", "Bearer k-1")],
        path: "/v1/chat/completions",
    },
    Vendor {
        name: "anthropic",
        wire: Wire::Anthropic,
        url: "ANTHROPIC_BASE_URL",
        version: "/v1",
        variables: &[("ANTHROPIC_API_KEY", "k-2"), ("ANTHROPIC_MODEL", "m-2")],
        headers: &[("x-api-key", "k-2")],
        path: "/v1/messages",
    },
    Vendor {
        name: "google",
        wire: Wire::Gemini,
        url: "GOOGLE_BASE_URL",
        version: "/v1beta",
        variables: &[("GOOGLE_API_KEY", "k-3"), ("GOOGLE_MODEL", "m-3")],
        headers: &[("x-goog-api-key", "k-3")],
        path: "/v1beta/models/m-3:generateContent",
    },
    Vendor {
        name: "groq",
        wire: Wire::OpenAi,
        url: "GROQ_BASE_URL",
        version: "/v1",
        variables: &[("LLM_GROQ_API_KEY", "k-4"), ("GROQ_MODEL", "m-4")],
        headers: &[("authorization", "Bearer k-4")],
        path: "/v1/chat/completions",
    },
    Vendor {
        name: "ollama",
        wire: Wire::OpenAi,
        url: "OLLAMA_BASE_URL",
        version: "",
        variables: &[("OLLAMA_MODEL", "m-5")],
        headers: &[],
        path: "/v1/chat/completions",
    },
    Vendor {
        name: "flow",
        wire: Wire::OpenAi,
        url: "FLOW_BASE_URL",
        version: "",
        variables: &[
            ("FLOW_TENANT", "t-6"),
            ("FLOW_AGENT", "a-6"),
            ("FLOW_AGENT_SECRET", "s-6"),
            ("FLOW_MODEL", "m-6"),
        ],
        headers: &[
            ("flowtenant", "t-6"),
            ("flowagent", "a-6"),
            ("flowagentsecret", "s-6"),
        ],
        path: "/openai/chat/completions",
    },
];

#[tokio::test]
async fn each_provider_is_called_as_is_set() {
    for (number, vendor) in (1..).zip(VENDORS) {
        let upstream = scripted::start().await;
        upstream.set_default(vendor.wire.answer("Yes."));
        let url = upstream.base_url();
        let url = format!("{}{}", url.trim_end_matches("/v1"), vendor.version);
        let mut variables = vec![
            ("LLM_PROVIDER", vendor.name),
            ("FORCE_DEFAULT_PROVIDER", "true"),
            (vendor.url, &url),
        ];
        variables.extend(vendor.variables);
        let app = TestApp::spawn_with(&variables, Clock::system()).await;
        // The default provider answers with its own model.
        let answer = call(&app, "anything").send().await.unwrap();
        assert_eq!(answer.status(), 200, "{}", vendor.name);
        let requests = upstream.requests();
        let request = requests.last().unwrap();
        assert_eq!(request.path, vendor.path);
        for (name, value) in vendor.headers {
            assert_eq!(request.header(name), Some(*value), "{}", vendor.name);
        }
        if vendor.wire != Wire::Gemini {
            assert_eq!(request.body["model"], format!("m-{number}"));
        }
        app.finish().await;
    }
}

#[tokio::test]
async fn the_default_model_is_asked_for() {
    let setup = Setup::new().with_document();
    let world = setup.set(&[("LLM_MODEL", "chosen")]).start().await;
    scripted::answer_all(&world.openai, ANSWER);
    world.ask_plainly().await;
    assert_eq!(world.openai.requests()[0].body["model"], "chosen");
    world.finish().await;
}

/// The status of a call while `openai` is down, and how often `groq` was called.
async fn stands_in(fallbacks: &str) -> (u16, usize) {
    let setup = Setup::new().with_groq();
    let world = setup
        .set(&[("LLM_FALLBACK_PROVIDERS", fallbacks)])
        .start()
        .await;
    scripted::answer_all(&world.groq, "Yes.");
    let answer = call(&world.app, "openai/m").send().await.unwrap();
    let seen = (answer.status().as_u16(), world.groq.requests().len());
    world.finish().await;
    seen
}

#[tokio::test]
async fn only_the_listed_providers_stand_in() {
    assert_eq!(stands_in("").await, (200, 1));
    assert_eq!(stands_in("groq").await, (200, 1));
    assert_eq!(stands_in("openai").await, (503, 0));
}

/// A World with one document whose provider has failed once, which opened its breaker; it has been
/// half-open since.
async fn half_open(more: &[(&str, &str)]) -> World {
    let setup = Setup::new().with_standing_clock().with_document().set(&[
        ("LLM_BREAKER_FAILURE_THRESHOLD", "1"),
        ("RESPONSE_CACHE_ENABLED", "false"),
    ]);
    let world = setup.set(more).start().await;
    world.openai.set_default(Reply::answer(ANSWER));
    world.openai.queue(Reply::error(500, "down"));
    assert_eq!(world.ask_for_status().await, 503);
    world.advance_ms(30_000);
    world
}

#[tokio::test]
async fn one_success_may_be_enough_to_close_a_breaker() {
    let gauge = r#"rag_circuit_breaker_state{operation="chat",provider="openai"}"#;
    let world = half_open(&[("LLM_BREAKER_SUCCESS_THRESHOLD", "1")]).await;
    assert_eq!(world.app.metric(gauge).await, 2.0);
    assert_eq!(world.ask_for_status().await, 200);
    assert_eq!(world.app.metric(gauge).await, 0.0);
    world.finish().await;
}

#[tokio::test]
async fn several_calls_may_try_a_provider_at_once() {
    let world = half_open(&[("LLM_BREAKER_HALF_OPEN_MAX_PROBES", "2")]).await;
    for _ in 0..2 {
        world.openai.queue(Reply::answer(ANSWER).after_gate());
    }
    let first = tokio::spawn(world.question().send());
    let second = tokio::spawn(world.question().send());
    world.called(3).await;
    for one in [first, second] {
        let answer = world.open_gate_until("an answer", one).await;
        assert_eq!(answer.unwrap().status(), 200);
    }
    world.finish().await;
}

#[tokio::test]
async fn the_wait_before_a_retry_can_be_set() {
    let setup = Setup::new()
        .with_document()
        .set(&[("LLM_RETRIES", "1"), ("LLM_RETRY_WAIT_MS", "10000")]);
    let world = setup.with_standing_clock().start().await;
    world.openai.set_default(Reply::answer(ANSWER));
    world.openai.queue(Reply::error(500, "down"));
    // By a clock that stands still: without a wait it would be answered at once.
    let before = world.clock.sleepers();
    let asking = tokio::spawn(world.question().send());
    until("a retry that waits for the clock", SOON, || async {
        world.calls() == 1 && world.clock.sleepers() > before
    })
    .await;
    world.advance_ms(10_000);
    let answer = within("the answer", SOON, asking).await.unwrap().unwrap();
    assert_eq!((answer.status().as_u16(), world.calls()), (200, 2));
    world.finish().await;
}

/// An application whose vectors come from `endpoint`, in sixteen numbers.
pub async fn with_endpoint(endpoint: &ScriptedServer, more: &[(&str, &str)]) -> TestApp {
    let url = endpoint.base_url();
    let mut variables = vec![
        ("EMBEDDING_PROVIDER", "openai_compatible"),
        ("EMBEDDING_BASE_URL", url.as_str()),
        ("EMBEDDING_MODEL", "hash"),
        ("CHUNK_SIZE", "200"),
        ("CHUNK_OVERLAP", "0"),
    ];
    variables.extend(more);
    TestApp::spawn_with(&variables, Clock::system()).await
}

/// Many passages of two hundred characters.
fn long_text() -> String {
    let line = |n| format!("On day {n} the keeper wrote that the heron waited at weir {n}.\n\n");
    (0..60).map(line).collect()
}

#[tokio::test]
async fn an_embedding_endpoint_is_asked_as_is_set() {
    let endpoint = embeddings::endpoint(16).await;
    let more = [
        ("EMBEDDING_API_KEY", "sk-vectors"),
        ("EMBEDDING_DIMENSION", "16"),
        ("EMBEDDING_BATCH_SIZE", "3"),
    ];
    let app = with_endpoint(&endpoint, &more).await;
    let token = app.admin_token().await;
    app.upload(&token, "long.txt", &long_text()).await;
    let requests = endpoint.requests();
    for request in &requests {
        assert_eq!(request.path, "/v1/embeddings");
        assert_eq!(request.header("authorization"), Some("Bearer sk-vectors"));
        assert_eq!(request.body["model"], "hash");
        assert_eq!(request.body["dimensions"], 16);
    }
    let most = requests
        .iter()
        .map(|one| embeddings::texts(one).len())
        .max();
    assert_eq!(most, Some(3));
    app.finish().await;
}

#[tokio::test]
async fn as_many_embedding_requests_are_under_way_as_is_set() {
    let endpoint = embeddings::endpoint(16).await;
    let more = [
        ("EMBEDDING_BATCH_SIZE", "1"),
        ("EMBEDDING_CONCURRENCY", "7"),
    ];
    let app = with_endpoint(&endpoint, &more).await;
    let token = app.admin_token().await;
    let before = endpoint.requests().len();
    endpoint.compute(|request| embeddings::answer(request, 16).after_gate());
    let text = json!({ "title": "long", "text": long_text() });
    let sent = app.post("/api/documents").bearer_auth(&token).json(&text);
    assert_eq!(sent.send().await.unwrap().status(), 202);
    // Four without the setting.
    until("seven requests at once", SOON, || async {
        endpoint.requests().len() == before + 7
    })
    .await;
    endpoint.compute(|request| embeddings::answer(request, 16));
    let drained = tokio::spawn({
        let ingest = app.app.ingest().clone();
        async move { ingest.drain().await.unwrap() }
    });
    until("the end of the document", SOON, || async {
        endpoint.open_gate();
        drained.is_finished()
    })
    .await;
    app.finish().await;
}

#[tokio::test]
async fn an_embedding_endpoint_that_is_silent_is_given_up_in_time() {
    let endpoint = embeddings::endpoint(16).await;
    let app = with_endpoint(&endpoint, &[("EMBEDDING_TIMEOUT_SECONDS", "1")]).await;
    let token = app.admin_token().await;
    endpoint.queue(Reply::silence());
    let begun = Instant::now();
    let text = json!({ "title": "short", "text": "The heron waits." });
    let sent = app.post("/api/documents").bearer_auth(&token).json(&text);
    assert_eq!(sent.send().await.unwrap().status(), 202);
    let gone = endpoint.clients_gone(1);
    within("the end of the request", Duration::from_secs(20), gone).await;
    assert!(begun.elapsed() >= Duration::from_secs(1));
    // It is tried again later.
    app.leaving_jobs();
}

#[tokio::test]
async fn the_local_model_is_looked_for_where_it_is_to_be() {
    let empty = tempfile::tempdir().unwrap();
    let empty = empty.path().display().to_string();
    let own = format!("{empty}/all-MiniLM-L6-v2");
    for (name, value) in [("MODELS_PATH", &empty), ("EMBEDDING_MODEL_PATH", &own)] {
        let variables = [("EMBEDDING_PROVIDER", "local"), (name, value)];
        let app = TestApp::spawn_with(&variables, Clock::system()).await;
        // Nothing is there: words alone answer, whatever is installed elsewhere.
        assert!(app.app.embedder().is_none(), "{name}");
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_local_model_computes_on_as_many_threads_as_are_set() {
    use crate::support::process::Process;
    let threads = async |count: &str| {
        let folder = tempfile::tempdir().unwrap();
        let variables = [
            ("EMBEDDING_PROVIDER", "local"),
            ("EMBEDDING_THREADS", count),
        ];
        let process = Process::start(folder.path(), &variables);
        let sent = process
            .send("heron", "The heron waits in the reeds.")
            .await
            .unwrap();
        let job = format!("/api/jobs/{}", sent["job_id"].as_str().unwrap());
        until("the end of the job", SOON, || async {
            !process.get(&job).await.1["finished_at"].is_null()
        })
        .await;
        process.threads()
    };
    let (one, nine) = (threads("1").await, threads("9").await);
    assert!(nine >= one + 8, "{one} threads, then {nine}");
}
