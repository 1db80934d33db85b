//! Chat in the shape of Flow's clients, and the conversations of the people behind one API key.

use crate::support::app::TestApp;
use crate::support::scripted;
use chrono::DateTime;
use ragd::clock::Clock;
use ragd::stub_llm::Reply;
use serde_json::{Value, json};
use std::time::Duration;

const TEXT: &str = "The guarantee of the espresso machine lasts twenty-seven months.";
const QUESTION: &str = "How long does the guarantee of the espresso machine last?";

async fn say(app: &TestApp, path: &str, body: Value) -> (u16, Value) {
    let request = app.post(path).header("x-api-key", app.api_key);
    let answer = request.json(&body).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn get(app: &TestApp, path: &str) -> (u16, Value) {
    let request = app.get(path).header("x-api-key", app.api_key);
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn a_message_is_answered_in_its_conversation() {
    let app = TestApp::spawn().await;
    let token = app.admin_token().await;
    app.upload(&token, "guarantee.txt", TEXT).await;
    let first = json!({ "message": QUESTION, "nickname": "ana" });
    let (status, answer) = say(&app, "/chat/completions", first).await;
    assert_eq!(status, 200, "{answer}");
    assert!(
        answer["response"].as_str().unwrap().contains("[1]"),
        "{answer}"
    );
    let context = &answer["context"][0];
    assert_eq!(context["content"], TEXT);
    assert!(context["document_id"].is_string() && context["score"].is_number());
    assert!(answer["created_at"].is_string());
    let messages = answer["messages"].as_array().unwrap();
    let roles: Vec<&str> = messages
        .iter()
        .map(|m| m["role"].as_str().unwrap())
        .collect();
    assert_eq!(roles, ["user", "assistant"]);
    assert_eq!(messages[0]["content"], QUESTION);
    assert_eq!(messages[1]["content"], answer["response"]);
    assert!(messages[0]["id"].is_string() && messages[0]["created_at"].is_string());

    let id = answer["conversation_id"].as_str().unwrap();
    let again = json!({ "message": QUESTION, "nickname": "ana", "conversation_id": id });
    let (status, more) = say(&app, "/api/chat/completions", again).await;
    assert_eq!(status, 200, "{more}");
    assert_eq!(more["conversation_id"], id);
    assert_eq!(more["messages"].as_array().unwrap().len(), 4);

    let (_, list) = get(&app, "/api/conversations?nickname=ana").await;
    assert_eq!(list["object"], "list");
    assert_eq!(list["first_id"], id);
    assert_eq!(list["last_id"], id);
    assert_eq!(list["has_more"], false);
    assert_eq!(list["data"][0]["conversation_id"], id);
    assert_eq!(list["data"][0]["message_count"], 4);
    let (status, one) = get(&app, &format!("/api/conversations/{id}?nickname=ana")).await;
    assert_eq!(status, 200);
    assert_eq!(one["id"], id);
    assert_eq!(one["messages"], more["messages"]);
    app.finish().await;
}

#[tokio::test]
async fn another_nicknames_conversation_is_not_there() {
    let app = TestApp::spawn().await;
    let body = json!({ "message": "Hello?", "nickname": "ana" });
    let (_, answer) = say(&app, "/chat/completions", body).await;
    let id = answer["conversation_id"].as_str().unwrap();
    let unknown = "018f0000-0000-7000-8000-000000000000";
    for (id, nickname) in [(id, "bob"), (unknown, "ana"), ("nonsense", "ana")] {
        let body = json!({ "message": "Hello?", "nickname": nickname, "conversation_id": id });
        let (status, problem) = say(&app, "/chat/completions", body).await;
        assert_eq!(status, 404, "{problem}");
        assert_eq!(problem["code"], "session_not_found");
        let path = format!("/api/conversations/{id}?nickname={nickname}");
        assert_eq!(get(&app, &path).await.0, 404);
    }
    let (_, list) = get(&app, "/api/conversations?nickname=bob").await;
    assert_eq!(list["data"], json!([]));
    // Nor is it a session for anybody who knows its id.
    let body = json!({ "question": "Hello?", "session_id": id });
    assert_eq!(say(&app, "/chat", body).await.0, 404);
    // Nor another owner's, of the same nickname.
    let token = app.admin_token().await;
    let path = format!("/api/conversations/{id}?nickname=ana");
    let request = app.get(&path).bearer_auth(&token);
    assert_eq!(request.send().await.unwrap().status(), 404);
    app.finish().await;
}

#[tokio::test]
async fn what_is_sent_wrongly_is_refused_by_field() {
    let app = TestApp::spawn().await;
    for (field, body) in [
        ("message", json!({ "message": " ", "nickname": "ana" })),
        ("nickname", json!({ "message": "a", "nickname": " " })),
        (
            "nickname",
            json!({ "message": "a", "nickname": "x".repeat(65) }),
        ),
        ("nickname", json!({ "message": "a", "nickname": "a\u{0}b" })),
    ] {
        let (status, problem) = say(&app, "/chat/completions", body.clone()).await;
        assert_eq!(status, 422, "{body}");
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
    }
    let (status, problem) = say(&app, "/chat/completions", json!({ "message": "a" })).await;
    assert_eq!(status, 422);
    assert!(problem["detail"].as_str().unwrap().contains("nickname"));
    let (status, problem) = get(&app, "/api/conversations").await;
    assert_eq!(
        (status, &problem["errors"][0]["field"]),
        (422, &json!("nickname"))
    );
    app.finish().await;
}

#[tokio::test]
async fn conversations_are_listed_in_pages_and_can_be_taken_up_while_they_are_kept() {
    let clock = Clock::manual(DateTime::from_timestamp(1_760_000_000, 0).unwrap());
    let app = TestApp::spawn_with(&[], clock.clone()).await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        let body = json!({ "message": "Hello?", "nickname": "ana" });
        let (_, answer) = say(&app, "/chat/completions", body).await;
        ids.push(answer["conversation_id"].as_str().unwrap().to_owned());
        clock.advance(Duration::from_secs(60));
    }
    let (_, page) = get(&app, "/api/conversations?nickname=ana&limit=2").await;
    assert_eq!(page["has_more"], true);
    assert_eq!(
        (&page["first_id"], &page["last_id"]),
        (&json!(ids[2]), &json!(ids[1]))
    );
    let path = format!("/api/conversations?nickname=ana&limit=2&after={}", ids[1]);
    let (_, page) = get(&app, &path).await;
    assert_eq!(
        (&page["first_id"], &page["has_more"]),
        (&json!(ids[0]), &json!(false))
    );
    clock.advance(Duration::from_secs(86_400));
    let body = json!({ "message": "Hello?", "nickname": "ana", "conversation_id": ids[0] });
    assert_eq!(say(&app, "/chat/completions", body).await.0, 200);
    app.finish().await;
}

#[tokio::test]
async fn a_provider_that_fails_is_a_failure_here_too() {
    let upstream = scripted::start().await;
    upstream.set_default(Reply::error(500, "down"));
    let url = upstream.base_url();
    let variables = [
        ("OPENAI_BASE_URL", url.as_str()),
        ("OPENAI_API_KEY", "sk-test"),
    ];
    let app = TestApp::spawn_with(&variables, Clock::system()).await;
    let token = app.admin_token().await;
    app.upload(&token, "guarantee.txt", TEXT).await;
    let body = json!({ "message": QUESTION, "nickname": "ana" });
    let (status, problem) = say(&app, "/chat/completions", body).await;
    assert_eq!(status, 503);
    assert_eq!(problem["code"], "llm_unavailable");
    app.finish().await;
}
