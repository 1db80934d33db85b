//! What decides how passages are found and ordered.

use crate::http_rooms::{call, make_room, post};
use crate::support::app::TestApp;
use crate::support::embeddings;
use crate::support::scripted;
use chrono::DateTime;
use ragd::clock::Clock;
use ragd::stub_llm::{Recorded, Reply, ScriptedServer};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

/// An application that finds by words and by meaning, and its endpoint of vectors: texts that say "bird"
/// or "heron" mean the same, all others something else.
struct Library {
    app: TestApp,
    token: String,
    _endpoint: ScriptedServer,
}

impl Library {
    async fn open(more: &[(&str, &str)], documents: &[(&str, &str)]) -> Self {
        let endpoint = scripted::start().await;
        endpoint.compute(by_meaning);
        let url = endpoint.base_url();
        let mut variables = vec![
            ("EMBEDDING_PROVIDER", "openai_compatible"),
            ("EMBEDDING_BASE_URL", url.as_str()),
            ("EMBEDDING_MODEL", "meaning"),
        ];
        variables.extend(more);
        let app = TestApp::spawn_with(&variables, Clock::system()).await;
        let token = app.admin_token().await;
        for (name, text) in documents {
            app.upload(&token, name, text).await;
        }
        app.app.follower().catch_up().await.unwrap();
        Self {
            app,
            token,
            _endpoint: endpoint,
        }
    }

    /// What a preview of the question about herons shows, with more parameters.
    async fn preview(&self, more: &str) -> Value {
        let path = format!("/api/admin/memory/preview?q=heron+weir{more}");
        let request = self.app.get(&path).bearer_auth(&self.token);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let found: Value = answer.json().await.unwrap();
        assert_eq!(found["degraded"], json!([]), "{found}");
        found
    }
}

/// What a provider of vectors answers: texts about birds are near each other, whatever their words.
fn by_meaning(request: &Recorded) -> Reply {
    let texts = embeddings::texts(request);
    let data = texts.iter().enumerate().map(|(index, text)| {
        let is_bird = ["heron", "bird"].iter().any(|word| text.contains(word));
        let is_weir_alone = text.contains("weir weir");
        let vector = match (is_weir_alone, is_bird) {
            (true, _) => [0.0, 1.0, 0.0],
            (false, true) => [1.0, 0.1, 0.0],
            (false, false) => [0.0, 0.1, 1.0],
        };
        json!({ "object": "embedding", "index": index, "embedding": vector })
    });
    let data: Vec<Value> = data.collect();
    Reply::json(
        200,
        &json!({ "object": "list", "data": data, "model": "meaning" }),
    )
}

/// One has the words of the question, the other its meaning.
const WORDS_AND_MEANING: [(&str, &str); 2] = [
    ("words.txt", "weir weir weir heron heron weir."),
    ("meaning.txt", "A grey bird waits in shallow water."),
];

/// The name of the best document under these weights of words and of meaning.
async fn best(words: &str, meaning: &str) -> String {
    let weights = [
        ("HYBRID_BM25_WEIGHT", words),
        ("HYBRID_VEC_WEIGHT", meaning),
    ];
    let library = Library::open(&weights, &WORDS_AND_MEANING).await;
    let found = library.preview("").await;
    library.app.finish().await;
    found["results"][0]["title"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn words_and_meaning_have_their_own_weights() {
    assert_eq!(best("0.9", "0.1").await, "words.txt");
    assert_eq!(best("0.1", "0.9").await, "meaning.txt");
}

/// So many documents that have the words and the meaning of the question.
fn herons(count: usize) -> Vec<(String, String)> {
    let heron = |n| {
        (
            format!("{n}.txt"),
            format!("The heron at weir number {n} waits."),
        )
    };
    (0..count).map(heron).collect()
}

fn borrowed(documents: &[(String, String)]) -> Vec<(&str, &str)> {
    let documents = documents.iter();
    documents
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect()
}

#[tokio::test]
async fn each_side_gives_as_many_candidates_as_is_set() {
    let herons = herons(14);
    let limits = [("HYBRID_TOPK_BM25", "11"), ("HYBRID_TOPK_VEC", "13")];
    let library = Library::open(&limits, &borrowed(&herons)).await;
    let found = library.preview("&limit=1").await;
    assert_eq!(found["candidates"], json!({ "bm25": 11, "vector": 13 }));
    library.app.finish().await;
}

#[tokio::test]
async fn a_preview_has_as_many_results_as_is_set() {
    let herons = herons(4);
    let library = Library::open(&[("HYBRID_RETURN_TOPN", "3")], &borrowed(&herons)).await;
    let found = library.preview("").await;
    assert_eq!(found["results"].as_array().unwrap().len(), 3);
    library.app.finish().await;
}

#[tokio::test]
async fn lists_are_fused_as_is_set() {
    let score = async |fusion: &str| {
        let library = Library::open(&[("HYBRID_FUSION", fusion)], &WORDS_AND_MEANING).await;
        let found = library.preview("").await;
        library.app.finish().await;
        found["results"][0]["score"].as_f64().unwrap()
    };
    // By places alone a score is at most 1 / 61.
    let (places, values) = (score("rrf").await, score("minmax").await);
    assert!(places < 0.02 && values > 0.1, "{places}, {values}");
}

#[tokio::test]
async fn scores_are_completed_unless_that_is_switched_off() {
    for (complete, is_number) in [("true", true), ("false", false)] {
        let variables = [("HYBRID_COMPLETE_SCORES", complete)];
        let library = Library::open(&variables, &WORDS_AND_MEANING).await;
        let found = library.preview("").await;
        let results = found["results"].as_array().unwrap();
        let by_meaning = results.iter().find(|one| one["title"] == "meaning.txt");
        let words = &by_meaning.unwrap()["bm25"];
        assert_eq!(words["rank"], Value::Null, "{words}");
        assert_eq!(words["raw"].is_number(), is_number, "{words}");
        library.app.finish().await;
    }
}

/// How much ten days take from the score of a message.
async fn decay(more: &[(&str, &str)]) -> f64 {
    let clock = Clock::manual(DateTime::from_timestamp(1_767_000_000, 0).unwrap());
    let app = TestApp::spawn_with(more, clock.clone()).await;
    let room = make_room(&app, json!({ "name": "m" })).await;
    let note = json!({ "content": "The ferry leaves at seven.", "reply": false });
    let (status, _) = post(&app, &format!("/api/rooms/{room}/messages"), note).await;
    assert_eq!(status, 201);
    app.remembered().await;
    clock.advance(Duration::from_secs(10 * 86_400));
    let query = json!({ "room_id": room, "query": "ferry" });
    let (_, found) = call(&app, (Method::POST, "/api/rag/query"), query, None).await;
    app.finish().await;
    found["results"][0]["decay"].as_f64().unwrap()
}

#[tokio::test]
async fn messages_age_as_is_set() {
    let faster = decay(&[("TIME_DECAY_LAMBDA", "0.2")]).await;
    assert!((faster - (-2.0_f64).exp()).abs() < 1e-9, "{faster}");
    assert_eq!(decay(&[("TIME_DECAY_ENABLED", "false")]).await, 1.0);
}

#[tokio::test]
async fn a_reranker_is_asked_as_is_set() {
    let reranker = scripted::start().await;
    let scores: Vec<Value> = (0..2)
        .map(|index| json!({ "index": index, "relevance_score": 0.5 }))
        .collect();
    reranker.set_default(Reply::json(200, &json!({ "results": scores })));
    let url = format!("{}/rerank", reranker.base_url());
    let variables = [
        ("RERANK_PROVIDER", "jina"),
        ("RERANK_URL", url.as_str()),
        ("RERANK_API_KEY", "sk-rerank"),
        ("RERANK_MODEL", "chosen-reranker"),
        ("RERANK_TOP", "2"),
    ];
    let herons = herons(4);
    let library = Library::open(&variables, &borrowed(&herons)).await;
    library.preview("").await;
    let requests = reranker.requests();
    let request = requests.last().unwrap();
    assert_eq!(request.header("authorization"), Some("Bearer sk-rerank"));
    assert_eq!(request.body["model"], "chosen-reranker");
    assert_eq!(request.body["documents"].as_array().unwrap().len(), 2);
    library.app.finish().await;
}
