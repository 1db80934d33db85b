//! `/v1/embeddings`: vectors of the model that ragd itself works with, from a scripted endpoint, and
//! of a provider's.

use super::{begin, failure, header};
use crate::support::embeddings::{endpoint, vector};
use crate::support::world::World;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ragd::stub_llm::{Reply, ScriptedServer};
use serde_json::{Value, json};

const PATH: &str = "/v1/embeddings";
const DIMENSION: usize = 16;

/// A world whose own vectors come from a scripted endpoint.
async fn begin_with_endpoint() -> (World, ScriptedServer) {
    let endpoint = endpoint(DIMENSION).await;
    let url = endpoint.base_url();
    let variables = [
        ("EMBEDDING_PROVIDER", "openai_compatible"),
        ("EMBEDDING_BASE_URL", url.as_str()),
        ("EMBEDDING_MODEL", "hash"),
    ];
    (begin(&variables).await, endpoint)
}

async fn made(world: &World, body: Value) -> Value {
    let answer = world.post(PATH, &body).send().await.unwrap();
    let status = answer.status();
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(status, 200, "{body}: {answer}");
    answer
}

/// Checks that the vectors are those of `texts`, in their order.
fn assert_vectors(answer: &Value, texts: &[&str]) {
    assert_eq!(
        (&answer["object"], &answer["model"]),
        (&json!("list"), &json!("hash@16"))
    );
    assert!(answer["usage"]["prompt_tokens"].as_u64().unwrap() > 0);
    assert_eq!(
        answer["usage"]["total_tokens"],
        answer["usage"]["prompt_tokens"]
    );
    let data = answer["data"].as_array().unwrap();
    assert_eq!(data.len(), texts.len());
    for (index, (one, text)) in data.iter().zip(texts).enumerate() {
        assert_eq!(
            (&one["object"], &one["index"]),
            (&json!("embedding"), &json!(index))
        );
        let expected = vector(text, DIMENSION);
        let found = numbers(&one["embedding"]);
        assert_eq!(found.len(), DIMENSION);
        let is_near = found
            .iter()
            .zip(&expected)
            .all(|(a, b)| (a - b).abs() < 1e-6);
        assert!(is_near, "{text}: {found:?}");
    }
}

/// A vector as a list of numbers, or as base64 of f32, little-endian.
fn numbers(embedding: &Value) -> Vec<f32> {
    match embedding {
        Value::String(text) => {
            let bytes = STANDARD.decode(text).unwrap();
            let (numbers, rest) = bytes.as_chunks::<4>();
            assert!(rest.is_empty());
            numbers
                .iter()
                .map(|bytes| f32::from_le_bytes(*bytes))
                .collect()
        }
        list => serde_json::from_value(list.clone()).unwrap(),
    }
}

#[tokio::test]
async fn every_form_of_input_has_its_vectors() {
    let (world, _endpoint) = begin_with_endpoint().await;
    for (input, texts) in [
        (json!("a blue heron"), vec!["a blue heron"]),
        (
            json!(["a blue heron", "the weir", "a"]),
            vec!["a blue heron", "the weir", "a"],
        ),
        (json!([9906, 1917]), vec!["Hello world"]),
        (json!([[9906, 1917], [9906]]), vec!["Hello world", "Hello"]),
    ] {
        for model in ["ragd", "local", "hash", "hash@16"] {
            let answer = made(&world, json!({ "model": model, "input": input })).await;
            assert_vectors(&answer, &texts);
        }
    }
    let listed = world.app.get("/v1/models").bearer_auth(world.app.api_key);
    let listed: Value = listed.send().await.unwrap().json().await.unwrap();
    let ids = listed["data"].as_array().unwrap().iter();
    assert!(
        ids.map(|one| &one["id"]).any(|id| id == "hash@16"),
        "{listed}"
    );
    world.finish().await;
}

#[tokio::test]
async fn base64_holds_the_same_numbers() {
    let (world, _endpoint) = begin_with_endpoint().await;
    let ask = async |format: Value| {
        let body = json!({ "model": "hash", "input": ["one", "two"], "encoding_format": format,
            "dimensions": DIMENSION, "user": "u-1" });
        made(&world, body).await
    };
    let (floats, base64) = (ask(json!("float")).await, ask(json!("base64")).await);
    assert_vectors(&base64, &["one", "two"]);
    for index in 0..2 {
        let [a, b] = [&floats, &base64].map(|answer| &answer["data"][index]["embedding"]);
        assert!(a.is_array() && b.is_string());
        assert_eq!(numbers(a), numbers(b));
    }
    assert_eq!(ask(Value::Null).await, floats);
    world.finish().await;
}

#[tokio::test]
async fn what_has_no_vector_is_refused_by_its_field() {
    let (world, endpoint) = begin_with_endpoint().await;
    let before = endpoint.requests().len();
    let many = vec!["a"; 2_049];
    for (param, body) in [
        ("model", json!({ "input": "a" })),
        ("model", json!({ "model": "", "input": "a" })),
        ("input", json!({ "model": "hash" })),
        ("input", json!({ "model": "hash", "input": "" })),
        ("input", json!({ "model": "hash", "input": [] })),
        ("input", json!({ "model": "hash", "input": ["a", ""] })),
        ("input", json!({ "model": "hash", "input": many })),
        (
            "input",
            json!({ "model": "hash", "input": [4_000_000_000_u32] }),
        ),
        (
            "input",
            json!({ "model": "hash", "input": { "text": "a" } }),
        ),
        (
            "dimensions",
            json!({ "model": "hash", "input": "a", "dimensions": 8 }),
        ),
        (
            "encoding_format",
            json!({ "model": "hash", "input": "a", "encoding_format": "int8" }),
        ),
    ] {
        let (status, error) = failure(world.post(PATH, &body).send().await.unwrap()).await;
        assert_eq!((status, &error["param"]), (400, &json!(param)), "{error}");
        assert_eq!(error["type"], "invalid_request_error");
    }
    assert_eq!(endpoint.requests().len(), before);
    world.finish().await;
}

#[tokio::test]
async fn a_providers_vectors_are_passed_on_as_they_came() {
    let (world, _endpoint) = begin_with_endpoint().await;
    let answer = r#"{ "object": "list",  "data": [{"object": "embedding", "index": 0,
        "embedding": [0.10, -2e-3]}], "model": "text-embedding-9", "usage": {"prompt_tokens": 1} }"#;
    world
        .openai
        .queue(Reply::body(200, "application/json", answer));
    let body = json!({ "model": "openai/text-embedding-9", "input": [9906, 1917],
        "encoding_format": "float", "dimensions": 2, "x_unknown": [1] });
    let came = world.post(PATH, &body).send().await.unwrap();
    assert_eq!(came.status(), 200);
    assert_eq!(header(&came, "x-ragd-provider"), "openai");
    assert_eq!(header(&came, "x-ragd-model"), "text-embedding-9");
    assert_eq!(came.bytes().await.unwrap(), answer.as_bytes());
    let sent = world.openai.requests().pop().unwrap();
    assert_eq!(sent.path, PATH);
    let mut expected = body;
    expected["model"] = json!("text-embedding-9");
    assert_eq!(sent.body, expected);
    // By the beginning of a vendor's models, too.
    world
        .openai
        .queue(Reply::body(200, "application/json", answer));
    made(&world, json!({ "model": "text-embedding-9", "input": "a" })).await;
    let tokens = r#"origin_tokens_total{kind="prompt",provider="openai"}"#;
    assert_eq!(world.app.metric(tokens).await, 2.0);
    world.finish().await;
}

#[tokio::test]
async fn there_is_no_fallback_for_a_providers_vectors() {
    let (world, _endpoint) = begin_with_endpoint().await;
    world
        .groq
        .set_default(Reply::json(200, &json!({ "data": [] })));
    let ask = async || {
        let body = json!({ "model": "openai/text-embedding-9", "input": "a" });
        failure(world.post(PATH, &body).send().await.unwrap()).await
    };
    world.openai.queue(Reply::error(500, "down"));
    let (status, error) = ask().await;
    assert_eq!(
        (status, &error["code"]),
        (503, &json!("llm_unavailable")),
        "{error}"
    );
    let no = json!({ "error": { "message": "no", "code": "model_not_found", "param": "model" } });
    world.openai.queue(Reply::json(404, &no));
    let (status, error) = ask().await;
    assert_eq!(
        (status, &error["code"]),
        (404, &json!("model_not_found")),
        "{error}"
    );
    assert_eq!(world.calls_of_both(), (2, 0));
    // Its breaker is one of its own, and a refusal is no failure.
    let seen = world.app.app.router().member("openai").unwrap();
    let seen = seen.snapshot(world.app.app.clock().now());
    let failures: Vec<u32> = seen
        .breakers
        .iter()
        .map(|(_, one)| one.failures_in_a_row)
        .collect();
    assert_eq!(failures, [0, 1]);
    world.finish().await;
}

#[tokio::test]
async fn without_a_model_there_are_no_vectors() {
    let app = crate::support::app::TestApp::spawn().await;
    let ask = async |model: &str| {
        let request = app.post(PATH).bearer_auth(app.api_key);
        let request = request.json(&json!({ "model": model, "input": "a" }));
        failure(request.send().await.unwrap()).await
    };
    let (status, error) = ask("ragd").await;
    assert_eq!(
        (status, &error["type"]),
        (503, &json!("server_error")),
        "{error}"
    );
    let (status, error) = ask("text-embedding-9").await;
    assert_eq!(
        (status, &error["code"]),
        (404, &json!("model_not_found")),
        "{error}"
    );
    app.finish().await;
}
