//! Sessions over HTTP: how long they live, what they count against, and how they end.

use crate::support::app::TestApp;
use chrono::DateTime;
use futures_util::future::join_all;
use ragd::clock::Clock;
use ragd::domain::{JobPayload, JobState, Lane, NewJob, OwnerId};
use serde_json::{Value, json};
use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use std::process::Command;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

fn clock() -> Clock {
    Clock::manual(DateTime::from_timestamp(1_760_000_000, 0).unwrap())
}

/// Asks in a session, or in a new one.
async fn ask(app: &TestApp, session: Option<&str>) -> reqwest::Response {
    let mut body = json!({ "question": "How long does the guarantee last?" });
    if let Some(session) = session {
        body["session_id"] = session.into();
    }
    app.post("/chat")
        .header("x-api-key", app.api_key)
        .json(&body)
        .send()
        .await
        .unwrap()
}

async fn status(app: &TestApp, session: &str) -> u16 {
    ask(app, Some(session)).await.status().as_u16()
}

async fn assert_not_found(app: &TestApp, session: &str) {
    let answer = ask(app, Some(session)).await;
    assert_eq!(answer.status(), 404);
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["code"], "session_not_found");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("Session not found"), "{detail}");
}

/// Runs the daily clean-up to its end.
pub async fn clean_up(app: &TestApp) {
    let job = NewJob {
        owner: OwnerId::system(),
        payload: JobPayload::Cleanup,
        lane: Lane::LowPriority,
        run_at: None,
        max_attempts: 1,
        dedupe_key: None,
    };
    let store = app.app.store();
    let id = store.enqueue(&job, app.app.clock().now()).await.unwrap();
    assert_eq!(store.job_ends(id).await.unwrap(), Some(JobState::Done));
}

async fn operations(app: &TestApp, operation: &str) -> f64 {
    let series = format!("rag_session_operations_total{{operation=\"{operation}\"}}");
    app.metric(&series).await
}

#[tokio::test]
async fn a_session_lives_as_long_as_it_is_used() {
    let clock = clock();
    let app = TestApp::spawn_with(&[], clock.clone()).await;
    assert_eq!(status(&app, "s-1").await, 200);
    // Twice as long as it lives, in steps that are shorter; the short ones are not noted each.
    for step in [HOUR * 5, Duration::from_secs(30), HOUR * 5, HOUR * 5] {
        clock.advance(step);
        assert_eq!(status(&app, "s-1").await, 200);
    }
    assert_eq!(app.metric("rag_active_sessions").await, 1.0);
    clock.advance(HOUR * 6);
    assert_not_found(&app, "s-1").await;
    assert_not_found(&app, "s-1").await;
    assert_eq!(app.metric("rag_active_sessions").await, 0.0);
    assert_eq!(status(&app, "s-2").await, 200);
    assert_eq!(operations(&app, "create").await, 2.0);
    assert_eq!(operations(&app, "get").await, 4.0);
    assert_eq!(operations(&app, "update").await, 6.0);
    assert_eq!(operations(&app, "expire").await, 2.0);
    app.finish().await;
}

#[tokio::test]
async fn the_life_of_a_session_can_be_set() {
    let clock = clock();
    let app = TestApp::spawn_with(&[("SESSION_TTL_SECONDS", "10")], clock.clone()).await;
    assert_eq!(status(&app, "s-1").await, 200);
    clock.advance(Duration::from_secs(9));
    assert_eq!(status(&app, "s-1").await, 200);
    clock.advance(Duration::from_secs(9));
    assert_eq!(status(&app, "s-1").await, 200);
    clock.advance(Duration::from_secs(10));
    assert_not_found(&app, "s-1").await;
    app.finish().await;
}

#[tokio::test]
async fn the_daily_clean_up_deletes_sessions_unused_for_a_week() {
    let clock = clock();
    let app = TestApp::spawn_with(&[], clock.clone()).await;
    assert_eq!(status(&app, "old").await, 200);
    clock.advance(DAY * 6);
    assert_eq!(status(&app, "young").await, 200);
    clean_up(&app).await;
    assert_eq!(app.app.store().admin_counts().await.unwrap().rooms, 2);
    clock.advance(DAY + HOUR);
    clean_up(&app).await;
    let counts = app.app.store().admin_counts().await.unwrap();
    assert_eq!((counts.rooms, counts.messages), (1, 2));
    assert_eq!(operations(&app, "delete").await, 1.0);
    assert_not_found(&app, "old").await;
    assert_eq!(app.app.store().admin_counts().await.unwrap().rooms, 1);
    app.finish().await;
}

#[tokio::test]
async fn sessions_may_be_kept_for_ever() {
    let clock = clock();
    let app = TestApp::spawn_with(&[("SESSION_RETENTION_DAYS", "0")], clock.clone()).await;
    assert_eq!(status(&app, "old").await, 200);
    clock.advance(DAY * 400);
    clean_up(&app).await;
    assert_eq!(app.app.store().admin_counts().await.unwrap().rooms, 1);
    app.finish().await;
}

#[tokio::test]
async fn the_limits_of_the_profile_hold_however_many_ask_at_once() {
    let clock = clock();
    let profile = [("RAGD_PROFILE", "personal-rag")];
    let app = TestApp::spawn_with(&profile, clock.clone()).await;
    let names: Vec<String> = (0..12).map(|n| format!("s-{n}")).collect();
    let answers = join_all(names.iter().map(|name| ask(&app, Some(name)))).await;
    let (begun, refused): (Vec<_>, Vec<_>) = names
        .iter()
        .zip(answers)
        .partition(|(_, answer)| answer.status() == 200);
    assert_eq!((begun.len(), refused.len()), (5, 7));
    for (_, answer) in refused {
        assert_eq!(answer.status(), 429);
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("retry-after"), "21600");
        assert_eq!(header("x-ratelimit-limit"), "5");
        assert_eq!(header("x-ratelimit-remaining"), "0");
        assert_eq!(header("x-ratelimit-reset"), "21600");
        let problem: Value = answer.json().await.unwrap();
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("Rate limit exceeded"), "{detail}");
    }
    let violations = "rag_rate_limit_violations_total{limit=\"session_max_per_ip\"}";
    assert_eq!(app.metric(violations).await, 7.0);
    let told = app.audit_log().matches("Rate limit exceeded\"").count();
    assert_eq!(told, 1, "one line a minute for an address");

    // One question was asked to begin it: nine more are within the hour's ten.
    let session = begun[0].0.as_str();
    let answers = join_all((0..15).map(|_| ask(&app, Some(session)))).await;
    let answered = answers.iter().filter(|answer| answer.status() == 200);
    assert_eq!(answered.count(), 9);
    let violations = "rag_rate_limit_violations_total{limit=\"session_queries\"}";
    assert_eq!(app.metric(violations).await, 6.0);
    for _ in 0..3 {
        assert_eq!(
            ask(&app, None).await.status(),
            200,
            "it counts against no limit"
        );
    }
    clock.advance(HOUR);
    assert_eq!(status(&app, session).await, 200);
    app.finish().await;
}

#[tokio::test]
async fn what_is_set_overrules_the_profile() {
    let variables = [
        ("RAGD_PROFILE", "personal-rag"),
        ("SESSION_MAX_PER_IP", "0"),
    ];
    let app = TestApp::spawn_with(&variables, clock()).await;
    for n in 0..7 {
        assert_eq!(status(&app, &format!("s-{n}")).await, 200);
    }
    app.finish().await;
}

#[tokio::test]
async fn the_runbooks_queries_work_on_the_database_file() {
    let clock = clock();
    let app = TestApp::spawn_with(&[], clock.clone()).await;
    for session in ["s-1", "s-1", "s-2"] {
        assert_eq!(status(&app, session).await, 200);
    }
    let file = app.folder.path().join("ragd.db");
    let options = SqliteConnectOptions::new().filename(file);
    let mut database = options.connect().await.unwrap();
    let counts = [
        ("SELECT COUNT(*) FROM sessions;", 2),
        ("SELECT COUNT(DISTINCT thread_id) FROM checkpoints;", 2),
        (
            "SELECT COUNT(*) FROM checkpoints WHERE created_at < datetime('now', '-7 days');",
            6,
        ),
        (
            "SELECT COUNT(*) FROM checkpoints WHERE created_at < datetime('2025-10-09 08:53:20');",
            0,
        ),
    ];
    for (query, expected) in counts {
        let count: i64 = sqlx::query_scalar(query)
            .fetch_one(&mut database)
            .await
            .unwrap();
        assert_eq!(count, expected, "{query}");
    }
    let query = "SELECT thread_id, created_at FROM
        (SELECT * FROM checkpoints WHERE thread_id='s-2' LIMIT 1);";
    let found: (String, String) = sqlx::query_as(query)
        .fetch_one(&mut database)
        .await
        .unwrap();
    assert_eq!(found, ("s-2".to_owned(), "2025-10-09 08:53:20".to_owned()));
    let query = "SELECT session_id, last_used_at, messages FROM sessions WHERE session_id = 's-1'";
    let found: (String, String, i64) = sqlx::query_as(query)
        .fetch_one(&mut database)
        .await
        .unwrap();
    assert_eq!((found.1.as_str(), found.2), ("2025-10-09 08:53:20", 4));
    for statement in ["DELETE FROM sessions", "DELETE FROM checkpoints"] {
        sqlx::query(statement)
            .execute(&mut database)
            .await
            .unwrap_err();
    }
    sqlx::query("VACUUM;").execute(&mut database).await.unwrap();
    assert_eq!(status(&app, "s-1").await, 200);
    app.finish().await;
}

#[tokio::test]
async fn operators_see_when_and_how_much() {
    let clock = clock();
    let app = TestApp::spawn_with(&[], clock.clone()).await;
    assert_eq!(status(&app, "s-1").await, 200);
    clock.advance(DAY * 3);
    assert_eq!(status(&app, "s-2").await, 200);
    let token = app.admin_token().await;
    let get = async |path: &str| {
        let answer = app.get(path).bearer_auth(&token).send().await.unwrap();
        (
            answer.status().as_u16(),
            answer.json::<Value>().await.unwrap(),
        )
    };
    let (_, counts) = get("/api/admin/sessions/count").await;
    assert_eq!(counts, json!({ "sessions": 2, "active": 1 }));
    let (_, found) = get("/api/admin/sessions/s-1").await;
    let session = &found["data"][0];
    assert_eq!(session["messages"], 2);
    assert_eq!(session["expires_at"], "2025-10-09T14:53:20Z");
    assert!(!found.to_string().contains("guarantee"), "{found}");
    let room = session["room_id"].as_str().unwrap();
    let (_, same) = get(&format!("/api/admin/sessions/{room}")).await;
    assert_eq!(same, found);
    let (unknown, problem) = get("/api/admin/sessions/s-3").await;
    assert_eq!(
        (unknown, &problem["code"]),
        (404, &json!("session_not_found"))
    );

    let post = async |path: &str, body: Value| {
        let request = app.post(path).bearer_auth(&token).json(&body);
        let answer = request.send().await.unwrap();
        (
            answer.status().as_u16(),
            answer.json::<Value>().await.unwrap(),
        )
    };
    let (_, copies) = post("/api/admin/sessions/archive", json!({ "days": 2 })).await;
    let copies = copies["data"].as_array().unwrap();
    assert_eq!(copies.len(), 1);
    assert_eq!(copies[0]["messages"][0]["role"], "user");
    let question = copies[0]["messages"][0]["content"].as_str().unwrap();
    assert!(question.contains("guarantee"));
    let young = get("/api/admin/sessions/s-2").await.1["data"][0]["room_id"].clone();
    let only_young = json!({ "days": 2, "rooms": [young] });
    let (_, deleted) = post("/api/admin/sessions/cleanup", only_young).await;
    assert_eq!(deleted, json!({ "deleted": 0 }), "it was used");
    let (_, deleted) = post("/api/admin/sessions/cleanup", json!({ "days": 2 })).await;
    assert_eq!(deleted, json!({ "deleted": 1 }));
    let (refused, _) = post("/api/admin/sessions/cleanup", json!({ "days": 0 })).await;
    assert_eq!(refused, 422);
    let audit = app.audit_log();
    assert!(audit.contains("sessions.archive") && audit.contains("sessions.cleanup"));
    app.finish().await;
}

#[tokio::test]
async fn the_command_line_counts_archives_and_vacuums() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data").display().to_string();
    let app = TestApp::spawn_with(&[("DATA_DIR", &data)], clock()).await;
    assert_eq!(status(&app, "long-ago").await, 200);
    app.close().await;
    let ragd = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_ragd"))
            .args(arguments)
            .env("DATA_DIR", &data)
            .env("API_KEY", crate::support::app::API_KEY)
            .env("EMBEDDING_PROVIDER", "off")
            .env_remove("QDRANT_URL")
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{arguments:?}: {text}{errors}");
        text
    };
    let count = ragd(&["sessions", "show", "long-ago", "--json"]);
    assert!(count.contains("\"session_id\": \"long-ago\""), "{count}");
    let out = folder.path().join("archive").display().to_string();
    let said = ragd(&["sessions", "archive", "--out", &out]);
    assert!(said.starts_with("1 sessions were written"), "{said}");
    let files: Vec<_> = std::fs::read_dir(&out)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(files.len(), 1);
    let mode = std::os::unix::fs::PermissionsExt::mode(&files[0].metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let line: Value = serde_json::from_str(&std::fs::read_to_string(&files[0]).unwrap()).unwrap();
    assert_eq!(line["session_id"], "long-ago");
    assert_eq!(line["messages"].as_array().unwrap().len(), 2);
    let said = ragd(&["sessions", "cleanup", "--days", "7"]);
    assert!(said.starts_with("session_cleanup: 0"), "{said}");
    let counts: Value = serde_json::from_str(&ragd(&["sessions", "count", "--json"])).unwrap();
    assert_eq!(counts, json!({ "sessions": 0, "active": 0 }));
    let vacuumed: Value = serde_json::from_str(&ragd(&["db", "vacuum", "--json"])).unwrap();
    assert!(vacuumed["bytes_after"].as_i64() <= vacuumed["bytes_before"].as_i64());
}
