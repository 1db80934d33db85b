//! What a start does about the model: an empty folder takes the configured one, a full one refuses
//! another until its vectors are made, and a kill in the middle of that loses nothing.

use super::world::{environment, ingest, open, text};
use crate::support::app::TestApp;
use crate::support::embeddings::{answer, endpoint, texts};
use crate::support::process::Process;
use crate::support::until::{until, until_some};
use chrono::DateTime;
use ragd::app::{CODE_OTHER_MODEL, StartupNotice};
use ragd::clock::Clock;
use ragd::error::ErrorKind;
use ragd::store::ModelRole;
use ragd::stub_llm::{Reply, ScriptedServer};
use serde_json::{Value, json};
use std::cell::Cell;
use std::collections::HashMap;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Runs a command over the folder and returns its code and what it said.
fn ragd(folder: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_ragd"))
        .args(arguments)
        .env_remove("QDRANT_URL")
        .envs(environment(folder, variables))
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.code().unwrap(),
        String::from_utf8(said).unwrap(),
    )
}

fn at<'a>(upstream: &'a str, model: &'a str) -> [(&'static str, &'a str); 3] {
    [
        ("EMBEDDING_PROVIDER", "openai_compatible"),
        ("EMBEDDING_MODEL", model),
        ("EMBEDDING_BASE_URL", upstream),
    ]
}

async fn fill(folder: &Path, variables: &[(&str, &str)], documents: std::ops::Range<usize>) {
    let process = Process::start(folder, variables);
    let client = ragd::outbound::api_client().unwrap();
    for number in documents {
        ingest(&client, &process.address, &process.token, number).await;
    }
    process.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn another_model_is_refused_until_its_vectors_are_made() {
    let (old, new) = (endpoint(32).await, endpoint(48).await);
    let (old_url, new_url) = (old.base_url(), new.base_url());
    let (old_settings, new_settings) = (at(&old_url, "old"), at(&new_url, "new"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    // An empty folder takes what is configured, and another one after that.
    drop(open(path, &new_settings, Clock::system()).await.unwrap());
    fill(path, &old_settings, 0..3).await;

    let refused = open(path, &new_settings, Clock::system())
        .await
        .unwrap_err();
    assert_eq!(
        (refused.kind(), refused.code()),
        (ErrorKind::Conflict, CODE_OTHER_MODEL)
    );
    for named in ["old@32", "new from openai_compatible", "ragd index reembed"] {
        assert!(refused.to_string().contains(named), "{refused}");
    }
    let (code, said) = ragd(path, &new_settings, &["serve", "--port", "0"]);
    assert!(code == 1 && said.contains("ragd index reembed"), "{said}");
    // The same model elsewhere, and no model at all, are no other model.
    let moved = at(&new_url, "old");
    let wrong_length = open(path, &moved, Clock::system()).await.unwrap_err();
    assert!(
        wrong_length.to_string().contains("48 numbers"),
        "{wrong_length}"
    );
    let off = open(path, &[("EMBEDDING_PROVIDER", "off")], Clock::system())
        .await
        .unwrap();
    assert_eq!(off.app.follower().space().unwrap().model, "old@32");
    off.app.close().await;
    drop(off);

    let (code, said) = ragd(path, &new_settings, &["index", "reembed", "--json"]);
    assert_eq!(code, 0, "{said}");
    let status: Value = serde_json::from_str(&said[said.find('{').unwrap()..]).unwrap();
    assert_eq!(
        (&status["to"], &status["embedded"]),
        (&json!("new@48"), &json!(3))
    );
    let opened = open(path, &new_settings, Clock::system()).await.unwrap();
    assert_eq!(opened.app.catch_up().await.unwrap().embedded, 0);
    let store = opened.app.store();
    assert_eq!(store.count_without_embedding("new@48").await.unwrap(), 0);
    assert_eq!(
        store.embedding_model(ModelRole::Superseded).await.unwrap(),
        None
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_moved_while_it_ran_starts_again_with_its_old_settings() {
    let (old, new) = (endpoint(32).await, endpoint(48).await);
    let (old_url, new_url) = (old.base_url(), new.base_url());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fill(path, &at(&old_url, "old"), 0..3).await;
    let options = ["index", "reembed", "--model", "new", "--base-url", &new_url];
    let process = Process::start(path, &at(&old_url, "old"));
    let (code, said) = ragd(path, &at(&old_url, "old"), &options);
    assert_eq!(code, 0, "{said}");
    process.kill();

    let opened = open(path, &at(&old_url, "old"), Clock::system())
        .await
        .unwrap();
    let remark = opened.notices.iter().find_map(|notice| match notice {
        StartupNotice::ModelReplaced(remark) => Some(remark.clone()),
        _ => None,
    });
    let remark = remark.expect("it says that the settings are out of date");
    assert!(
        remark.contains("old from") && remark.contains("new from"),
        "{remark}"
    );
    assert_eq!(opened.app.embedder().unwrap().model_id(), "new@48");
    opened.app.close().await;
    drop(opened);
    // A third model is neither what serves nor what served.
    let third = open(path, &at(&old_url, "third"), Clock::system()).await;
    assert_eq!(third.unwrap_err().code(), CODE_OTHER_MODEL);
    // Once the settings have caught up, the former model is another model like any.
    drop(
        open(path, &at(&new_url, "new"), Clock::system())
            .await
            .unwrap(),
    );
    let back = open(path, &at(&old_url, "old"), Clock::system()).await;
    assert_eq!(back.unwrap_err().code(), CODE_OTHER_MODEL);
}

/// How often each text was embedded.
fn counted(upstream: &ScriptedServer) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for text in upstream.requests().iter().flat_map(texts) {
        *counts.entry(text).or_default() += 1;
    }
    counts
}

/// More passages than are read at once, in one document.
async fn fill_with_passages(folder: &Path, variables: &[(&str, &str)]) {
    let process = Process::start(folder, variables);
    let paragraphs: Vec<String> = (0..600).map(text).collect();
    let client = ragd::outbound::api_client().unwrap();
    let answer = client
        .post(format!("{}/api/documents?wait=true", process.address))
        .bearer_auth(&process.token)
        .json(&json!({ "title": "reports", "text": paragraphs.join("\n\n") }))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 201);
    process.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_in_the_middle_is_taken_up_by_the_next_start() {
    const PAGE: usize = 256;
    let (old, new) = (endpoint(32).await, endpoint(48).await);
    let (old_url, new_url) = (old.base_url(), new.base_url());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let mut settings = at(&old_url, "old").to_vec();
    settings.extend([
        ("EMBEDDING_BATCH_SIZE", "16"),
        ("CHUNK_SIZE", "240"),
        ("CHUNK_OVERLAP", "0"),
    ]);
    fill_with_passages(path, &settings).await;

    // The new endpoint answers for the first page of passages and for some of the next, then hangs.
    let asked = AtomicUsize::new(0);
    new.compute(move |request| {
        let before = asked.fetch_add(texts(request).len(), Ordering::AcqRel);
        if before > PAGE + 20 {
            Reply::silence()
        } else {
            answer(request, 48)
        }
    });
    let process = Process::start(path, &settings);
    let client = ragd::outbound::api_client().unwrap();
    let begin = client.post(format!("{}/api/admin/index/reembed", process.address));
    let wish = json!({ "model": "new", "base_url": new_url });
    let begun = begin
        .bearer_auth(&process.token)
        .json(&wish)
        .send()
        .await
        .unwrap();
    assert_eq!(begun.status(), 202);
    let stored = Cell::new(0);
    until("a page and a half", super::PATIENCE, || async {
        let (_, status) = process.get("/api/admin/index/reembed").await;
        assert_eq!(status["state"], "running", "{status}");
        stored.set(usize::try_from(status["embedded"].as_u64().unwrap()).unwrap());
        stored.get() >= PAGE && counted(&new).len() >= PAGE + 30
    })
    .await;
    let stored = stored.get();
    process.kill();
    let before: usize = counted(&new).values().sum();

    new.compute(|request| answer(request, 48));
    let process = Process::start(path, &settings);
    let rest = until_some("the other model", super::PATIENCE, || async {
        let (code, status) = process.get("/api/admin/index/reembed").await;
        if code == 200 && status["state"] == "done" {
            return status["embedded"].as_u64();
        }
        assert!(code == 404 || status["state"] == "running", "{status}");
        None
    });
    let total = stored + usize::try_from(rest.await).unwrap();
    process.kill();
    // Of the page that was stored no text was embedded again.
    let counts = counted(&new);
    let twice = counts.values().filter(|count| **count > 1).count();
    assert!(
        twice <= before - stored,
        "{twice} of {before} again, {stored} were stored"
    );
    let opened = open(path, &at(&new_url, "new"), Clock::system())
        .await
        .unwrap();
    assert_eq!(opened.app.catch_up().await.unwrap().embedded, 0);
    let statistics = opened.app.store().passage_statistics().await.unwrap();
    assert!(total > PAGE + 50);
    let expected = [("new@48".to_owned(), i64::try_from(total).unwrap())];
    assert_eq!(statistics.embedded, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn bm25_alone_answers_while_the_endpoint_is_unavailable() {
    let upstream = endpoint(32).await;
    let address = upstream.base_url();
    let clock = Clock::manual(DateTime::UNIX_EPOCH + Duration::from_secs(1_760_000_000));
    let app = TestApp::spawn_with(&at(&address, "hash"), clock.clone()).await;
    // The clock of this test outruns a token.
    let key = std::fs::read_to_string(app.folder.path().join("local.token")).unwrap();
    let key = key.trim();
    let ask = async || super::world::preview(&app, key, "report0 of the harbour").await;
    ingest(&app.client, &app.base_url, key, 0).await;
    assert_eq!(ask().await["embedding_model"], "hash@32");

    upstream.compute(|_| Reply::error(503, "away"));
    let away = ask().await;
    assert_eq!(
        (&away["degraded"], &away["embedding_model"]),
        (&json!(["vector"]), &Value::Null)
    );
    assert_eq!(away["results"][0]["title"], "report 0");
    let health = app
        .get("/health/detailed")
        .bearer_auth(key)
        .send()
        .await
        .unwrap();
    let health: Value = health.json().await.unwrap();
    let embeddings = &health["components"]["embeddings"];
    assert_eq!(embeddings["status"], "degraded");
    assert!(
        embeddings["reason"].as_str().unwrap().contains("503"),
        "{embeddings}"
    );
    assert!(
        embeddings["detail"].as_str().unwrap().contains("hash@32"),
        "{embeddings}"
    );
    // A document that comes now is found by its words.
    let ticking = {
        let clock = clock.clone();
        tokio::spawn(async move {
            loop {
                clock.advance(Duration::from_millis(100));
                tokio::task::yield_now().await;
            }
        })
    };
    ingest(&app.client, &app.base_url, key, 1).await;
    let found = super::world::preview(&app, key, "report1").await;
    assert_eq!(found["results"][0]["title"], "report 1");
    assert_eq!(
        app.app
            .store()
            .count_without_embedding("hash@32")
            .await
            .unwrap(),
        1
    );

    upstream.compute(|request| answer(request, 32));
    until("a vector of every passage", super::PATIENCE, || async {
        let missing = app.app.store().count_without_embedding("hash@32");
        missing.await.unwrap() == 0
    })
    .await;
    ticking.abort();
    clock.advance(Duration::from_secs(60));
    assert_eq!(ask().await["embedding_model"], "hash@32");
    app.finish().await;
}
