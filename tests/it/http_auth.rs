//! Logging in, and what the credentials are good for.

use crate::support::app::{PASSWORD, TestApp};
use ragd::clock::Clock;
use reqwest::Response;
use serde_json::Value;
use std::time::Duration;

async fn log_in(app: &TestApp, form: &[(&str, &str)]) -> Response {
    app.post_form("/auth/token", form).send().await.unwrap()
}

#[tokio::test]
async fn a_user_logs_in_and_is_known_by_the_token() {
    let app = TestApp::spawn().await;
    app.app.auth().create_admin(&PASSWORD.into()).await.unwrap();
    let answer = log_in(&app, &[("username", "admin"), ("password", PASSWORD)]).await;
    assert_eq!(answer.status(), 200);
    let token: Value = answer.json().await.unwrap();
    assert_eq!(token["token_type"], "bearer");
    assert_eq!(token["expires_in"], 1_800);
    let token = token["access_token"].as_str().unwrap();
    let me = app
        .get("/auth/users/me")
        .bearer_auth(token)
        .send()
        .await
        .unwrap();
    let me: Value = me.json().await.unwrap();
    assert_eq!(me["username"], "admin");
    assert_eq!(me["email"], "admin@example.com");
    assert_eq!(me["is_admin"], true);
    assert!(me.get("password_hash").is_none());
    app.finish().await;
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_user_get_the_same_answer_and_a_line() {
    let app = TestApp::spawn().await;
    app.app.auth().create_admin(&PASSWORD.into()).await.unwrap();
    let mut answers = Vec::new();
    for user in ["admin", "nobody", "admin\0"] {
        let answer = log_in(&app, &[("username", user), ("password", "wrong")]).await;
        assert_eq!(answer.status(), 401);
        let mut body: Value = answer.json().await.unwrap();
        body["request_id"] = Value::Null;
        answers.push(body);
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0], answers[2]);
    let audit = app.audit_log();
    let line = audit
        .lines()
        .find(|line| line.contains("\"admin\""))
        .unwrap();
    let line: Value = serde_json::from_str(line).unwrap();
    assert_eq!(line["action"], "auth.login");
    assert_eq!(line["result"], "failure");
    assert_eq!(line["ip_address"], "127.0.0.1");
    assert!(line["details"].to_string().contains("failed"), "{line}");
    assert!(
        !audit.contains("wrong"),
        "a password is never kept: {audit}"
    );
    app.finish().await;
}

#[tokio::test]
async fn what_is_no_login_form_is_refused_as_such() {
    let app = TestApp::spawn().await;
    assert_eq!(log_in(&app, &[("username", "admin")]).await.status(), 422);
    let other_grant = [
        ("username", "a"),
        ("password", "b"),
        ("grant_type", "implicit"),
    ];
    assert_eq!(log_in(&app, &other_grant).await.status(), 422);
    let json = app
        .post("/auth/token")
        .json(&serde_json::json!({ "username": "a" }));
    assert_eq!(json.send().await.unwrap().status(), 415);
    app.finish().await;
}

#[tokio::test]
async fn failed_logins_are_throttled_and_the_right_password_waits_too() {
    let clock = Clock::manual(chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap());
    let app = TestApp::spawn_with(&[], clock.clone()).await;
    app.app.auth().create_admin(&PASSWORD.into()).await.unwrap();
    for _ in 0..10 {
        let answer = log_in(&app, &[("username", "admin"), ("password", "wrong")]).await;
        assert_eq!(answer.status(), 401);
    }
    let right = [("username", "admin"), ("password", PASSWORD)];
    let answer = log_in(&app, &right).await;
    assert_eq!(answer.status(), 429);
    assert_eq!(answer.headers()["retry-after"], "60");
    let body: Value = answer.json().await.unwrap();
    assert!(
        body["detail"]
            .as_str()
            .unwrap()
            .contains("Rate limit exceeded"),
        "{body}"
    );
    assert_eq!(
        app.metric("rag_rate_limit_violations_total{limit=\"token\"}")
            .await,
        1.0
    );
    assert!(app.audit_log().contains("Rate limit exceeded"));
    clock.advance(Duration::from_secs(60));
    assert_eq!(log_in(&app, &right).await.status(), 200);
    app.finish().await;
}

#[tokio::test]
async fn a_new_password_ends_older_tokens() {
    let app = TestApp::spawn().await;
    let older = app.admin_token().await;
    let newer = app.admin_token().await;
    let me = |token: String| app.get("/auth/users/me").bearer_auth(token).send();
    assert_eq!(me(older).await.unwrap().status(), 401);
    assert_eq!(me(newer).await.unwrap().status(), 200);
    app.finish().await;
}

#[tokio::test]
async fn a_token_ends_with_its_time() {
    let clock = Clock::manual(chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap());
    let app = TestApp::spawn_with(&[], clock.clone()).await;
    let token = app.admin_token().await;
    clock.advance(Duration::from_secs(30 * 60 - 1));
    let me = || app.get("/auth/users/me").bearer_auth(&token).send();
    assert_eq!(me().await.unwrap().status(), 200);
    clock.advance(Duration::from_secs(1));
    assert_eq!(me().await.unwrap().status(), 401);
    app.finish().await;
}

#[tokio::test]
async fn a_token_wins_over_a_key_and_a_key_may_come_as_a_bearer() {
    let app = TestApp::spawn().await;
    let token = app.admin_token().await;
    let both = app
        .get("/admin/stats")
        .bearer_auth(&token)
        .header("x-api-key", app.api_key);
    assert_eq!(both.send().await.unwrap().status(), 200);
    let forged = format!("{}x", token);
    let both = app
        .get("/api/documents")
        .bearer_auth(forged)
        .header("x-api-key", app.api_key);
    assert_eq!(both.send().await.unwrap().status(), 401);
    let key = app.get("/api/documents").bearer_auth(app.api_key);
    assert_eq!(key.send().await.unwrap().status(), 200);
    let me = app.get("/auth/users/me").bearer_auth(app.api_key);
    assert_eq!(me.send().await.unwrap().status(), 403);
    app.finish().await;
}

#[tokio::test]
async fn refused_keys_leave_one_line_a_minute() {
    let app = TestApp::spawn().await;
    for _ in 0..5 {
        let answer = app
            .get("/api/documents")
            .header("x-api-key", "a-wrong-key")
            .send()
            .await;
        assert_eq!(answer.unwrap().status(), 401);
    }
    let audit = app.audit_log();
    let lines: Vec<&str> = audit
        .lines()
        .filter(|line| line.contains("auth.failed"))
        .collect();
    assert_eq!(lines.len(), 1, "{audit}");
    assert!(!audit.contains("a-wrong-key"));
    app.finish().await;
}

#[tokio::test]
async fn the_machines_own_token_is_in_a_file_for_its_user_alone() {
    use std::os::unix::fs::PermissionsExt;
    let app = TestApp::spawn().await;
    let path = app.folder.path().join(ragd::auth::LOCAL_TOKEN_FILE);
    let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let token = std::fs::read_to_string(path).unwrap();
    let stats = app
        .get("/admin/stats")
        .bearer_auth(token.trim())
        .send()
        .await
        .unwrap();
    assert_eq!(stats.status(), 200);
    app.finish().await;
}
