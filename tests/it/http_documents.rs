//! Documents over HTTP: in, listed, shown, searched for, gone.

use crate::support::app::TestApp;
use reqwest::multipart::{Form, Part};
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const TEXT: &str = "The guarantee of the espresso machine lasts twenty-seven months.";

async fn body_of(answer: Response, status: StatusCode) -> Value {
    let (seen, text) = (answer.status(), answer.text().await.unwrap());
    assert_eq!(seen, status, "{text}");
    serde_json::from_str(&text).unwrap()
}

async fn send_file(app: &TestApp, token: &str, part: Part) -> Response {
    let form = Form::new().part("file", part);
    let request = app.post("/api/documents/upload").bearer_auth(token);
    request.multipart(form).send().await.unwrap()
}

#[tokio::test]
async fn a_file_goes_in_is_listed_shown_and_deleted() {
    let app = TestApp::spawn().await;
    let token = app.admin_token().await;
    let sent = app.upload(&token, "guarantee.txt", TEXT).await;
    let keys: BTreeSet<&str> = sent
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let shape = [
        "chunks_indexed",
        "document_id",
        "document_path",
        "job_id",
        "status",
    ];
    assert_eq!(keys, BTreeSet::from(shape));
    assert_eq!(sent["status"], "indexed");
    assert_eq!(sent["chunks_indexed"], 1);
    let id = sent["document_id"].as_str().unwrap();

    let list = app
        .get("/api/documents")
        .header("x-api-key", app.api_key)
        .send()
        .await
        .unwrap();
    let list = body_of(list, StatusCode::OK).await;
    assert_eq!(list["object"], "list");
    assert_eq!(list["first_id"], id);
    assert_eq!(list["last_id"], id);
    assert_eq!(list["has_more"], false);

    let path = format!("/api/documents/{id}");
    let shown = app
        .get(&path)
        .header("x-api-key", app.api_key)
        .send()
        .await
        .unwrap();
    let shown = body_of(shown, StatusCode::OK).await;
    assert_eq!(shown, list["data"][0]);
    assert_eq!(shown["filename"], "guarantee.txt");
    assert_eq!(shown["collection"], "default");
    assert_eq!(shown["bytes"], TEXT.len());
    assert_eq!(shown["metadata"], json!({}));
    assert!(shown["uri"].as_str().unwrap().ends_with("guarantee.txt"));

    let job = format!("/api/jobs/{}", sent["job_id"].as_str().unwrap());
    let done = app.get(&job).bearer_auth(&token).send().await.unwrap();
    assert_eq!(body_of(done, StatusCode::OK).await["state"], "done");
    let others = app
        .get(&job)
        .header("x-api-key", app.api_key)
        .send()
        .await
        .unwrap();
    body_of(others, StatusCode::NOT_FOUND).await;

    let refused = app
        .delete(&path)
        .header("x-api-key", app.api_key)
        .send()
        .await
        .unwrap();
    body_of(refused, StatusCode::FORBIDDEN).await;
    let gone = app.delete(&path).bearer_auth(&token).send().await.unwrap();
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    for method in [app.get(&path), app.delete(&path)] {
        let answer = method.bearer_auth(&token).send().await.unwrap();
        body_of(answer, StatusCode::NOT_FOUND).await;
    }
    let audit = app.audit_log();
    assert!(
        audit.contains("document.ingest") && audit.contains("document.delete"),
        "{audit}"
    );
    app.finish().await;
}

#[tokio::test]
async fn the_same_file_again_is_no_work() {
    let app = TestApp::spawn().await;
    let token = app.admin_token().await;
    let first = app.upload(&token, "a.txt", TEXT).await;
    let again = send_file(&app, &token, Part::text(TEXT).file_name("a.txt")).await;
    let again = body_of(again, StatusCode::ACCEPTED).await;
    assert_eq!(again["document_id"], first["document_id"]);
    assert_eq!(again["job_id"], Value::Null);
    assert_eq!(again["status"], "indexed");
    app.finish().await;
}

#[tokio::test]
async fn names_that_are_paths_and_formats_that_are_not_taken_are_refused() {
    let app = TestApp::spawn().await;
    let token = app.admin_token().await;
    for name in [
        "../escape.txt",
        "a/b.txt",
        "..",
        "c\\d.txt",
        "",
        "program.exe",
        "none",
    ] {
        let part = Part::text(TEXT).file_name(name);
        let body = body_of(
            send_file(&app, &token, part).await,
            StatusCode::UNPROCESSABLE_ENTITY,
        );
        assert!(
            body.await["detail"].as_str().unwrap().starts_with("file"),
            "{name}"
        );
    }
    let unnamed = Form::new().text("file", TEXT);
    let request = app
        .post("/api/documents/upload")
        .bearer_auth(&token)
        .multipart(unnamed);
    assert_eq!(request.send().await.unwrap().status(), 422);
    let without = Form::new().text("title", "a title");
    let request = app
        .post("/api/documents/upload")
        .bearer_auth(&token)
        .multipart(without);
    assert_eq!(request.send().await.unwrap().status(), 422);
    let json = app
        .post("/api/documents/upload")
        .bearer_auth(&token)
        .json(&json!({}));
    assert_eq!(json.send().await.unwrap().status(), 415);
    let list = app
        .get("/api/documents")
        .bearer_auth(&token)
        .send()
        .await
        .unwrap();
    assert_eq!(body_of(list, StatusCode::OK).await["data"], json!([]));
    app.finish().await;
}

#[tokio::test]
async fn a_file_that_is_too_large_is_refused_with_the_limit() {
    let app = TestApp::spawn().await;
    let token = app.admin_token().await;
    let part = Part::bytes(vec![b'a'; 11 * 1_024 * 1_024]).file_name("large.txt");
    let body = body_of(
        send_file(&app, &token, part).await,
        StatusCode::PAYLOAD_TOO_LARGE,
    )
    .await;
    assert!(
        body["detail"]
            .to_string()
            .contains("10 MB (MAX_UPLOAD_MEGABYTES)"),
        "{body}"
    );
    app.finish().await;
}

#[tokio::test]
async fn a_waiting_upload_gets_the_reason_why_it_failed() {
    let app = TestApp::spawn().await;
    let token = app.admin_token().await;
    let form = Form::new().part(
        "file",
        Part::bytes(b"%PDF-1.7 broken".to_vec()).file_name("a.pdf"),
    );
    let request = app
        .post("/api/documents/upload?wait=true")
        .bearer_auth(&token);
    let answer = request.multipart(form).send().await.unwrap();
    let body = body_of(answer, StatusCode::UNPROCESSABLE_ENTITY).await;
    let id = body["document_id"].as_str().unwrap();
    let shown = app
        .get(&format!("/api/documents/{id}"))
        .bearer_auth(&token)
        .send()
        .await
        .unwrap();
    let shown = body_of(shown, StatusCode::OK).await;
    assert_eq!(shown["status"], "failed");
    let error = format!(
        "{}: {}",
        body["code"].as_str().unwrap(),
        body["detail"].as_str().unwrap()
    );
    assert_eq!(shown["error"], error);
    app.finish().await;
}

#[tokio::test]
async fn a_text_goes_in_as_json() {
    let app = TestApp::spawn().await;
    let token = app.admin_token().await;
    let send = |path: &'static str, body: Value| {
        let request = app.post(path).bearer_auth(&token).json(&body);
        async move { request.send().await.unwrap() }
    };
    let text = json!({
        "title": "A note", "text": TEXT, "uri": "https://example.com/notes/n1.md",
        "metadata": { "kind": "note" }, "collection": "notes",
    });
    let sent = send("/api/documents?wait=true", text).await;
    let sent = body_of(sent, StatusCode::CREATED).await;
    let path = format!("/api/documents/{}", sent["document_id"].as_str().unwrap());
    let shown = app.get(&path).bearer_auth(&token).send().await.unwrap();
    let shown = body_of(shown, StatusCode::OK).await;
    assert_eq!(shown["title"], "A note");
    assert_eq!(shown["uri"], "https://example.com/notes/n1.md");
    assert_eq!(shown["filename"], "n1.md");
    assert_eq!(shown["metadata"], json!({ "kind": "note" }));
    assert_eq!(shown["collection"], "notes");

    let url = send(
        "/api/documents",
        json!({ "url": "https://example.com/a.txt" }),
    )
    .await;
    let url = body_of(url, StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!(url["code"], "url_ingest_disabled");
    for wrong in [
        json!({}),
        json!({ "text": "  " }),
        json!({ "text": TEXT, "metadata": [1] }),
        json!({ "text": TEXT, "collection": "a b" }),
        json!({ "text": TEXT, "uri": "x".repeat(3_000) }),
    ] {
        assert_eq!(
            send("/api/documents", wrong.clone()).await.status(),
            422,
            "{wrong}"
        );
    }
    assert_eq!(
        send("/api/documents?wait=perhaps", json!({ "text": TEXT }))
            .await
            .status(),
        422
    );
    app.finish().await;
}

#[tokio::test]
async fn a_list_is_read_page_by_page() {
    let app = TestApp::spawn().await;
    let token = app.admin_token().await;
    let mut ids = Vec::new();
    for name in ["1.txt", "2.txt", "3.txt"] {
        let sent = app.upload(&token, name, &format!("{name}: {TEXT}")).await;
        ids.push(sent["document_id"].as_str().unwrap().to_owned());
    }
    let list = async |query: &str| {
        let request = app
            .get(&format!("/api/documents?{query}"))
            .bearer_auth(&token);
        body_of(request.send().await.unwrap(), StatusCode::OK).await
    };
    let first = list("limit=2&order=asc").await;
    assert_eq!(first["first_id"], ids[0]);
    assert_eq!(first["last_id"], ids[1]);
    assert_eq!(first["has_more"], true);
    let second = list(&format!("limit=2&order=asc&after={}", ids[1])).await;
    assert_eq!(second["first_id"], ids[2]);
    assert_eq!(second["has_more"], false);
    assert_eq!(list("").await["first_id"], ids[2], "the newest first");
    assert_eq!(list("status=failed").await["data"], json!([]));
    assert_eq!(list("collection=other").await["data"], json!([]));
    for wrong in [
        "limit=0",
        "limit=101",
        "limit=x",
        "after=x",
        "order=up",
        "status=lost",
    ] {
        let request = app
            .get(&format!("/api/documents?{wrong}"))
            .bearer_auth(&token);
        let body = body_of(
            request.send().await.unwrap(),
            StatusCode::UNPROCESSABLE_ENTITY,
        )
        .await;
        let field = wrong.split('=').next().unwrap();
        assert_eq!(body["errors"][0]["field"], field, "{body}");
    }
    app.finish().await;
}

#[tokio::test]
async fn the_documents_folder_goes_in_with_or_without_a_body() {
    let app = TestApp::spawn().await;
    let token = app.admin_token().await;
    let folder = app.app.folder().documents().to_owned();
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("one.md"), TEXT).unwrap();
    std::fs::write(folder.join("two.exe"), TEXT).unwrap();
    let bare = app
        .post("/ingest")
        .bearer_auth(&token)
        .send()
        .await
        .unwrap();
    let report = body_of(bare, StatusCode::ACCEPTED).await;
    assert_eq!(report["new"], 1);
    assert_eq!(report["jobs"].as_array().unwrap().len(), 1);
    assert_eq!(report["skipped"].as_array().unwrap().len(), 1);
    app.app.ingest().drain().await.unwrap();
    let typed = app.post("/api/documents/ingest").bearer_auth(&token);
    let typed = typed
        .header("content-type", "application/json")
        .send()
        .await
        .unwrap();
    assert_eq!(body_of(typed, StatusCode::ACCEPTED).await["unchanged"], 1);
    let paths = json!({ "paths": ["one.md"] });
    let named = app
        .post("/ingest")
        .bearer_auth(&token)
        .json(&paths)
        .send()
        .await
        .unwrap();
    assert_eq!(body_of(named, StatusCode::ACCEPTED).await["unchanged"], 1);
    let outside = json!({ "paths": ["../../etc/passwd"] });
    let outside = app
        .post("/ingest")
        .bearer_auth(&token)
        .json(&outside)
        .send()
        .await
        .unwrap();
    assert!(
        outside.status().is_client_error() || {
            let report: Value = outside.json().await.unwrap();
            report["jobs"] == json!([])
        }
    );
    app.finish().await;
}

#[tokio::test]
async fn a_document_is_made_anew() {
    let app = TestApp::spawn().await;
    let token = app.admin_token().await;
    let sent = app.upload(&token, "a.txt", TEXT).await;
    let path = format!(
        "/api/documents/{}/reprocess",
        sent["document_id"].as_str().unwrap()
    );
    let again = app.post(&path).bearer_auth(&token).send().await.unwrap();
    let again = body_of(again, StatusCode::ACCEPTED).await;
    assert_eq!(again["document_id"], sent["document_id"]);
    assert_ne!(again["job_id"], sent["job_id"]);
    app.finish().await;
}
