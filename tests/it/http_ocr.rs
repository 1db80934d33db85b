//! Scans over HTTP: found by their words, refused with what to install, read again by choice.

use crate::support::app::TestApp;
use crate::support::picture::{self, Leaf, Picture};
use crate::support::skip::{Lack, skip};
use ragd::clock::Clock;
use reqwest::{Response, StatusCode};
use serde_json::Value;

const TEXT: &str = "The guarantee of the espresso machine lasts twenty-seven months.";

async fn body_of(answer: Response, status: StatusCode) -> Value {
    let (seen, text) = (answer.status(), answer.text().await.unwrap());
    assert_eq!(seen, status, "{text}");
    serde_json::from_str(&text).unwrap()
}

async fn preview(app: &TestApp, token: &str, query: &str) -> Value {
    let path = format!("/api/admin/memory/preview?q={query}");
    let answer = app.get(&path).bearer_auth(token).send().await.unwrap();
    body_of(answer, StatusCode::OK).await
}

#[tokio::test]
async fn ocr_that_is_not_there_says_what_to_install() {
    let variables = [("INGEST_OCR_LANGUAGES", "zzz")];
    let app = TestApp::spawn_with(&variables, Clock::system()).await;
    let token = app.admin_token().await;
    let sent = app.upload(&token, "a.txt", TEXT).await;
    let path = format!(
        "/api/documents/{}/reprocess?ocr=true",
        sent["document_id"].as_str().unwrap()
    );
    let refused = app.post(&path).bearer_auth(&token).send().await.unwrap();
    let refused = body_of(refused, StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!(refused["code"], "ocr_unavailable");
    let detail = refused["detail"].as_str().unwrap();
    assert!(detail.contains("tesseract-ocr-zzz"), "{detail}");
    let health = app.get("/health/detailed").bearer_auth(&token);
    let health: Value = health.send().await.unwrap().json().await.unwrap();
    assert_eq!(health["ocr"]["available"], false);
    assert_ne!(health["ocr"]["reason"], Value::Null);
    let stranger = app.get("/health/detailed").send().await.unwrap();
    let stranger: Value = stranger.json().await.unwrap();
    assert_eq!(stranger["ocr"]["reason"], Value::Null);
    app.finish().await;
}

#[tokio::test]
async fn a_scan_is_found_by_its_words_and_ocr_can_be_forbidden() {
    let app = TestApp::spawn().await;
    if !app.app.ingest().ocr().is_automatic() {
        skip(Lack::Tesseract);
        app.finish().await;
        return;
    }
    let token = app.admin_token().await;
    let scan = Picture::of_lines(&["The grey heron strikes at fish that pass by its feet."]);
    let scan = picture::pdf(&[Leaf::Text(&["Cover."]), Leaf::Scan(&scan)]);
    let form = reqwest::multipart::Form::new().part(
        "file",
        reqwest::multipart::Part::bytes(scan).file_name("scan.pdf"),
    );
    let sent = app
        .post("/api/documents/upload?wait=true")
        .bearer_auth(&token)
        .multipart(form)
        .send()
        .await
        .unwrap();
    let sent = body_of(sent, StatusCode::CREATED).await;
    let found = preview(&app, &token, "heron").await;
    assert_eq!(found["results"][0]["page"], 2, "{found}");

    let id = sent["document_id"].as_str().unwrap();
    for (wish, hits) in [("false", 0), ("true", 1)] {
        let path = format!("/api/documents/{id}/reprocess?ocr={wish}");
        let again = app.post(&path).bearer_auth(&token).send().await.unwrap();
        body_of(again, StatusCode::ACCEPTED).await;
        app.app.ingest().drain().await.unwrap();
        let found = preview(&app, &token, "heron").await;
        assert_eq!(found["results"].as_array().unwrap().len(), hits, "{found}");
    }
    app.finish().await;
}
