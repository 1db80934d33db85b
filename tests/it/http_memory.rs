//! What rooms remember, over HTTP: messages are found soon after they were said, age, are seen from
//! below and by nobody else, are sealed wherever they lie, and are gone when their room is.

use crate::http_rooms::{call, get, make_room, post};
use crate::support::app::TestApp;
use crate::support::sse;
use ragd::clock::Clock;
use ragd::domain::{MessageId, OwnerId};
use ragd::index::IndexFilter;
use reqwest::Method;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

const FACT: &str = "My bicycle is a green Gazelle with nine gears.";
const QUESTION: &str = "How many gears does my bicycle have?";

async fn note(app: &TestApp, room: &str, content: &str) -> Value {
    let body = json!({ "content": content, "reply": false });
    let (status, message) = post(app, &format!("/api/rooms/{room}/messages"), body).await;
    assert_eq!(status, 201, "{message}");
    message
}

async fn found(app: &TestApp, room: &str, query: &str) -> Vec<Value> {
    let body = json!({ "room_id": room, "query": query });
    let (status, found) = post(app, "/api/rag/query", body).await;
    assert_eq!(status, 200, "{found}");
    found["results"].as_array().unwrap().clone()
}

async fn indexed(app: &TestApp) -> usize {
    let index = app.app.follower().index();
    index.count(IndexFilter::default()).await.unwrap()
}

#[tokio::test]
async fn what_was_said_is_found_with_every_part_of_its_score() {
    let app = TestApp::spawn().await;
    let room = make_room(&app, json!({ "name": "m" })).await;
    let said = note(&app, &room, FACT).await;
    assert_eq!(said["role"], "user");
    assert_eq!(said["status"], "complete");
    assert_eq!(said["sources"], Value::Null);
    app.remembered().await;
    let results = found(&app, &room, "green gazelle").await;
    assert_eq!(results.len(), 1);
    assert_eq!(results[0]["kind"], "message");
    assert_eq!(results[0]["message_id"], said["id"]);
    assert_eq!(results[0]["content"], FACT);
    assert_eq!(results[0]["bm25"]["rank"], 1);
    let token = app.admin_token().await;
    let path = format!("/api/admin/memory/preview?room_id={room}&q=green+gazelle");
    let (status, preview) = call(&app, (Method::GET, &path), Value::Null, Some(&token)).await;
    assert_eq!(status, 200, "{preview}");
    assert_eq!(preview["results"][0]["content"], FACT);
    let documents = json!({ "room_id": room, "query": "gazelle", "scope": "documents" });
    let (_, documents) = post(&app, "/api/rag/query", documents).await;
    assert_eq!(documents["results"], json!([]));
    app.finish().await;
}

#[tokio::test]
async fn memory_ages_and_documents_do_not() {
    let clock = Clock::manual("2026-03-01T12:00:00Z".parse().unwrap());
    let app = TestApp::spawn_with(&[], clock.clone()).await;
    let room = make_room(&app, json!({ "name": "m" })).await;
    let old = note(&app, &room, "The ferry leaves at seven.").await;
    app.remembered().await;
    clock.advance(Duration::from_secs(10 * 86_400));
    let new = note(&app, &room, "The ferry leaves at nine.").await;
    app.remembered().await;
    let results = found(&app, &room, "ferry leaves").await;
    let ids: Vec<&Value> = results.iter().map(|one| &one["message_id"]).collect();
    assert_eq!(ids, [&new["id"], &old["id"]]);
    let decay = results[1]["decay"].as_f64().unwrap();
    assert!((decay - (-0.3_f64).exp()).abs() < 1e-9, "{decay}");
    assert_eq!(results[1]["age_days"], 10.0);
    assert_eq!(results[0]["decay"], 1.0);
    app.finish().await;
}

#[tokio::test]
async fn a_room_sees_what_is_above_it_and_not_beside_or_below() {
    let app = TestApp::spawn().await;
    let main = make_room(&app, json!({ "name": "m" })).await;
    let sub = |name: &str| json!({ "name": name, "type": "sub", "parent_id": main });
    let (sub, sibling) = (
        make_room(&app, sub("s")).await,
        make_room(&app, sub("t")).await,
    );
    let review = json!({ "name": "r", "type": "review", "parent_id": sub });
    let review = make_room(&app, review).await;
    for (room, place) in [
        (&main, "main"),
        (&sub, "sub"),
        (&sibling, "sibling"),
        (&review, "review"),
    ] {
        note(&app, room, &format!("The anchor lies in the {place} hall.")).await;
    }
    app.remembered().await;
    let seen = [
        (&main, vec!["main"]),
        (&sub, vec!["main", "sub"]),
        (&sibling, vec!["main", "sibling"]),
        (&review, vec!["main", "review", "sub"]),
    ];
    let token = app.admin_token().await;
    for (room, places) in seen {
        let path = format!("/api/admin/memory/preview?room_id={room}&q=anchor");
        let (_, preview) = call(&app, (Method::GET, &path), Value::Null, Some(&token)).await;
        for results in [
            found(&app, room, "anchor").await,
            preview["results"].as_array().unwrap().clone(),
        ] {
            let halls = results.iter().map(|one| {
                let content = one["content"].as_str().unwrap();
                content.split(' ').rev().nth(1).unwrap()
            });
            let mut halls: Vec<&str> = halls.collect();
            halls.sort_unstable();
            assert_eq!(halls, places);
        }
    }
    // In an answer, too, what the main room was told is a source of the sub room's.
    let asked = json!({ "content": "Where does the anchor of the main hall lie?" });
    let (status, answer) = post(&app, &format!("/api/rooms/{sub}/messages"), asked).await;
    assert_eq!(status, 201, "{answer}");
    let texts: Vec<&str> = answer["sources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|source| source["text"].as_str().unwrap())
        .collect();
    assert_eq!(
        texts,
        ["The anchor lies in the main hall."],
        "the sub room's own is in the prompt"
    );
    app.finish().await;
}

#[tokio::test]
async fn a_deleted_room_is_forgotten_in_sql_and_in_the_index() {
    let app = TestApp::spawn().await;
    let main = make_room(&app, json!({ "name": "m" })).await;
    let sub = json!({ "name": "s", "type": "sub", "parent_id": main });
    let sub = make_room(&app, sub).await;
    let said = note(&app, &main, FACT).await;
    note(&app, &sub, FACT).await;
    app.remembered().await;
    assert_eq!(indexed(&app).await, 2);
    let path = format!("/api/rooms/{main}");
    let (status, _) = call(&app, (Method::DELETE, &path), Value::Null, None).await;
    assert_eq!(status, 204);
    assert_eq!(indexed(&app).await, 0);
    let store = app.app.store();
    assert_eq!(store.count_current_passages().await.unwrap(), 0);
    let id = MessageId::parse(said["id"].as_str().unwrap()).unwrap();
    let owner = OwnerId::of_principal("api-key");
    assert!(store.message(id, owner).await.unwrap().is_none());
    assert_eq!(get(&app, &format!("/api/rooms/{sub}")).await.0, 404);
    let token = app.admin_token().await;
    let all = "/api/admin/memory/preview?q=bicycle&scope=memory";
    let (_, preview) = call(&app, (Method::GET, all), Value::Null, Some(&token)).await;
    assert_eq!(preview["results"], json!([]));
    app.finish().await;
}

#[tokio::test]
async fn a_stream_in_a_room_is_kept_in_the_room() {
    let app = TestApp::spawn().await;
    let token = app.admin_token().await;
    let text = "The guarantee of the espresso machine lasts twenty-seven months.";
    app.upload(&token, "guarantee.txt", text).await;
    let room = make_room(&app, json!({ "name": "m" })).await;
    let path = format!("/api/rooms/{room}/messages");
    let body = json!({ "content": "How long does the guarantee of the espresso machine last?" });
    let answer = app
        .post(&format!("{path}/stream"))
        .header("x-api-key", app.api_key)
        .json(&body);
    let answer = answer.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let events = sse::events(&answer.text().await.unwrap());
    let place = |name| events.iter().position(|event| event.name == name);
    let places = ["metadata", "token", "done"].map(place);
    assert!(places.is_sorted() && places[0].is_some(), "{events:?}");
    let (_, listed) = get(&app, &format!("{path}?order=asc")).await;
    let messages = listed["data"].as_array().unwrap();
    assert_eq!(messages.len(), 2);
    assert_eq!(messages[0]["content"], body["content"]);
    let stored = &messages[1];
    assert_eq!(stored["role"], "assistant");
    assert_eq!(stored["grounded"], true);
    assert_eq!(stored["provider"], "extractive");
    assert_eq!(stored["sources"][0]["text"], text);
    assert_eq!(stored["sources"][0]["message_id"], Value::Null);
    // Said whole, it comes back as the same object.
    let (status, said) = post(&app, &path, body).await;
    assert_eq!(status, 201);
    assert_eq!(said["sources"][0]["text"], text, "{said}");
    assert_eq!(said["content"], stored["content"]);
    let (_, room) = get(&app, &format!("/api/rooms/{room}")).await;
    assert_eq!(room["message_count"], 4);
    app.finish().await;
}

/// Whether any file below `folder` holds `needle`.
fn lies_in(folder: &Path, needle: &[u8]) -> bool {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path()).any(|path| {
        if path.is_dir() {
            return lies_in(&path, needle);
        }
        let bytes = std::fs::read(&path).unwrap_or_default();
        bytes.windows(needle.len()).any(|window| window == needle)
    })
}

#[tokio::test]
async fn nothing_that_was_said_lies_in_the_open() {
    let app = TestApp::spawn().await;
    let room = make_room(&app, json!({ "name": "a name is no secret" })).await;
    note(&app, &room, "Xylophone of the quokka. ".repeat(200).trim()).await;
    app.remembered().await;
    assert!(
        found(&app, &room, "xylophone").await.len() > 1,
        "a long one is cut"
    );
    let asked = json!({ "content": "Who has the Xylophone?" });
    let (_, answer) = post(&app, &format!("/api/rooms/{room}/messages"), asked).await;
    assert_eq!(answer["role"], "assistant");
    app.remembered().await;
    let folder = app.folder.path();
    assert!(
        lies_in(folder, b"a name is no secret"),
        "the search can find"
    );
    for word in ["ylophone", "uokka"] {
        assert!(!lies_in(folder, word.as_bytes()), "{word}");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_lost_index_comes_back_with_everything_that_was_said() {
    let app = TestApp::spawn().await;
    let room = make_room(&app, json!({ "name": "m" })).await;
    note(&app, &room, FACT).await;
    app.remembered().await;
    let before = found(&app, &room, QUESTION).await;
    app.app.follower().rebuild(|_| {}).await.unwrap();
    let rebuilt = found(&app, &room, QUESTION).await;
    assert_eq!(rebuilt[0]["content"], FACT);
    assert_eq!(rebuilt[0]["passage_id"], before[0]["passage_id"]);
    std::fs::remove_dir_all(app.folder.path().join("vectors")).unwrap();
    let app = app.restart(&[]).await;
    let again = found(&app, &room, QUESTION).await;
    assert_eq!(again[0]["content"], FACT);
    assert_eq!(indexed(&app).await, 1);
    app.finish().await;
}

#[tokio::test]
async fn a_long_conversation_remembers_its_beginning() {
    let mut app = TestApp::spawn().await;
    let room = make_room(&app, json!({ "name": "m" })).await;
    let path = format!("/api/rooms/{room}/messages");
    let mut answer = Value::Null;
    for turn in 1..=200 {
        let content = match turn {
            3 => FACT.to_owned(),
            200 => QUESTION.to_owned(),
            _ => format!("Tell me about the tide gauge number {turn} of the harbour."),
        };
        let status;
        (status, answer) = post(&app, &path, json!({ "content": content })).await;
        assert_eq!(status, 201, "turn {turn}: {answer}");
        if turn % 50 == 0 && turn < 200 {
            app = app.restart(&[]).await;
        }
        if turn == 199 {
            app.remembered().await;
        }
    }
    let sources = answer["sources"].as_array().unwrap();
    let remembered = sources.iter().find(|source| source["text"] == FACT);
    let remembered = remembered.unwrap_or_else(|| panic!("{answer}"));
    assert_eq!(remembered["document_id"], Value::Null);
    assert!(remembered["message_id"].is_string());
    assert!(
        answer["content"].as_str().unwrap().contains("nine gears"),
        "{answer}"
    );
    assert_eq!(answer["grounded"], true);
    let export = get(&app, &format!("/api/rooms/{room}/export")).await.1;
    let messages = export["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 400);
    assert_eq!(messages[4]["content"], FACT);
    assert_eq!(messages[4]["id"], remembered["message_id"]);
    assert_eq!(messages[399]["id"], answer["id"]);
    app.finish().await;
}

async fn ask(app: &TestApp, session: &str, question: &str) -> Value {
    let body = json!({ "question": question, "session_id": session });
    let (status, answer) = post(app, "/chat", body).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

/// With the local model: a session remembers by meaning, and only what fits.
#[tokio::test(flavor = "multi_thread")]
async fn memory_is_a_source_where_it_fits_and_documents_stay_as_they_were() {
    let variables = [
        ("EMBEDDING_PROVIDER", "local"),
        ("CHAT_HISTORY_MESSAGES", "2"),
    ];
    let app = TestApp::spawn_with(&variables, Clock::system()).await;
    let token = app.admin_token().await;
    let text = "The guarantee of the espresso machine lasts twenty-seven months.";
    app.upload(&token, "guarantee.txt", text).await;
    let of_document = "How long does the guarantee of the espresso machine last?";
    let fresh = ask(&app, "fresh", of_document).await;
    for said in [
        "My daughter is called Marit and she plays the cello.",
        "Is the harbour closed in winter?",
        "Which birds nest on the island?",
    ] {
        ask(&app, "s-1", said).await;
    }
    app.remembered().await;
    let answer = ask(&app, "s-1", "Which instrument does my child play?").await;
    let remembered: Vec<&str> = answer["sources"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|source| source["message_id"].is_string())
        .map(|source| source["text"].as_str().unwrap())
        .collect();
    assert_eq!(
        remembered,
        ["My daughter is called Marit and she plays the cello."],
        "{answer}"
    );
    let again = ask(&app, "s-1", of_document).await;
    for field in ["answer", "sources", "citations", "grounded", "confidence"] {
        assert_eq!(again[field], fresh[field], "{field}");
    }
    // Another session remembers nothing of it.
    let other = ask(&app, "s-2", "Which instrument does my child play?").await;
    let sources = other["sources"].as_array().unwrap();
    assert!(sources.iter().all(|source| source["message_id"].is_null()));
    app.finish().await;
}

/// In place of the table of messages, one in which the first message cannot be read.
const UNREADABLE: &str = "ALTER TABLE messages RENAME TO kept;
    CREATE VIEW messages AS SELECT id, room_id, owner_id, role, status, created_at,
        CASE WHEN rowid = 1 THEN abs(-9223372036854775807 - 1 - length(content) * 0)
             ELSE content END AS content, details FROM kept;
    CREATE TRIGGER keep INSTEAD OF INSERT ON messages BEGIN
        INSERT INTO kept (id, room_id, owner_id, role, status, created_at, content, details)
        VALUES (NEW.id, NEW.room_id, NEW.owner_id, NEW.role, NEW.status, NEW.created_at,
                NEW.content, NEW.details);
    END;";

#[tokio::test]
async fn memory_that_cannot_be_searched_is_named_and_documents_answer() {
    let app = TestApp::spawn_with(&[("CHAT_HISTORY_MESSAGES", "0")], Clock::system()).await;
    let token = app.admin_token().await;
    let text = "The guarantee of the espresso machine lasts twenty-seven months.";
    app.upload(&token, "guarantee.txt", text).await;
    let room = make_room(&app, json!({ "name": "m" })).await;
    note(&app, &room, "The espresso machine is mine.").await;
    app.remembered().await;
    let question =
        json!({ "content": "How long does the guarantee of the espresso machine last?" });
    let path = format!("/api/rooms/{room}/messages");
    let (_, answer) = post(&app, &path, question.clone()).await;
    assert_eq!(answer["degraded"], json!(["vector"]), "{answer}");
    app.remembered().await;

    let file = app.folder.path().join("ragd.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
    let mut connection = sqlx::ConnectOptions::connect(&options).await.unwrap();
    sqlx::raw_sql(UNREADABLE)
        .execute(&mut connection)
        .await
        .unwrap();
    let (status, answer) = post(&app, &path, question).await;
    assert_eq!(status, 201, "{answer}");
    assert_eq!(answer["degraded"], json!(["vector", "memory"]));
    assert_eq!(answer["grounded"], true);
    assert_eq!(answer["sources"].as_array().unwrap().len(), 1);
    assert_eq!(answer["sources"][0]["text"], text);
    // What was said since cannot be made findable.
    app.leaving_jobs();
}
