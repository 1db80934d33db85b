//! The operator's view of retrieval, and the counts.

use crate::support::app::TestApp;
use serde_json::{Value, json};

const TEXT: &str = "The guarantee of the espresso machine lasts twenty-seven months.";

async fn preview(app: &TestApp, token: &str, query: &str) -> (u16, Value) {
    let request = app
        .get(&format!("/api/admin/memory/preview?{query}"))
        .bearer_auth(token);
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn shows_every_part_of_every_score() {
    let app = TestApp::spawn().await;
    let token = app.admin_token().await;
    let sent = app.upload(&token, "guarantee.txt", TEXT).await;
    let (status, found) = preview(&app, &token, "q=espresso+guarantee").await;
    assert_eq!(status, 200, "{found}");
    assert_eq!(found["query"], "espresso guarantee");
    assert_eq!(found["room_id"], Value::Null);
    assert_eq!(found["candidates"], json!({ "bm25": 1, "vector": 0 }));
    assert_eq!(found["degraded"], json!(["vector"]));
    for stage in ["embed", "search", "fuse", "hydrate", "total"] {
        assert!(found["timings_ms"][stage].is_number(), "{stage}");
    }
    let result = &found["results"][0];
    assert_eq!(result["kind"], "document");
    assert_eq!(result["document_id"], sent["document_id"]);
    assert_eq!(result["content"], TEXT);
    assert_eq!(result["bm25"]["rank"], 1);
    assert_eq!(result["vector"]["rank"], Value::Null);
    assert_eq!(result["decay"], 1.0);
    let query = format!(
        "q=espresso&explain={}",
        result["passage_id"].as_str().unwrap()
    );
    let (_, explained) = preview(&app, &token, &query).await;
    assert_eq!(explained["explanation"]["returned"], true);
    assert!(explained["explanation"]["reason"].is_string());
    app.finish().await;
}

#[tokio::test]
async fn a_room_is_searched_as_its_owner_sees_it() {
    let app = TestApp::spawn().await;
    let token = app.admin_token().await;
    let body = json!({ "question": "anything?", "session_id": "s-1" });
    let asked = app
        .post("/chat")
        .header("x-api-key", app.api_key)
        .json(&body);
    assert_eq!(asked.send().await.unwrap().status(), 200);
    let key = ragd::domain::SessionKey::parse("s-1").unwrap();
    let owner = ragd::domain::OwnerId::of_principal("api-key");
    let room = app
        .app
        .store()
        .session_room(owner, &key)
        .await
        .unwrap()
        .unwrap();
    let query = format!("q=anything&room_id={}", room.id);
    let (status, found) = preview(&app, &token, &query).await;
    assert_eq!(status, 200, "{found}");
    assert_eq!(found["room_id"], room.id.to_string());
    let results = found["results"].as_array().unwrap();
    assert!(
        results.iter().all(|result| result["kind"] == "message"),
        "{found}"
    );
    for unknown in ["018f0000-0000-7000-8000-000000000000", "x"] {
        let (status, _) = preview(&app, &token, &format!("q=a&room_id={unknown}")).await;
        assert_eq!(status, 404, "{unknown}");
    }
    app.finish().await;
}

#[tokio::test]
async fn what_is_asked_wrongly_is_refused_by_field() {
    let app = TestApp::spawn().await;
    let token = app.admin_token().await;
    let wrong = [
        ("q", ""),
        ("q", "q="),
        ("scope", "q=a&scope=secrets"),
        ("explain", "q=a&explain=x"),
        ("top_k", "q=a&top_k=0"),
        ("top_k", "q=a&top_k=-1"),
        ("top_k", "q=a&top_k=1.5"),
        ("top_k", "q=a&top_k=2147483648"),
        ("limit", "q=a&limit=x"),
    ];
    for (field, query) in wrong {
        let (status, body) = preview(&app, &token, query).await;
        assert_eq!(status, 422, "{query}: {body}");
        assert_eq!(body["errors"][0]["field"], field, "{query}: {body}");
    }
    app.finish().await;
}

#[tokio::test]
async fn counts_what_is_stored() {
    let app = TestApp::spawn().await;
    let token = app.admin_token().await;
    app.upload(&token, "guarantee.txt", TEXT).await;
    let stats = app
        .get("/admin/stats")
        .bearer_auth(token)
        .send()
        .await
        .unwrap();
    let stats: Value = stats.json().await.unwrap();
    assert_eq!(stats["documents"]["total"], 1);
    assert_eq!(stats["documents"]["indexed"], 1);
    assert_eq!(stats["passages"], 1);
    app.finish().await;
}
