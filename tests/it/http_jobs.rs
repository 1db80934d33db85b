//! Jobs over HTTP: what a caller sees of its own, what an operator sees and changes, and what a
//! process of each role answers.

use crate::support::app::TestApp;
use ragd::clock::Clock;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// Jobs wait: nobody works in such a process.
const IDLE: &[(&str, &str)] = &[("RAGD_ROLE", "api")];

async fn ask(app: &TestApp, token: &str, (method, path): (Method, &str)) -> (StatusCode, Value) {
    let url = format!("{}{path}", app.base_url);
    let answer = app
        .client
        .request(method, url)
        .bearer_auth(token)
        .send()
        .await
        .unwrap();
    (answer.status(), answer.json().await.unwrap_or(Value::Null))
}

async fn send(app: &TestApp, token: &str, title: &str) -> Value {
    let body = json!({ "title": title, "text": format!("The {title} is in the cupboard.") });
    let request = app.post("/api/documents").bearer_auth(token).json(&body);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    answer.json().await.unwrap()
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap()
}

#[tokio::test]
async fn a_job_is_seen_by_its_owner_and_by_an_admin() {
    let app = TestApp::spawn().await;
    let token = app.admin_token().await;
    let sent = app
        .upload(&token, "kettle.txt", "The kettle is in the cupboard.")
        .await;
    let path = format!("/api/jobs/{}", text(&sent, "job_id"));
    let (status, job) = ask(&app, &token, (Method::GET, &path)).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        (text(&job, "kind"), text(&job, "lane"), text(&job, "state")),
        ("ingest", "default", "done")
    );
    assert_eq!(
        job["progress"],
        json!({ "stage": "done", "done": 1, "total": 1 })
    );
    assert_eq!(
        (
            &job["attempt"],
            &job["max_attempts"],
            &job["crashes"],
            &job["error"]
        ),
        (&json!(1), &json!(5), &json!(0), &Value::Null)
    );
    assert_eq!(job["document_id"], sent["document_id"]);
    for time in ["created_at", "started_at", "finished_at"] {
        assert!(job[time].is_string(), "{time}");
    }
    // The API key is another principal.
    let (status, _) = ask(&app, app.api_key, (Method::GET, &path)).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (status, _) = ask(&app, app.api_key, (Method::GET, "/api/admin/jobs")).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert_eq!(
        app.metric("ragd_jobs_total{kind=\"ingest\",outcome=\"done\"}")
            .await,
        1.0
    );
    app.finish().await;
}

#[tokio::test]
async fn a_waiting_job_is_counted_called_off_and_tried_again() {
    let app = TestApp::spawn_with(IDLE, Clock::system()).await;
    let token = app.admin_token().await;
    let (first, second) = (
        send(&app, &token, "kettle").await,
        send(&app, &token, "whisk").await,
    );
    let (_, lanes) = ask(&app, &token, (Method::GET, "/api/admin/jobs/lanes")).await;
    assert_eq!(lanes["lanes"][1]["lane"], "default");
    assert_eq!(
        (&lanes["lanes"][1]["ready"], &lanes["lanes"][1]["leased"]),
        (&json!(2), &json!(0))
    );
    assert_eq!(app.metric("ragd_jobs_queued{lane=\"default\"}").await, 2.0);

    let cancel = format!("/api/jobs/{}/cancel", text(&first, "job_id"));
    let (status, cancelled) = ask(&app, &token, (Method::POST, &cancel)).await;
    assert_eq!(
        (status, text(&cancelled, "state")),
        (StatusCode::OK, "cancelled")
    );
    let (status, problem) = ask(&app, &token, (Method::POST, &cancel)).await;
    assert_eq!(
        (status, text(&problem, "code")),
        (StatusCode::CONFLICT, "job_ended")
    );
    let path = format!("/api/documents/{}", text(&first, "document_id"));
    let (_, document) = ask(&app, &token, (Method::GET, &path)).await;
    assert_eq!(text(&document, "status"), "failed");
    assert!(
        text(&document, "error").starts_with("cancelled"),
        "{document}"
    );

    let list = async |query: &str| -> Vec<String> {
        let path = format!("/api/admin/jobs?kind=ingest&{query}");
        let (status, list) = ask(&app, &token, (Method::GET, &path)).await;
        assert_eq!((status, text(&list, "object")), (StatusCode::OK, "list"));
        let jobs = list["data"].as_array().unwrap().iter();
        jobs.map(|job| text(job, "id").to_owned()).collect()
    };
    let (one, other) = (
        text(&first, "job_id").to_owned(),
        text(&second, "job_id").to_owned(),
    );
    assert_eq!(list("state=cancelled").await, std::slice::from_ref(&one));
    assert_eq!(list("state=ready").await, std::slice::from_ref(&other));
    assert_eq!(list("order=asc&lane=default").await, [one.clone(), other]);
    let (status, problem) = ask(&app, &token, (Method::GET, "/api/admin/jobs?lane=fast")).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(text(&problem, "detail").contains("lane"), "{problem}");

    let retry = format!("/api/admin/jobs/{one}/retry");
    let (status, job) = ask(&app, &token, (Method::POST, &retry)).await;
    assert_eq!((status, text(&job, "state")), (StatusCode::OK, "ready"));
    let (status, _) = ask(&app, &token, (Method::POST, &retry)).await;
    assert_eq!(status, StatusCode::CONFLICT);
    let (_, document) = ask(&app, &token, (Method::GET, &path)).await;
    assert_eq!(text(&document, "status"), "queued");
    let audit = app.audit_log();
    assert!(audit.contains("job.cancel") && audit.contains("job.retry"));
    app.leaving_jobs();
}

#[tokio::test]
async fn a_deletion_calls_the_job_off() {
    let app = TestApp::spawn_with(IDLE, Clock::system()).await;
    let token = app.admin_token().await;
    let sent = send(&app, &token, "kettle").await;
    let document = format!("/api/documents/{}", text(&sent, "document_id"));
    let (status, _) = ask(&app, &token, (Method::DELETE, &document)).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let job = format!("/api/jobs/{}", text(&sent, "job_id"));
    let (_, job) = ask(&app, &token, (Method::GET, &job)).await;
    assert_eq!(text(&job, "state"), "cancelled");
    app.leaving_jobs();
}

#[tokio::test]
async fn a_worker_answers_how_it_is_and_nothing_else() {
    let app = TestApp::spawn_with(&[("RAGD_ROLE", "worker")], Clock::system()).await;
    for path in ["/health", "/health/live", "/health/ready", "/metrics"] {
        let answer = app.get(path).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
    }
    let chat = app.post("/chat").header("x-api-key", app.api_key);
    let answer = chat
        .json(&json!({ "question": "where?" }))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    app.finish().await;
}

#[tokio::test]
async fn a_folder_of_many_files_is_taken_in_a_batch_at_a_time() {
    const FILES: usize = 150;
    let app = TestApp::spawn().await;
    let token = app.admin_token().await;
    let folder = app.app.ingest().documents_path().to_owned();
    std::fs::create_dir_all(&folder).unwrap();
    for number in 0..FILES {
        let text = format!("Shelf {number} holds jar number {number}.");
        std::fs::write(folder.join(format!("{number:04}.txt")), text).unwrap();
    }
    std::fs::write(folder.join("tool.exe"), "no").unwrap();
    let (status, report) = ask(&app, &token, (Method::POST, "/ingest")).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    assert_eq!(
        (&report["new"], &report["unchanged"]),
        (&json!(FILES), &json!(0))
    );
    assert_eq!(report["jobs"].as_array().unwrap().len(), FILES);
    assert_eq!(report["skipped"].as_array().unwrap().len(), 1);
    app.app.ingest().drain().await.unwrap();
    std::fs::write(folder.join("0003.txt"), "Shelf 3 is empty now.").unwrap();
    let (_, report) = ask(&app, &token, (Method::POST, "/ingest")).await;
    assert_eq!(
        (&report["changed"], &report["unchanged"]),
        (&json!(1), &json!(FILES - 1))
    );
    app.app.ingest().drain().await.unwrap();
    let (_, stats) = ask(&app, &token, (Method::GET, "/admin/stats")).await;
    assert_eq!(stats["documents"]["indexed"], json!(FILES), "{stats}");
    app.finish().await;
}
