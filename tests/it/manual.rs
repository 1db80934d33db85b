//! The main job on real documents: the two PDFs of the bash manual, with the real model. Questions
//! that they answer find the right page and cite it; questions that they do not answer say so.

use crate::support::app::TestApp;
use crate::support::skip::bash_doc;
use ragd::clock::Clock;
use ragd::domain::Collection;
use ragd::ingest::source_of_file;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashMap;

#[derive(Deserialize)]
struct Questions {
    answerable: Vec<Answerable>,
    unanswerable: Vec<String>,
}

#[derive(Deserialize)]
struct Answerable {
    question: String,
    pages: HashMap<String, Vec<i64>>,
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bash_manual_is_answered_with_the_right_page_or_not_at_all() {
    let Some(folder) = bash_doc() else { return };
    let app = TestApp::spawn_with(&[("EMBEDDING_PROVIDER", "local")], Clock::system()).await;
    let settings = app.app.config().ingest.clone();
    for name in ["bash.pdf", "bashref.pdf"] {
        let path = folder.join(name);
        let source = source_of_file(&path, &Collection::default_collection(), &settings).unwrap();
        app.app.ingest().accept(source).await.unwrap();
    }
    app.app.ingest().drain().await.unwrap();

    let questions: Questions =
        serde_json::from_str(include_str!("../data/bash_questions.json")).unwrap();
    let mut found = Vec::new();
    for one in &questions.answerable {
        let answer = ask(&app, &one.question).await;
        let on_right_page = |source: &&Value| {
            let uri = source["uri"].as_str().unwrap();
            let page = source["page"].as_i64().unwrap();
            one.pages
                .iter()
                .any(|(file, pages)| uri.ends_with(file.as_str()) && pages.contains(&page))
        };
        let sources = answer["sources"].as_array().unwrap();
        if sources.iter().take(3).any(|source| on_right_page(&source)) {
            found.push(&one.question);
        }
        for source in sources.iter().filter(|source| source["cited"] == true) {
            assert!(source["page"].as_i64().unwrap() > 0, "{source}");
        }
    }
    assert!(
        found.len() >= 9,
        "right page in the top 3 only for {found:#?}"
    );

    let mut invented = Vec::new();
    for question in &questions.unanswerable {
        if ask(&app, question).await["grounded"] == true {
            invented.push(question);
        }
    }
    assert!(
        invented.len() <= 1,
        "answered without a source: {invented:#?}"
    );
    app.finish().await;
}

async fn ask(app: &TestApp, question: &str) -> Value {
    let request = app.post("/chat").header("x-api-key", app.api_key);
    let answer = request
        .json(&json!({ "question": question }))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}
