//! The health routes: status codes and fields, as the runbooks have them.

use crate::support::app::TestApp;
use serde_json::{Value, json};

async fn seen(app: &TestApp, path: &str) -> (u16, Value) {
    let answer = app.get(path).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn a_healthy_service_answers_as_the_runbooks_print() {
    let app = TestApp::spawn().await;
    let (status, body) = seen(&app, "/health").await;
    assert_eq!((status, &body["status"]), (200, &json!("healthy")));
    for field in ["service", "version", "timestamp", "provider", "model"] {
        assert!(body[field].is_string(), "{field}: {body}");
    }
    assert_eq!(
        seen(&app, "/health/live").await,
        (200, json!({ "status": "alive" }))
    );
    assert_eq!(
        seen(&app, "/api/health/ping").await,
        (200, json!({ "status": "ok" }))
    );
    let ready = json!({ "status": "ready", "database": "ok", "ai_service": "ok" });
    assert_eq!(seen(&app, "/health/ready").await, (200, ready));
    let database = json!({ "status": "healthy", "database": "connected" });
    assert_eq!(seen(&app, "/health/db").await, (200, database));
    let ai = json!({ "status": "healthy", "ai_service": "reachable" });
    assert_eq!(seen(&app, "/health/ai").await, (200, ai));
    app.finish().await;
}

#[tokio::test]
async fn only_authenticated_callers_see_reasons() {
    // Without a model the embeddings are degraded, for a reason.
    let app = TestApp::spawn().await;
    let (status, body) = seen(&app, "/health/detailed").await;
    assert_eq!((status, &body["status"]), (200, &json!("degraded")));
    assert_eq!(body["components"]["sqlite"]["status"], "healthy");
    assert!(body["components"]["sqlite"]["latency_ms"].is_number());
    assert_eq!(body["components"]["embeddings"]["status"], "degraded");
    assert!(body["components"]["embeddings"].get("reason").is_none());
    let request = app.get("/health/detailed").header("x-api-key", app.api_key);
    let body: Value = request.send().await.unwrap().json().await.unwrap();
    assert!(body["components"]["embeddings"]["reason"].is_string());
    let request = app.get("/health/detailed").header("x-api-key", "wrong");
    assert_eq!(request.send().await.unwrap().status(), 200);
    app.finish().await;
}

#[tokio::test]
async fn services_are_connected_or_in_error() {
    let app = TestApp::spawn().await;
    let (status, body) = seen(&app, "/api/health").await;
    assert_eq!((status, &body["status"]), (503, &json!("degraded")));
    assert_eq!(body["services"]["sqlite"], "connected");
    assert_eq!(body["services"]["embeddings"], "error");
    assert_eq!(body["errors"].as_array().unwrap().len(), 1);
    assert!(body["timestamp"].is_string());
    app.finish().await;
}

#[tokio::test]
async fn without_a_database_ragd_says_so_and_lives() {
    let app = TestApp::spawn().await;
    let token = app.admin_token().await;
    app.app.store().close().await;
    assert_eq!(seen(&app, "/health").await.0, 200);
    assert_eq!(seen(&app, "/health/live").await.0, 200);
    let (status, body) = seen(&app, "/health/ready").await;
    assert_eq!((status, &body["status"]), (503, &json!("not ready")));
    assert_eq!(body["database"], "error");
    let (status, body) = seen(&app, "/health/db").await;
    assert_eq!((status, &body["database"]), (503, &json!("disconnected")));
    assert_eq!(body["status"], "unhealthy");
    assert!(body["error"].is_string());
    let (status, body) = seen(&app, "/health/detailed").await;
    assert_eq!((status, &body["status"]), (503, &json!("unhealthy")));
    // A token whose user cannot be looked up is not refused: nobody knows whether it is good.
    let stats = app
        .get("/admin/stats")
        .bearer_auth(token)
        .send()
        .await
        .unwrap();
    assert_eq!(stats.status(), 503);
    assert!(stats.headers().contains_key("retry-after"));
    // The database is closed.
    app.leaving_jobs();
}
