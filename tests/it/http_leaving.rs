//! Clients that leave while their answer is made lose nothing: question and what was sent are in the
//! room, and count as a broken off turn.

use crate::http_chat::{QUESTION, ask, with_document};
use crate::http_rooms::{get, make_room, post};
use crate::support::app::TestApp;
use crate::support::scripted;
use crate::support::sse::EventReader;
use crate::support::until::{SOON, until, until_some};
use ragd::stub_llm::{Reply, ScriptedServer};
use serde_json::{Value, json};

/// The messages of a room, as soon as it has some.
async fn messages(app: &TestApp, room: &str) -> Vec<Value> {
    let path = format!("/api/rooms/{room}/messages?order=asc");
    until_some("messages in the room", SOON, || async {
        let (status, list) = get(app, &path).await;
        assert_eq!(status, 200, "{list}");
        let messages = list["data"].as_array().unwrap().clone();
        (!messages.is_empty()).then_some(messages)
    })
    .await
}

fn assert_broken_off(messages: &[Value], sent: &str) {
    let said: Vec<_> = messages
        .iter()
        .map(|message| {
            let text = |field: &str| message[field].as_str().unwrap().to_owned();
            (text("role"), text("status"), text("content"))
        })
        .collect();
    let said: Vec<_> = said
        .iter()
        .map(|(role, status, content)| (role.as_str(), status.as_str(), content.as_str()))
        .collect();
    assert_eq!(
        said,
        [
            ("user", "complete", QUESTION),
            ("assistant", "incomplete", sent)
        ]
    );
}

async fn app_with(upstream: &ScriptedServer) -> TestApp {
    let url = upstream.base_url();
    with_document(&[("OPENAI_BASE_URL", &url), ("OPENAI_API_KEY", "sk-test")]).await
}

#[tokio::test]
async fn what_a_stream_had_sent_is_stored_when_its_client_leaves() {
    let upstream = scripted::start().await;
    upstream.set_default(Reply::stream_head().token("It lasts").hang());
    let app = app_with(&upstream).await;
    let room = make_room(&app, json!({ "name": "Garden" })).await;
    for path in [
        "/chat/stream".to_owned(),
        format!("/api/rooms/{room}/messages/stream"),
    ] {
        let field = if path.starts_with("/chat") {
            "question"
        } else {
            "content"
        };
        let stream = ask(&app, &path, json!({ field: QUESTION })).await;
        let mut stream = EventReader::new(stream);
        let metadata = stream.until("metadata").await.pop().unwrap().json();
        stream.until("token").await;
        drop(stream);
        let session = metadata["session_id"].as_str().unwrap_or(&room).to_owned();
        assert_broken_off(&messages(&app, &session).await, "It lasts");
    }
    app.finish().await;
}

#[tokio::test]
async fn the_question_of_a_client_that_does_not_wait_is_stored() {
    let upstream = scripted::start().await;
    upstream.set_default(Reply::stream_head().hang());
    let app = app_with(&upstream).await;
    let room = make_room(&app, json!({ "name": "Garden" })).await;
    let path = format!("/api/rooms/{room}/messages");
    let waiting = post(&app, &path, json!({ "content": QUESTION }));
    tokio::select! {
        answer = waiting => panic!("{answer:?}"),
        () = until("the call upstream", SOON, || async { upstream.requests().len() == 1 }) => {}
    }
    assert_broken_off(&messages(&app, &room).await, "");

    // The turn is in the history, without the answer that it does not have.
    upstream.set_default(Reply::answer("Again [1]."));
    let (status, answer) = post(
        &app,
        &path,
        json!({ "content": "Who gives the guarantee of the espresso machine?" }),
    )
    .await;
    assert_eq!(status, 201, "{answer}");
    let sent = upstream.requests().pop().unwrap().body;
    let sent = sent["messages"].as_array().unwrap().clone();
    assert!(
        sent.iter().any(|message| message["content"] == QUESTION),
        "{sent:?}"
    );
    assert!(
        sent.iter().all(|message| message["content"] != ""),
        "{sent:?}"
    );
    app.finish().await;
}

#[tokio::test]
async fn a_server_that_stops_has_stored_what_was_sent() {
    let upstream = scripted::start().await;
    upstream.set_default(Reply::stream_head().token("It lasts").hang());
    let app = app_with(&upstream).await;
    let room = make_room(&app, json!({ "name": "Garden" })).await;
    let path = format!("/api/rooms/{room}/messages/stream");
    let mut stream = EventReader::new(ask(&app, &path, json!({ "content": QUESTION })).await);
    stream.until("token").await;
    drop(stream);
    upstream.clients_gone(1).await;
    app.app.chat().settle().await;
    assert_broken_off(&messages(&app, &room).await, "It lasts");
    app.finish().await;
}
