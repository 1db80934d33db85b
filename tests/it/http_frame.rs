//! What surrounds every handler: ids, problems, limits, metrics, origins.

use crate::support::app::TestApp;
use ragd::clock::Clock;
use reqwest::Response;
use serde_json::{Value, json};

async fn problem(answer: Response, status: u16) -> Value {
    assert_eq!(answer.status(), status);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let id = answer.headers()["x-request-id"]
        .to_str()
        .unwrap()
        .to_owned();
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["status"], status, "{body}");
    assert_eq!(body["request_id"], id, "{body}");
    for field in ["type", "title", "detail", "code"] {
        assert!(body[field].is_string(), "{field}: {body}");
    }
    body
}

#[tokio::test]
async fn every_answer_has_an_id_the_callers_if_it_is_sane() {
    let app = TestApp::spawn().await;
    let sane = "Req_1.a-B";
    let answer = app
        .get("/health")
        .header("x-request-id", sane)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.headers()["x-request-id"], sane);
    assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
    let long = "a".repeat(129);
    for insane in ["", "a b", "a/b", "<script>", long.as_str()] {
        let answer = app
            .get("/nowhere")
            .header("x-request-id", insane)
            .send()
            .await
            .unwrap();
        let id = answer.headers()["x-request-id"]
            .to_str()
            .unwrap()
            .to_owned();
        assert_ne!(id, insane);
        assert_eq!(uuid::Uuid::parse_str(&id).unwrap().get_version_num(), 7);
    }
    app.finish().await;
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems() {
    let app = TestApp::spawn().await;
    let body = problem(app.get("/nowhere").send().await.unwrap(), 404).await;
    assert_eq!(body["code"], "route_not_found");
    let answer = app.get("/chat").send().await.unwrap();
    assert_eq!(answer.headers()["allow"], "POST");
    let body = problem(answer, 405).await;
    assert_eq!(body["code"], "method_not_allowed");
    app.finish().await;
}

#[tokio::test]
async fn a_wrong_body_is_refused_with_the_reason() {
    let app = TestApp::spawn().await;
    let ask = || app.post("/chat").header("x-api-key", app.api_key);
    let typed = || ask().header("content-type", "application/json");
    let bad_json = typed().body("{\"question\":").send().await.unwrap();
    assert_eq!(problem(bad_json, 400).await["code"], "malformed_request");
    problem(typed().send().await.unwrap(), 400).await;
    let trailing = typed().body("{\"question\":\"a\"} x").send().await.unwrap();
    problem(trailing, 400).await;
    let untyped = ask().body("{\"question\":\"a\"}").send().await.unwrap();
    assert_eq!(
        problem(untyped, 415).await["code"],
        "unsupported_media_type"
    );
    let missing = typed().body("{}").send().await.unwrap();
    let detail = problem(missing, 422).await["detail"].to_string();
    assert!(detail.contains("question"), "{detail}");
    let deep = format!(
        "{{\"question\":{}{}}}",
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    let body = problem(typed().body(deep).send().await.unwrap(), 422).await;
    assert_eq!(body["code"], "json_too_deep");
    assert!(body["detail"].to_string().contains("64"), "{body}");
    app.finish().await;
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_with_the_limit() {
    let app = TestApp::spawn().await;
    let large = json!({ "question": "a".repeat(2 * 1_024 * 1_024) });
    let ask = app
        .post("/chat")
        .header("x-api-key", app.api_key)
        .json(&large);
    let body = problem(ask.send().await.unwrap(), 413).await;
    assert!(body["detail"].to_string().contains("1024 KiB"), "{body}");
    app.finish().await;
}

#[tokio::test]
async fn top_k_out_of_range_is_refused_with_the_limit() {
    let app = TestApp::spawn().await;
    let values = [
        json!(-1),
        json!(0),
        json!(101),
        json!(2_147_483_648_u64),
        json!(1.5),
        json!("x"),
    ];
    for value in values {
        let question = json!({ "question": "a", "top_k": value });
        for path in ["/chat", "/chat/stream"] {
            let ask = app
                .post(path)
                .header("x-api-key", app.api_key)
                .json(&question);
            let body = problem(ask.send().await.unwrap(), 422).await;
            assert_eq!(body["errors"][0]["field"], "top_k", "{body}");
            let detail = body["detail"].to_string();
            assert!(
                detail.contains("top_k") && detail.contains("between 1 and 100"),
                "{detail}"
            );
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let app = TestApp::spawn().await;
    let answer = app
        .get("/health")
        .header("x-long", "a".repeat(40_000))
        .send()
        .await
        .unwrap();
    let body = problem(answer, 431).await;
    assert!(body["detail"].to_string().contains("32 KiB"), "{body}");
    assert_eq!(app.get("/health").send().await.unwrap().status(), 200);
    app.finish().await;
}

#[tokio::test]
async fn requests_are_counted_under_their_routes_template() {
    let app = TestApp::spawn().await;
    app.get("/health").send().await.unwrap();
    app.get("/secret-path-1").send().await.unwrap();
    let key = ("x-api-key", app.api_key);
    let id = uuid::Uuid::nil();
    app.get(&format!("/api/documents/{id}"))
        .header(key.0, key.1)
        .send()
        .await
        .unwrap();
    let counted = |route: &str, status: u16| {
        format!("http_requests_total{{method=\"GET\",route=\"{route}\",status=\"{status}\"}}")
    };
    assert_eq!(app.metric(&counted("/health", 200)).await, 1.0);
    assert_eq!(app.metric(&counted("unmatched", 404)).await, 1.0);
    assert_eq!(app.metric(&counted("/api/documents/{id}", 404)).await, 1.0);
    let seconds = "http_request_duration_seconds_count{method=\"GET\",route=\"/health\"}";
    assert_eq!(app.metric(seconds).await, 1.0);
    let text = app
        .get("/metrics")
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(!text.contains("secret-path"));
    app.finish().await;
}

#[tokio::test]
async fn answers_are_compressed_for_those_who_ask() {
    let app = TestApp::spawn().await;
    let asked = app
        .get("/openapi.json")
        .header("accept-encoding", "gzip")
        .send()
        .await
        .unwrap();
    assert_eq!(asked.headers()["content-encoding"], "gzip");
    let plain = app.get("/openapi.json").send().await.unwrap();
    assert!(!plain.headers().contains_key("content-encoding"));
    app.finish().await;
}

#[tokio::test]
async fn no_other_origin_may_call_unless_it_is_configured() {
    let closed = TestApp::spawn().await;
    let ask = closed
        .get("/health")
        .header("origin", "https://app.example");
    let answer = ask.send().await.unwrap();
    assert!(!answer.headers().contains_key("access-control-allow-origin"));
    let variables = [("CORS_ORIGINS", "https://app.example")];
    let open = TestApp::spawn_with(&variables, Clock::system()).await;
    let from = |origin: &'static str| open.get("/health").header("origin", origin).send();
    let answer = from("https://app.example").await.unwrap();
    assert_eq!(
        answer.headers()["access-control-allow-origin"],
        "https://app.example"
    );
    let answer = from("https://evil.example").await.unwrap();
    assert!(!answer.headers().contains_key("access-control-allow-origin"));
    open.finish().await;
    closed.finish().await;
}

#[tokio::test]
async fn the_documentation_needs_nothing_from_elsewhere() {
    let app = TestApp::spawn().await;
    let page = app.get("/docs/").send().await.unwrap();
    assert_eq!(page.status(), 200);
    let html = page.text().await.unwrap();
    assert!(html.contains("swagger-ui"), "{html}");
    assert!(
        !html.contains("http://") && !html.contains("https://"),
        "{html}"
    );
    let script = app
        .get("/docs/swagger-initializer.js")
        .send()
        .await
        .unwrap();
    assert!(script.text().await.unwrap().contains("/openapi.json"));
    app.finish().await;
}
