//! What a crash may take: nothing that was acknowledged. A real server process is killed in the
//! middle of its work; whoever opens the folder next finds every document whole, and the index
//! catches up from SQL alone.

use crate::support::process::Process;
use ragd::app::{App, OpenedApp};
use ragd::clock::Clock;
use ragd::config::{Config, Sources};
use ragd::domain::{DocumentStatus, OwnerId, PageRequest, ReadScope};
use ragd::index::IndexFilter;
use ragd::store::DocumentFilter;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use tokio_util::sync::CancellationToken;

const KEY: &str = "recovery-key-0123456789";

async fn open(folder: &Path) -> OpenedApp {
    let environment = HashMap::from([
        ("DATA_DIR".to_owned(), folder.display().to_string()),
        ("API_KEY".to_owned(), KEY.to_owned()),
    ]);
    let config = Config::load(&Sources {
        file: None,
        environment,
    })
    .unwrap()
    .config;
    App::open(
        config,
        Clock::system(),
        PathBuf::from(env!("CARGO_BIN_EXE_ragd")),
    )
    .await
    .unwrap()
}

/// Does what is left to do.
async fn work_off(app: &App) {
    let stop = CancellationToken::new();
    let working = ragd::jobs::start(app, &stop);
    app.ingest().drain().await.unwrap();
    stop.cancel();
    working.wait().await;
}

/// Sends a document in as the machine's own user, and returns its id once it is acknowledged.
async fn send(process: &Process, folder: &Path, number: usize) -> String {
    let token = std::fs::read_to_string(folder.join("local.token")).unwrap();
    let paragraph =
        format!("Report {number} of the harbour office. The tide gauge was read again. ");
    let answer = ragd::outbound::api_client()
        .unwrap()
        .post(format!("{}/api/documents", process.address))
        .bearer_auth(token.trim())
        .json(&json!({ "title": format!("report {number}"), "text": paragraph.repeat(60) }))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 202);
    let body: Value = answer.json().await.unwrap();
    body["document_id"].as_str().unwrap().to_owned()
}

/// Every document is indexed, and the index holds each of its passages once.
async fn assert_whole(app: &App, acknowledged: &[String]) {
    let everything = ReadScope {
        owner: OwnerId::system(),
        collections: None,
    };
    let page = PageRequest {
        limit: 100,
        ..PageRequest::default()
    };
    let filter = DocumentFilter::default();
    let documents = app
        .store()
        .list_documents(&everything, &filter, page)
        .await
        .unwrap()
        .data;
    for id in acknowledged {
        let document = documents.iter().find(|one| one.id.to_string() == *id);
        let document = document.unwrap_or_else(|| panic!("{id} was acknowledged and is lost"));
        assert_eq!(
            document.status,
            DocumentStatus::Indexed,
            "{:?}",
            document.error
        );
        assert!(document.passages > 1);
    }
    let expected: i64 = documents.iter().map(|document| document.passages).sum();
    assert_eq!(
        app.store().count_current_passages().await.unwrap(),
        expected
    );
    let indexed = app
        .follower()
        .index()
        .count(IndexFilter::default())
        .await
        .unwrap();
    assert_eq!(i64::try_from(indexed).unwrap(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_in_the_middle_of_an_ingest_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = Vec::new();
    // Twice: a third crash would make a dead letter of what it met each time.
    for round in 0..2 {
        let process = Process::start(folder.path(), &[]);
        // More each time, so that the kill meets other stages of the work.
        for number in 0..=(round * 3) {
            acknowledged.push(send(&process, folder.path(), round * 100 + number).await);
        }
        process.kill();
    }
    let opened = open(folder.path()).await;
    opened.app.catch_up().await.unwrap();
    work_off(&opened.app).await;
    assert_whole(&opened.app, &acknowledged).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_vector_folder_comes_back_from_sql_without_embedding_anything() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path(), &[]);
    let acknowledged = vec![send(&process, folder.path(), 1).await];
    process.kill();
    let opened = open(folder.path()).await;
    opened.app.catch_up().await.unwrap();
    work_off(&opened.app).await;
    assert_whole(&opened.app, &acknowledged).await;
    opened.app.close().await;
    drop(opened);

    std::fs::remove_dir_all(folder.path().join("vectors")).unwrap();
    let opened = open(folder.path()).await;
    let settling = opened.app.catch_up().await.unwrap();
    assert_eq!(settling.embedded, 0);
    assert_whole(&opened.app, &acknowledged).await;
}
