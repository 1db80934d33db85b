//! Rooms over HTTP: what may stand under what, whose they are, and all that was said in one.

use crate::support::app::TestApp;
use reqwest::Method;
use serde_json::{Value, json};

const UNKNOWN: &str = "018f0000-0000-7000-8000-000000000000";

/// Calls with the API key, or as the administrator, who is another owner.
pub(crate) async fn call(
    app: &TestApp,
    (method, path): (Method, &str),
    body: Value,
    token: Option<&str>,
) -> (u16, Value) {
    let url = format!("{}{path}", app.base_url);
    let request = app.client.request(method, url);
    let request = match token {
        Some(token) => request.bearer_auth(token),
        None => request.header("x-api-key", app.api_key),
    };
    let request = if body.is_null() {
        request
    } else {
        request.json(&body)
    };
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap_or(Value::Null))
}

pub(crate) async fn post(app: &TestApp, path: &str, body: Value) -> (u16, Value) {
    call(app, (Method::POST, path), body, None).await
}

pub(crate) async fn get(app: &TestApp, path: &str) -> (u16, Value) {
    call(app, (Method::GET, path), Value::Null, None).await
}

/// A room of the API key's; returns its id.
pub(crate) async fn make_room(app: &TestApp, body: Value) -> String {
    let (status, room) = post(app, "/api/rooms", body).await;
    assert_eq!(status, 201, "{room}");
    room["room_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_room_is_made_shown_renamed_and_deleted() {
    let app = TestApp::spawn().await;
    let (status, room) = post(&app, "/api/rooms", json!({ "name": " Garden " })).await;
    assert_eq!(status, 201, "{room}");
    assert_eq!(room["name"], "Garden");
    assert_eq!(room["type"], "main");
    assert_eq!(room["parent_id"], Value::Null);
    assert_eq!(room["message_count"], 0);
    for field in ["room_id", "owner_id", "created_at", "updated_at"] {
        assert!(room[field].is_string(), "{field}: {room}");
    }
    let (status, again) = post(&app, "/api/rooms", json!({ "name": "Garden" })).await;
    assert_eq!((status, &again["room_id"]), (200, &room["room_id"]));

    let path = format!("/api/rooms/{}", room["room_id"].as_str().unwrap());
    let name = json!({ "name": "Orchard" });
    let (status, renamed) = call(&app, (Method::PATCH, &path), name, None).await;
    assert_eq!((status, &renamed["name"]), (200, &json!("Orchard")));
    make_room(&app, json!({ "name": "Garden" })).await;
    let taken = json!({ "name": "Garden" });
    let (status, _) = call(&app, (Method::PATCH, &path), taken, None).await;
    assert_eq!(status, 409);

    let (_, shown) = get(&app, &path).await;
    assert_eq!(shown["name"], "Orchard");
    let (status, _) = call(&app, (Method::DELETE, &path), Value::Null, None).await;
    assert_eq!(status, 204);
    assert_eq!(get(&app, &path).await.0, 404);
    app.finish().await;
}

#[tokio::test]
async fn each_kind_stands_under_its_own() {
    let app = TestApp::spawn().await;
    let main = make_room(&app, json!({ "name": "m" })).await;
    let sub = json!({ "name": "s", "type": "sub", "parent_id": main });
    let sub = make_room(&app, sub).await;
    let review = json!({ "name": "r", "type": "review", "parent_id": sub });
    let review = make_room(&app, review).await;
    let session = make_room(&app, json!({ "name": "c", "type": "session" })).await;
    let wrong = [
        ("main", json!(main)),
        ("session", json!(main)),
        ("sub", Value::Null),
        ("sub", json!(sub)),
        ("sub", json!(review)),
        ("sub", json!(session)),
        ("review", Value::Null),
        ("review", json!(main)),
    ];
    for (kind, parent) in wrong {
        let body = json!({ "name": "x", "type": kind, "parent_id": parent });
        let (status, problem) = post(&app, "/api/rooms", body).await;
        assert_eq!(status, 400, "{kind} {parent}: {problem}");
        assert_eq!(problem["code"], "invalid_parent");
    }
    for parent in [UNKNOWN, "x"] {
        let body = json!({ "name": "x", "type": "sub", "parent_id": parent });
        assert_eq!(post(&app, "/api/rooms", body).await.0, 404, "{parent}");
    }
    // Another owner's room is no parent either.
    let token = app.admin_token().await;
    let body = json!({ "name": "x", "type": "sub", "parent_id": main });
    let (status, _) = call(&app, (Method::POST, "/api/rooms"), body, Some(&token)).await;
    assert_eq!(status, 404);

    let question = json!({ "question": "anything?", "session_id": session });
    let (status, answer) = post(&app, "/chat", question).await;
    assert_eq!((status, &answer["session_id"]), (200, &json!(session)));
    let (_, room) = get(&app, &format!("/api/rooms/{session}")).await;
    assert_eq!(room["message_count"], 2, "a session's room is its session");

    let (_, all) = get(&app, "/api/rooms?order=asc").await;
    assert_eq!(all["object"], "list");
    assert_eq!(all["data"].as_array().unwrap().len(), 4);
    assert_eq!(
        (&all["first_id"], &all["last_id"]),
        (&json!(main), &json!(session))
    );
    let (_, subs) = get(&app, "/api/rooms?type=sub&limit=1").await;
    assert_eq!(subs["data"][0]["room_id"], sub);
    assert_eq!(subs["has_more"], false);
    app.finish().await;
}

#[tokio::test]
async fn what_is_asked_wrongly_is_refused_by_field() {
    let app = TestApp::spawn().await;
    let room = make_room(&app, json!({ "name": "m" })).await;
    let messages = format!("/api/rooms/{room}/messages");
    let stream = format!("{messages}/stream");
    let wrong = [
        ("name", "/api/rooms", json!({ "name": " " })),
        ("name", "/api/rooms", json!({ "name": "x".repeat(201) })),
        ("name", "/api/rooms", json!({ "name": "a\nb" })),
        (
            "type",
            "/api/rooms",
            json!({ "name": "a", "type": "attic" }),
        ),
        ("content", &messages, json!({ "content": "" })),
        (
            "content",
            &messages,
            json!({ "content": "a".repeat(8_001) }),
        ),
        (
            "role",
            &messages,
            json!({ "content": "a", "role": "system" }),
        ),
        (
            "role",
            &messages,
            json!({ "content": "a", "role": "assistant" }),
        ),
        ("top_k", &messages, json!({ "content": "a", "top_k": 0 })),
        ("reply", &stream, json!({ "content": "a", "reply": false })),
        (
            "query",
            "/api/rag/query",
            json!({ "room_id": room, "query": " " }),
        ),
        (
            "scope",
            "/api/rag/query",
            json!({ "room_id": room, "query": "a", "scope": "x" }),
        ),
    ];
    for (field, path, body) in wrong {
        let (status, problem) = post(&app, path, body.clone()).await;
        assert_eq!(status, 422, "{path} {body}: {problem}");
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
    }
    let (status, problem) = get(&app, &format!("/api/rooms/{room}/export?format=pdf")).await;
    assert_eq!(
        (status, &problem["errors"][0]["field"]),
        (422, &json!("format"))
    );
    app.finish().await;
}

#[tokio::test]
async fn anothers_room_is_not_there() {
    let app = TestApp::spawn().await;
    let room = make_room(&app, json!({ "name": "mine" })).await;
    let said = json!({ "content": "The cellar key is under the blue pot.", "reply": false });
    let (status, _) = post(&app, &format!("/api/rooms/{room}/messages"), said).await;
    assert_eq!(status, 201);
    app.remembered().await;
    // Even the administrator's own eyes do not see it: it is private.
    let token = app.admin_token().await;
    let content = json!({ "content": "a" });
    let of = |path: &str| format!("/api/rooms/{room}{path}");
    let query = json!({ "room_id": room, "query": "cellar key" });
    let calls = [
        (Method::GET, of(""), Value::Null),
        (Method::PATCH, of(""), json!({ "name": "theirs" })),
        (Method::DELETE, of(""), Value::Null),
        (Method::GET, of("/messages"), Value::Null),
        (Method::POST, of("/messages"), content.clone()),
        (
            Method::POST,
            of("/messages"),
            json!({ "content": "a", "reply": false }),
        ),
        (Method::POST, of("/messages/stream"), content),
        (Method::GET, of("/export"), Value::Null),
        (Method::POST, "/api/rag/query".to_owned(), query.clone()),
    ];
    for (method, path, body) in calls {
        let call = call(&app, (method.clone(), &path), body, Some(&token)).await;
        assert_eq!(call.0, 404, "{method} {path}: {}", call.1);
        assert_eq!(call.1["code"], "not_found");
    }
    let (_, rooms) = call(&app, (Method::GET, "/api/rooms"), Value::Null, Some(&token)).await;
    assert_eq!(rooms["data"], json!([]));
    let (_, found) = post(&app, "/api/rag/query", query).await;
    assert_eq!(found["results"].as_array().unwrap().len(), 1, "{found}");
    app.finish().await;
}

#[tokio::test]
async fn an_export_has_everything_in_order() {
    let app = TestApp::spawn().await;
    let room = make_room(&app, json!({ "name": "Log \"of\" the harbour" })).await;
    let path = format!("/api/rooms/{room}/messages");
    // More than one page of the export.
    for number in 0..120 {
        let role = if number % 2 == 0 { "user" } else { "assistant" };
        let content = format!("Entry {number}: \"quoted\" \\ and\nüber two lines.");
        let body = json!({ "content": content, "role": role, "reply": false });
        assert_eq!(post(&app, &path, body).await.0, 201);
    }
    let export = format!("/api/rooms/{room}/export");
    let answer = app.get(&export).header("x-api-key", app.api_key);
    let answer = answer.send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/json");
    let named = answer.headers()["content-disposition"].to_str().unwrap();
    assert!(named.ends_with(&format!("room-{room}.json\"")), "{named}");
    let export_json: Value = answer.json().await.unwrap();
    assert_eq!(export_json["object"], "room_export");
    assert_eq!(export_json["version"], 1);
    assert_eq!(export_json["room"]["message_count"], 120);
    let messages = export_json["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 120);
    for (number, message) in messages.iter().enumerate() {
        let role = if number % 2 == 0 { "user" } else { "assistant" };
        let content = format!("Entry {number}: \"quoted\" \\ and\nüber two lines.");
        assert_eq!(message["content"], content);
        assert_eq!(message["role"], role);
        assert_eq!(message["room_id"], room);
    }
    let (_, listed) = get(&app, &format!("{path}?limit=2")).await;
    assert_eq!(
        listed["data"][0], messages[119],
        "newest first, as everywhere"
    );
    assert_eq!(listed["has_more"], true);

    let answer = app.get(&format!("{export}?format=md"));
    let answer = answer.header("x-api-key", app.api_key).send().await;
    let text = answer.unwrap().text().await.unwrap();
    assert!(text.starts_with("# Log \"of\" the harbour\n"), "{text}");
    assert_eq!(text.matches("\n## user, ").count(), 60);
    assert!(text.find("Entry 7:").unwrap() < text.find("Entry 8:").unwrap());
    app.finish().await;
}
