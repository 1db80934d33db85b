//! Feedback over HTTP: kept with what it is about, replaced, refused, and never lost in silence.

use crate::support::app::TestApp;
use serde_json::{Value, json};

const TEXT: &str = "The guarantee of the espresso machine lasts twenty-seven months.";
const QUESTION: &str = "How long does the guarantee of the espresso machine last?";

async fn asked(app: &TestApp) -> Value {
    let body = json!({ "question": QUESTION, "session_id": "s-1" });
    let request = app.post("/chat").header("x-api-key", app.api_key);
    let answer = request.json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}

async fn give(app: &TestApp, body: &Value) -> (u16, Value) {
    let request = app.post("/feedback").header("x-api-key", app.api_key);
    let answer = request.json(body).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn feedback_is_kept_with_what_it_is_about_and_the_last_word_counts() {
    let app = TestApp::spawn().await;
    let token = app.admin_token().await;
    app.upload(&token, "guarantee.txt", TEXT).await;
    let answer = asked(&app).await;
    let message = &answer["message_id"];
    let good = json!({ "session_id": "s-1", "message_id": message, "thumbs_up": true });
    let (status, first) = give(&app, &good).await;
    assert_eq!(status, 201);
    assert_eq!(&first["message_id"], message);
    assert_eq!(first["thumbs_up"], true);
    assert!(first["id"].is_string() && first["created_at"].is_string());
    let bad = json!({
        "session_id": "s-1", "message_id": message, "thumbs_up": false, "comment": "too short",
    });
    assert_eq!(give(&app, &bad).await.0, 201);
    for (value, count) in [("true", 1.0), ("false", 1.0)] {
        let series = format!("rag_feedback_total{{thumbs_up=\"{value}\"}}");
        assert_eq!(app.metric(&series).await, count);
    }
    let request = app.get("/api/admin/feedback").bearer_auth(&token);
    let list: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(list["data"].as_array().unwrap().len(), 1, "{list}");
    let kept = &list["data"][0];
    assert_eq!(kept["question"], QUESTION);
    assert_eq!(kept["answer"], answer["answer"]);
    assert_eq!(kept["thumbs_up"], false);
    assert_eq!(kept["comment"], "too short");
    let (shown, source) = (&kept["sources"][0], &answer["sources"][0]);
    for field in ["passage_id", "document_id", "score"] {
        assert_eq!(shown[field], source[field], "{field}");
    }
    app.finish().await;
}

#[tokio::test]
async fn feedback_on_what_is_not_the_callers_answer_is_not_found() {
    let app = TestApp::spawn().await;
    let answer = asked(&app).await;
    let message = answer["message_id"].as_str().unwrap();
    let question = (message.parse::<uuid::Uuid>().unwrap().as_u128() - 1).to_be_bytes();
    let question = uuid::Uuid::from_bytes(question).to_string();
    let unknown = "018f0000-0000-7000-8000-000000000000";
    for (session, message) in [
        ("s-1", unknown),
        ("s-1", "nonsense"),
        ("s-1", question.as_str()),
        ("s-2", message),
    ] {
        let body = json!({ "session_id": session, "message_id": message, "thumbs_up": true });
        let (status, problem) = give(&app, &body).await;
        assert_eq!(status, 404, "{body}: {problem}");
    }
    // Another owner: the administrator asks for himself.
    let token = app.admin_token().await;
    let body = json!({ "session_id": "s-1", "message_id": message, "thumbs_up": true });
    let request = app.post("/feedback").bearer_auth(&token).json(&body);
    assert_eq!(request.send().await.unwrap().status(), 404);
    app.finish().await;
}

#[tokio::test]
async fn feedback_that_is_ill_formed_is_refused_by_field() {
    let app = TestApp::spawn().await;
    let answer = asked(&app).await;
    let good = json!({
        "session_id": "s-1", "message_id": answer["message_id"], "thumbs_up": true,
    });
    for (field, value) in [
        ("session_id", json!("a b")),
        ("thumbs_up", json!("yes")),
        ("comment", json!("x".repeat(2_001))),
    ] {
        let mut body = good.clone();
        body[field] = value;
        let (status, problem) = give(&app, &body).await;
        assert_eq!(status, 422, "{field}");
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
    }
    let mut longest = good;
    longest["comment"] = "ä".repeat(2_000).into();
    assert_eq!(give(&app, &longest).await.0, 201);
    app.finish().await;
}

#[tokio::test]
async fn feedback_that_cannot_be_kept_is_a_failure() {
    let app = TestApp::spawn().await;
    let answer = asked(&app).await;
    app.app.store().close().await;
    let body = json!({
        "session_id": "s-1", "message_id": answer["message_id"], "thumbs_up": true,
    });
    let (status, problem) = give(&app, &body).await;
    assert_eq!(status, 503, "{problem}");
    assert_eq!(
        app.metric("rag_feedback_total{thumbs_up=\"true\"}").await,
        0.0
    );
    // The database is closed.
    app.leaving_jobs();
}
