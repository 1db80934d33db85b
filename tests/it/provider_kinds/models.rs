//! A model that is gone is its provider's state: others answer, operators are told, and it is tried again
//! later. A stand-in that refuses a field does not end the walk.

use super::call;
use crate::support::scripted;
use crate::support::world::{QUESTION, Setup, World};
use ragd::stub_llm::Reply;
use serde_json::{Value, json};

const ALERTS: &str = r#"rag_errors_total{component="provider",kind="unusable"}"#;
const FALLBACKS: &str = r#"ragd_fallbacks_total{from="openai",reason="model_not_found",to="groq"}"#;

async fn begin() -> World {
    let setup = Setup::new()
        .with_groq()
        .with_document()
        .with_standing_clock();
    let setup = setup.set(&[("RESPONSE_CACHE_ENABLED", "false"), ("LLM_RETRIES", "0")]);
    let world = setup.start().await;
    scripted::answer_all(&world.groq, "From groq.");
    world
}

fn gone() -> Vec<Reply> {
    [
        (404, json!({ "error": { "message": "The model `m` does not exist", "code": "model_not_found" } })),
        (400, json!({ "error": { "message": "The model `m` has been decommissioned and is no longer supported.",
            "code": "model_decommissioned" } })),
        (404, json!({ "error": { "message": "model \"m\" not found, try pulling it first", "type": "api_error" } })),
        (404, json!({ "object": "error", "message": "The model `m` does not exist.", "type": "NotFoundError", "code": 404 })),
    ]
    .iter()
    .map(|(status, body)| Reply::json(*status, body))
    .collect()
}

#[tokio::test]
async fn a_model_that_is_gone_is_told_and_others_answer() {
    for (at, reply) in gone().into_iter().enumerate() {
        let world = begin().await;
        world.openai.set_default(reply);
        for calls in 1..=3 {
            let answer = world.ask_plainly().await;
            assert_eq!(answer["answer"], "From groq.", "{at}");
            assert_eq!(answer["degraded"], json!(["vector", "provider_fallback"]));
            // Known after the first call.
            assert_eq!(world.calls(), 1);
            assert_eq!(world.app.metric(FALLBACKS).await, f64::from(calls));
        }
        assert_eq!(world.app.metric(ALERTS).await, 1.0);
        let token = world.token().await;
        let seen = world
            .app
            .get("/api/admin/providers/openai")
            .bearer_auth(token);
        let seen: Value = seen.send().await.unwrap().json().await.unwrap();
        assert_eq!(seen["reachable"], false);
        assert!(
            seen["unusable"]["reason"]
                .as_str()
                .unwrap()
                .contains("model"),
            "{seen}"
        );
        assert_eq!(seen["breakers"]["chat"]["failures_in_a_row"], 0);
        // Five minutes later it is asked again.
        world.advance_ms(5 * 60_000);
        world.openai.set_default(Reply::answer("From openai."));
        assert_eq!(world.ask_plainly().await["answer"], "From openai.");
        world.finish().await;
    }
}

#[tokio::test]
async fn a_model_that_a_caller_names_is_their_own() {
    let world = begin().await;
    for reply in gone() {
        world.openai.queue(reply);
        let answer = world
            .post("/v1/chat/completions", &call())
            .send()
            .await
            .unwrap();
        let status = answer.status().as_u16();
        let body: Value = answer.json().await.unwrap();
        assert!([400, 404].contains(&status), "{status}");
        let code = body["error"]["code"].as_str().unwrap();
        assert!(
            ["model_not_found", "model_decommissioned"].contains(&code),
            "{body}"
        );
    }
    assert_eq!(world.groq.requests().len(), 0);
    world.openai.set_default(Reply::answer("From openai."));
    assert_eq!(world.ask_plainly().await["answer"], "From openai.");
    world.finish().await;
}

#[tokio::test]
async fn without_another_provider_it_is_said() {
    let setup = Setup::new().with_document().set(&[("LLM_RETRIES", "0")]);
    let world = setup.start().await;
    world.openai.set_default(gone().remove(0));
    for _ in 0..2 {
        let answer = world.question().send().await.unwrap();
        assert_eq!(answer.status(), 503);
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["code"], "llm_unavailable");
        assert!(
            problem["detail"].as_str().unwrap().contains("model"),
            "{problem}"
        );
    }
    assert_eq!(world.calls(), 1);
    world.finish().await;
}

#[tokio::test]
async fn a_stand_in_that_refuses_a_field_does_not_end_the_walk() {
    let ollama = scripted::start().await;
    scripted::answer_all(&ollama, "From ollama.");
    let url = ollama.base_url();
    let setup = Setup::new().with_groq().with_document().set(&[
        ("OLLAMA_URL", url.as_str()),
        ("RESPONSE_CACHE_ENABLED", "false"),
        ("LLM_RETRIES", "0"),
    ]);
    let world = setup.start().await;
    world.openai.set_default(Reply::error(500, "down"));
    world
        .groq
        .set_default(Reply::error(400, "property 'x' is unsupported"));
    for stream in [false, true] {
        let mut asked = call();
        asked["stream"] = json!(stream);
        asked["x"] = json!(1);
        let answer = world
            .post("/v1/chat/completions", &asked)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["x-ragd-provider"], "ollama");
    }
    // Where nobody answers, it is an outage and not the caller's fault.
    ollama.queue(Reply::error(500, "down"));
    let asked = json!({ "question": QUESTION });
    let answer = world.post("/chat", &asked).send().await.unwrap();
    assert_eq!(answer.status(), 503);
    world.finish().await;
}
