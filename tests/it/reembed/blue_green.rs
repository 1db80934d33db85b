//! Blue and green: the local model's vectors serve while an endpoint's are made, and the other way
//! round. Questions go on from several tasks; each answer's cosines are worked out again from the
//! vectors of the one model that it names.

use super::world::{ingest, preview, text};
use crate::support::app::TestApp;
use crate::support::embeddings::{endpoint, vector};
use crate::support::until::{until, until_some};
use ragd::clock::Clock;
use ragd::embed::MODEL_ID;
use ragd::index::IndexFilter;
use ragd::stub_llm::Reply;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

const DIMENSION: usize = 64;
const NEW_MODEL: &str = "hash@64";
const DOCUMENTS: usize = 40;

/// Both models' vectors of every text that a question may find, and of the questions.
struct Vectors {
    of_model: HashMap<&'static str, HashMap<String, Vec<f32>>>,
}

impl Vectors {
    async fn of(app: &TestApp, texts: &[String]) -> Self {
        let local = app.app.embedder().expect("the local model");
        assert_eq!(local.model_id(), MODEL_ID);
        let by_local = local.embed(texts.to_vec()).await.unwrap();
        let by_hash = texts.iter().map(|text| vector(text, DIMENSION)).collect();
        let named = |vectors: Vec<Vec<f32>>| texts.iter().cloned().zip(vectors).collect();
        Self {
            of_model: HashMap::from([(MODEL_ID, named(by_local)), (NEW_MODEL, named(by_hash))]),
        }
    }

    /// Checks that every cosine of an answer is of the model that the answer names, and says which.
    fn check(&self, question: &str, answer: &Value) -> String {
        assert_eq!(answer["degraded"], json!([]), "{answer}");
        let model = answer["embedding_model"]
            .as_str()
            .expect("a model")
            .to_owned();
        let vectors = &self.of_model[model.as_str()];
        let results = answer["results"].as_array().unwrap();
        assert!(!results.is_empty(), "nothing was found for {question}");
        let mut compared = 0;
        for result in results {
            // A passage that came in a moment ago may have no vector of this model yet.
            let Some(raw) = result["vector"]["raw"].as_f64() else {
                continue;
            };
            let content = result["content"].as_str().unwrap();
            // A passage is embedded below the title of its document.
            let title = result["title"].as_str().unwrap();
            let embedded = format!("{title}\n{content}");
            let pair = vectors[&embedded].iter().zip(&vectors[question]);
            let cosine: f32 = pair.map(|(a, b)| a * b).sum();
            assert!(
                (f64::from(cosine) - raw).abs() < 1e-3,
                "{raw} is not the {cosine} of {model} for {content}"
            );
            compared += 1;
        }
        assert!(compared > 0, "no cosine in {answer}");
        model
    }
}

/// Questions from several tasks until they are told to stop; how many each model answered.
struct Askers {
    stop: Arc<AtomicBool>,
    asked: Arc<AtomicUsize>,
    answered: Arc<Mutex<BTreeMap<String, usize>>>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Askers {
    fn start(app: &Arc<TestApp>, token: &str, vectors: &Arc<Vectors>) -> Self {
        let (stop, asked) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicUsize::new(0)),
        );
        let answered = Arc::new(Mutex::new(BTreeMap::new()));
        let tasks = (0..4).map(|task: usize| {
            let (app, token, vectors) = (Arc::clone(app), token.to_owned(), Arc::clone(vectors));
            let (stop, asked, answered) = (stop.clone(), asked.clone(), answered.clone());
            tokio::spawn(async move {
                let mut number = task;
                while !stop.load(Ordering::Acquire) {
                    let question = question(number % DOCUMENTS);
                    let answer = preview(&app, &token, &question).await;
                    let model = vectors.check(&question, &answer);
                    *answered.lock().unwrap().entry(model).or_default() += 1;
                    asked.fetch_add(1, Ordering::AcqRel);
                    number += 7;
                }
            })
        });
        let tasks = tasks.collect();
        Self {
            stop,
            asked,
            answered,
            tasks,
        }
    }

    /// Waits until so many more questions were answered.
    async fn more(&self, count: usize) {
        let wanted = self.asked.load(Ordering::Acquire) + count;
        until("more answers", super::PATIENCE, || async {
            assert!(
                self.tasks.iter().all(|task| !task.is_finished()),
                "a task has failed"
            );
            self.asked.load(Ordering::Acquire) >= wanted
        })
        .await;
    }

    async fn stop(self) -> BTreeMap<String, usize> {
        self.stop.store(true, Ordering::Release);
        for task in self.tasks {
            task.await.expect("no question fails");
        }
        self.answered.lock().unwrap().clone()
    }
}

fn question(number: usize) -> String {
    format!("What did the keeper write in report{number}?")
}

async fn move_to(app: &TestApp, token: &str, wish: &Value) {
    let begin = app
        .post("/api/admin/index/reembed")
        .bearer_auth(token)
        .json(wish);
    let answer = begin.send().await.unwrap();
    assert_eq!(answer.status(), 202);
}

async fn moved(app: &TestApp, token: &str) -> Value {
    let status = until_some("the other model", super::PATIENCE, || async {
        let status = app.get("/api/admin/index/reembed").bearer_auth(token);
        let status: Value = status.send().await.unwrap().json().await.unwrap();
        (status["state"] != "running").then_some(status)
    });
    let status = status.await;
    assert_eq!(status["state"], "done", "{status}");
    status
}

/// Every passage is in the index, with a vector of the model that serves.
async fn assert_whole(app: &TestApp, model: &str, documents: usize) {
    let store = app.app.store();
    let stored = store.count_current_passages().await.unwrap();
    assert_eq!(
        stored,
        i64::try_from(documents).unwrap(),
        "each text is one passage"
    );
    let indexed = app
        .app
        .follower()
        .index()
        .count(IndexFilter::default())
        .await
        .unwrap();
    assert_eq!(i64::try_from(indexed).unwrap(), stored);
    assert_eq!(store.count_without_embedding(model).await.unwrap(), 0);
    let statistics = store.passage_statistics().await.unwrap();
    assert_eq!(
        statistics.embedded,
        [(model.to_owned(), stored)],
        "the former ones are dropped"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_to_another_model_and_back_fails_no_question_and_mixes_no_answer() {
    let upstream = endpoint(DIMENSION).await;
    let address = upstream.base_url();
    let settings = [
        ("EMBEDDING_PROVIDER", "local"),
        ("EMBEDDING_BASE_URL", address.as_str()),
        ("EMBEDDING_API_KEY", "sk-endpoint"),
        ("EMBEDDING_BATCH_SIZE", "8"),
    ];
    let app = Arc::new(TestApp::spawn_with(&settings, Clock::system()).await);
    let token = app.admin_token().await;
    for number in 0..DOCUMENTS {
        ingest(&app.client, &app.base_url, &token, number).await;
    }
    let texts = (0..DOCUMENTS + 20).flat_map(|number| {
        let embedded = format!("report {number}\n{}", text(number));
        [embedded, question(number)]
    });
    let vectors = Arc::new(Vectors::of(&app, &texts.collect::<Vec<_>>()).await);

    let askers = Askers::start(&app, &token, &vectors);
    askers.more(20).await;
    let wish = json!({ "provider": "openai_compatible", "model": "hash" });
    move_to(&app, &token, &wish).await;
    for number in DOCUMENTS..DOCUMENTS + 10 {
        ingest(&app.client, &app.base_url, &token, number).await;
    }
    let status = moved(&app, &token).await;
    assert_eq!(
        (&status["from"], &status["to"]),
        (&json!(MODEL_ID), &json!(NEW_MODEL))
    );
    askers.more(20).await;
    let answered = askers.stop().await;
    assert!(
        answered[MODEL_ID] > 0 && answered[NEW_MODEL] > 0,
        "{answered:?}"
    );
    let answer = preview(&app, &token, &question(45)).await;
    assert_eq!(vectors.check(&question(45), &answer), NEW_MODEL);
    assert_whole(&app, NEW_MODEL, DOCUMENTS + 10).await;
    for request in upstream.requests() {
        assert_eq!(request.header("authorization"), Some("Bearer sk-endpoint"));
    }

    let askers = Askers::start(&app, &token, &vectors);
    askers.more(5).await;
    move_to(&app, &token, &json!({ "provider": "local" })).await;
    for number in DOCUMENTS + 10..DOCUMENTS + 20 {
        ingest(&app.client, &app.base_url, &token, number).await;
    }
    moved(&app, &token).await;
    askers.more(20).await;
    let answered = askers.stop().await;
    assert!(
        answered[MODEL_ID] > 0 && answered[NEW_MODEL] > 0,
        "{answered:?}"
    );
    assert_whole(&app, MODEL_ID, DOCUMENTS + 20).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_to_elsewhere_is_refused_while_another_is_under_way() {
    let upstream = endpoint(DIMENSION).await;
    upstream.queue(Reply::silence());
    let address = upstream.base_url();
    let settings = [("EMBEDDING_BASE_URL", address.as_str())];
    let app = TestApp::spawn_with(&settings, Clock::system()).await;
    let token = app.admin_token().await;
    let wish = json!({ "provider": "openai_compatible", "model": "hash" });
    move_to(&app, &token, &wish).await;
    move_to(&app, &token, &wish).await;
    for (body, status) in [
        (
            json!({ "provider": "openai_compatible", "model": "other" }),
            409,
        ),
        (json!({ "provider": "off" }), 422),
        (json!({ "provider": "nobody" }), 422),
        (json!({ "provider": "local", "model": "other" }), 422),
        (json!({ "dimension": 99_999 }), 422),
        (json!({}), 422),
    ] {
        let begin = app
            .post("/api/admin/index/reembed")
            .bearer_auth(&token)
            .json(&body);
        let answer = begin.send().await.unwrap();
        assert_eq!(answer.status(), status, "{body}");
    }
    app.finish().await;
    app.app.close().await;
}
