//! Vectors from an endpoint on a real socket: what it is asked, what is believed of its answers, how
//! long it is waited for, and that a question never waits for an unavailable one.

use crate::support::embeddings::{answer, endpoint, texts, vector};
use crate::support::scripted;
use crate::support::until::{SOON, within};
use chrono::DateTime;
use ragd::clock::Clock;
use ragd::embed::{
    CODE_EMBEDDINGS_UNAVAILABLE, Embedder, Endpoint, EndpointSettings, EndpointTimeouts,
    EndpointWire,
};
use ragd::error::{Error, ErrorKind};
use ragd::stub_llm::{Reply, ScriptedServer};
use serde_json::json;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinHandle;

const KEY: &str = "sk-very-secret";

fn settings(upstream: &ScriptedServer) -> EndpointSettings {
    EndpointSettings {
        wire: EndpointWire::OpenAi,
        base_url: upstream.base_url(),
        model: "hash".to_owned(),
        key: Some(KEY.into()),
        dimensions: None,
        batch_texts: 3,
        concurrency: 2,
        max_text_chars: 20,
        timeouts: EndpointTimeouts {
            documents: Duration::from_secs(60),
            question: Duration::from_millis(300),
        },
    }
}

fn of(settings: EndpointSettings, dimension: usize, clock: &Clock) -> Embedder {
    let http = ragd::outbound::api_client().unwrap();
    let endpoint = Endpoint::new(settings, dimension, http, clock.clone());
    Embedder::Endpoint(endpoint.unwrap())
}

fn standing_clock() -> Clock {
    Clock::manual(DateTime::UNIX_EPOCH)
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn assert_vectors(found: &[Vec<f32>], of: &[&str], dimension: usize) {
    assert_eq!(found.len(), of.len());
    for (found, text) in found.iter().zip(of) {
        let expected = vector(text, dimension);
        assert_eq!(found.len(), dimension);
        assert!(
            found
                .iter()
                .zip(&expected)
                .all(|(a, b)| (a - b).abs() < 1e-6),
            "{text}"
        );
    }
}

#[tokio::test]
async fn texts_are_sent_in_batches_and_come_back_in_order() {
    for wire in [EndpointWire::OpenAi, EndpointWire::Ollama] {
        let upstream = endpoint(16).await;
        let settings = EndpointSettings {
            wire,
            ..settings(&upstream)
        };
        let http = ragd::outbound::api_client().unwrap();
        let connected = Endpoint::connect(settings, http, Clock::system())
            .await
            .unwrap();
        assert_eq!(
            (connected.dimension(), connected.model_id()),
            (16, "hash@16")
        );
        let embedder = Embedder::Endpoint(connected);
        let names = [
            "zero", "one", "two", "three", "four", "five", "six", "seven",
        ];
        let found = embedder.embed(owned(&names)).await.unwrap();
        assert_vectors(&found, &names, 16);
        let question = embedder.embed_query("what is it?").await.unwrap();
        assert_vectors(&[question], &["what is it?"], 16);
        assert!(embedder.embed(Vec::new()).await.unwrap().is_empty());

        let requests = upstream.requests();
        // One that asked for the length, three batches, one question.
        assert_eq!(requests.len(), 5);
        assert!(requests.iter().all(|one| texts(one).len() <= 3));
        let path = if wire == EndpointWire::Ollama {
            "/api/embed"
        } else {
            "/v1/embeddings"
        };
        for request in requests {
            assert_eq!(
                (request.method.as_str(), request.path.as_str()),
                ("POST", path)
            );
            assert_eq!(
                request.header("authorization"),
                Some("Bearer sk-very-secret")
            );
            assert_eq!(request.body["model"], "hash");
        }
    }
}

#[tokio::test]
async fn long_texts_are_cut_and_a_chosen_length_is_asked_for() {
    let upstream = endpoint(8).await;
    let settings = EndpointSettings {
        dimensions: Some(8),
        ..settings(&upstream)
    };
    let embedder = of(settings, 8, &Clock::system());
    embedder
        .embed(owned(&["Grüße und noch viel mehr Worte als erlaubt", ""]))
        .await
        .unwrap();
    let request = &upstream.requests()[0];
    assert_eq!(request.body["dimensions"], 8);
    assert_eq!(request.body["encoding_format"], "float");
    assert_eq!(texts(request), ["Grüße und noch viel ", " "]);
}

/// What `work` returns while the clock moves on by `step` again and again.
async fn while_time_passes<T>(clock: &Clock, step: Duration, work: JoinHandle<T>) -> T {
    let ended = async {
        while !work.is_finished() {
            tokio::task::yield_now().await;
            clock.advance(step);
        }
        work.await.unwrap()
    };
    within("the end of the call", SOON, ended).await
}

#[tokio::test]
async fn a_busy_endpoint_is_asked_again_by_the_clock() {
    let upstream = scripted::start().await;
    let clock = standing_clock();
    let times = Arc::new(Mutex::new(Vec::new()));
    let (asked_at, now) = (Arc::clone(&times), clock.clone());
    upstream.compute(move |request| {
        let mut times = asked_at.lock().unwrap();
        times.push(now.now());
        match times.len() {
            1 => Reply::error_with_header(429, "rate_limited", "Retry-After", "7"),
            2 => Reply::error(503, "starting"),
            _ => answer(request, 8),
        }
    });
    let embedder = of(settings(&upstream), 8, &clock);
    let asked = embedder.clone();
    let work = tokio::spawn(async move { asked.embed(owned(&["one"])).await });
    let made = while_time_passes(&clock, Duration::from_millis(250), work).await;
    assert_vectors(&made.unwrap(), &["one"], 8);
    // It waits for as long as it is told, and then for a time of its own, which doubles.
    let times = times.lock().unwrap();
    let waits: Vec<i64> = times
        .windows(2)
        .map(|pair| (pair[1] - pair[0]).num_milliseconds())
        .collect();
    assert!(
        waits.len() == 2 && waits[0] >= 7_000 && waits[1] >= 1_000,
        "{waits:?}"
    );
    assert_eq!(embedder.trouble(), None);
}

#[tokio::test]
async fn an_endpoint_that_keeps_failing_is_given_up() {
    let upstream = scripted::start().await;
    upstream.set_default(Reply::error(500, &format!("no worker for {KEY}")));
    let clock = standing_clock();
    let embedder = of(settings(&upstream), 8, &clock);
    let asked = embedder.clone();
    let work = tokio::spawn(async move { asked.embed(owned(&["one"])).await });
    let made = while_time_passes(&clock, Duration::from_secs(1), work).await;
    let error = made.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Unavailable, CODE_EMBEDDINGS_UNAVAILABLE)
    );
    assert!(
        error.chain().contains("no worker for ***"),
        "{}",
        error.chain()
    );
    assert_eq!(upstream.requests().len(), 5);
    assert!(embedder.trouble().unwrap().contains("500"));
}

async fn refusal(reply: Reply) -> (Error, usize) {
    let upstream = scripted::start().await;
    upstream.set_default(reply);
    let embedder = of(settings(&upstream), 8, &standing_clock());
    let error = embedder.embed(owned(&["one"])).await.unwrap_err();
    assert!(!error.chain().contains(KEY), "{}", error.chain());
    (error, upstream.requests().len())
}

#[tokio::test]
async fn errors_that_a_retry_cannot_fix_are_not_retried() {
    let vectors = |vectors: serde_json::Value| Reply::json(200, &json!({ "data": vectors }));
    let short = json!([{ "index": 0, "embedding": [1.0, 2.0] }]);
    let eight = vec![1.0; 8];
    let two = json!([{ "index": 0, "embedding": eight }, { "index": 1, "embedding": eight }]);
    for (reply, words) in [
        (Reply::error(401, KEY), "EMBEDDING_API_KEY"),
        (Reply::error(404, "no such model"), "no such model"),
        (Reply::error(400, "too long"), "too long"),
        (vectors(short), "ragd index reembed"),
        (vectors(two), "2 vectors"),
        (vectors(json!([])), "0 vectors"),
        (Reply::body(200, "text/html", "<html>"), "malformed"),
    ] {
        let (error, requests) = refusal(reply).await;
        assert_eq!(
            (error.kind(), requests),
            (ErrorKind::Upstream, 1),
            "{}",
            error.chain()
        );
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test]
async fn a_question_does_not_wait_for_an_unavailable_endpoint() {
    let upstream = endpoint(8).await;
    upstream.queue(Reply::silence());
    let clock = standing_clock();
    let embedder = of(settings(&upstream), 8, &clock);
    let late = embedder.embed_query("one").await.unwrap_err();
    assert_eq!(late.kind(), ErrorKind::Unavailable);
    assert_eq!(upstream.requests().len(), 1);
    // For a moment nobody asks it.
    for _ in 0..3 {
        let refused = embedder.embed_query("two").await.unwrap_err();
        assert_eq!(refused.code(), CODE_EMBEDDINGS_UNAVAILABLE);
    }
    assert_eq!(upstream.requests().len(), 1);
    // Then it comes back by itself.
    clock.advance(Duration::from_secs(5));
    let found = embedder.embed_query("three").await.unwrap();
    assert_vectors(&[found], &["three"], 8);
    assert_eq!(embedder.trouble(), None);
}

#[tokio::test]
async fn without_an_endpoint_there_is_no_vector() {
    let upstream = scripted::start().await;
    let settings = settings(&upstream);
    drop(upstream);
    let embedder = of(settings, 8, &standing_clock());
    let error = embedder.embed_query("one").await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Unavailable, CODE_EMBEDDINGS_UNAVAILABLE)
    );
}

#[tokio::test]
async fn an_address_or_a_key_that_cannot_be_used_is_refused() {
    let upstream = endpoint(8).await;
    let good = settings(&upstream);
    let refused = |settings| {
        let http = ragd::outbound::api_client().unwrap();
        Endpoint::new(settings, 8, http, Clock::system()).unwrap_err()
    };
    for base_url in ["", "localhost", "ftp://x/v1", "http://me:secret@host/v1"] {
        let error = refused(EndpointSettings {
            base_url: base_url.to_owned(),
            ..good.clone()
        });
        assert!(error.to_string().contains("EMBEDDING_BASE_URL"), "{error}");
    }
    let error = refused(EndpointSettings {
        key: Some("sk-1\nsk-2".into()),
        ..good
    });
    assert!(!error.chain().contains("sk-1"), "{error}");
}
