//! Questions over HTTP: whole answers and streams.

use crate::support::app::TestApp;
use crate::support::scripted;
use crate::support::sse::{EventReader, named as events};
use ragd::clock::Clock;
use ragd::stub_llm::Reply;
use serde_json::{Value, json};

const TEXT: &str = "The guarantee of the espresso machine lasts twenty-seven months.";
pub(crate) const QUESTION: &str = "How long does the guarantee of the espresso machine last?";

pub(crate) async fn with_document(variables: &[(&str, &str)]) -> TestApp {
    let app = TestApp::spawn_with(variables, Clock::system()).await;
    let token = app.admin_token().await;
    app.upload(&token, "guarantee.txt", TEXT).await;
    app
}

pub(crate) async fn ask(app: &TestApp, path: &str, body: Value) -> reqwest::Response {
    app.post(path)
        .header("x-api-key", app.api_key)
        .json(&body)
        .send()
        .await
        .unwrap()
}

#[tokio::test]
async fn an_answer_cites_its_source() {
    let app = with_document(&[]).await;
    let answer = ask(
        &app,
        "/chat",
        json!({ "question": QUESTION, "session_id": "s-1" }),
    )
    .await;
    assert_eq!(answer.status(), 200);
    let answer: Value = answer.json().await.unwrap();
    assert!(
        answer["answer"].as_str().unwrap().contains("[1]"),
        "{answer}"
    );
    assert_eq!(answer["grounded"], true);
    assert_eq!(answer["session_id"], "s-1");
    assert_eq!(answer["provider"], "extractive");
    let source = &answer["sources"][0];
    assert_eq!(source["citation_index"], 1);
    assert_eq!(source["text"], TEXT);
    assert_eq!(source["char_start"], 0);
    for field in ["confidence", "message_id", "model", "usage", "degraded"] {
        assert!(!answer[field].is_null(), "{field}: {answer}");
    }
    app.finish().await;
}

#[tokio::test]
async fn what_is_asked_wrongly_is_refused_by_field() {
    let app = TestApp::spawn().await;
    let long = "a".repeat(8_001);
    let wrong = [
        ("question", json!({ "question": " " })),
        ("question", json!({ "question": long })),
        ("question", json!({ "question": "nul \u{0}" })),
        ("question", json!({ "question": 7 })),
        (
            "session_id",
            json!({ "question": "a", "session_id": "a b" }),
        ),
        (
            "session_id",
            json!({ "question": "a", "session_id": "x".repeat(65) }),
        ),
        ("collection", json!({ "question": "a", "collection": "" })),
        ("temperature", json!({ "question": "a", "temperature": 3 })),
        ("max_tokens", json!({ "question": "a", "max_tokens": 0 })),
        ("provider", json!({ "question": "a", "provider": "nobody" })),
    ];
    for (field, body) in wrong {
        for path in ["/chat", "/chat/stream"] {
            let answer = ask(&app, path, body.clone()).await;
            assert_eq!(answer.status(), 422, "{path} {body}");
            let problem: Value = answer.json().await.unwrap();
            assert_eq!(problem["errors"][0]["field"], field, "{problem}");
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn a_stream_gives_the_sources_first_and_the_whole_answer_last() {
    let app = with_document(&[]).await;
    let answer = ask(&app, "/chat/stream", json!({ "question": QUESTION })).await;
    assert_eq!(answer.status(), 200);
    assert!(
        answer.headers()["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/event-stream")
    );
    assert!(!answer.headers().contains_key("content-encoding"));
    let events = events(&answer.text().await.unwrap());
    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names.first(), Some(&"metadata"));
    assert_eq!(names.last(), Some(&"done"));
    assert!(
        names[1..names.len() - 1]
            .iter()
            .all(|name| *name == "token")
    );
    assert_eq!(events[0].1["sources"][0]["text"], TEXT);
    let tokens: String = events
        .iter()
        .filter_map(|(_, data)| data["token"].as_str())
        .collect();
    let done = &events.last().unwrap().1;
    assert_eq!(done["answer"], tokens.as_str());
    assert_eq!(done["grounded"], true);
    assert_eq!(
        app.metric("ragd_stream_outcomes_total{outcome=\"complete\"}")
            .await,
        1.0
    );
    app.finish().await;
}

#[tokio::test]
async fn a_provider_that_fails_is_a_failure() {
    let upstream = scripted::start().await;
    upstream.set_default(Reply::error(500, "down"));
    let url = upstream.base_url();
    let app = with_document(&[("OPENAI_BASE_URL", &url), ("OPENAI_API_KEY", "sk-test")]).await;
    let answer = ask(&app, "/chat", json!({ "question": QUESTION })).await;
    assert_eq!(answer.status(), 503);
    assert!(answer.headers().contains_key("retry-after"));
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["code"], "llm_unavailable");

    let stream = ask(&app, "/chat/stream", json!({ "question": QUESTION })).await;
    assert_eq!(stream.status(), 503, "nothing was sent yet");
    let problem: Value = stream.json().await.unwrap();
    assert_eq!(problem["code"], "llm_unavailable");
    let outcome = "ragd_stream_outcomes_total{outcome=\"error_before_content\"}";
    assert_eq!(app.metric(outcome).await, 1.0);
    assert!(
        app.metric("rag_errors_total{component=\"chat\",kind=\"unavailable\"}")
            .await
            >= 2.0
    );
    app.finish().await;
}

#[tokio::test]
async fn a_stream_that_breaks_off_says_that_it_is_a_part() {
    let upstream = scripted::start().await;
    upstream.set_default(Reply::stream_head().token("It lasts").close());
    let url = upstream.base_url();
    let app = with_document(&[("OPENAI_BASE_URL", &url), ("OPENAI_API_KEY", "sk-test")]).await;
    let stream = ask(&app, "/chat/stream", json!({ "question": QUESTION })).await;
    let events = events(&stream.text().await.unwrap());
    let (name, data) = events.last().unwrap();
    assert_eq!(name, "error");
    assert_eq!(data["partial"], true);
    let outcome = "ragd_stream_outcomes_total{outcome=\"error_after_content\"}";
    assert_eq!(app.metric(outcome).await, 1.0);
    app.finish().await;
}

#[tokio::test]
async fn a_client_that_goes_away_ends_the_call_upstream() {
    let upstream = scripted::start().await;
    upstream.set_default(Reply::stream_head().token("It lasts").hang());
    let url = upstream.base_url();
    let app = with_document(&[("OPENAI_BASE_URL", &url), ("OPENAI_API_KEY", "sk-test")]).await;
    let stream = ask(&app, "/chat/stream", json!({ "question": QUESTION })).await;
    let mut stream = EventReader::new(stream);
    stream.until("token").await;
    drop(stream);
    upstream.clients_gone(1).await;
    assert_eq!(
        app.metric("ragd_stream_outcomes_total{outcome=\"client_abort\"}")
            .await,
        1.0
    );
    app.finish().await;
}
