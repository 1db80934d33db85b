//! Whole answers of providers: what reaches them, what comes back, which of them is asked, and the
//! list of models.

use super::{begin, call, failure, header, with};
use ragd::stub_llm::Reply;
use serde_json::{Value, json};

#[tokio::test]
async fn a_call_and_its_answer_are_passed_on_as_they_are() {
    let world = begin(&[]).await;
    // Written as nobody's serialiser would write it, with fields that nobody knows.
    let answer = r#"{ "id": "chatcmpl-7",  "object":"chat.completion", "created": 1767000000,
        "model": "small-2026", "x_vendor": [1, 2.50, "\u00fc"],
        "choices": [ {"index": 0, "logprobs": null, "finish_reason": "stop",
                      "message": {"content": "Grüße", "role": "assistant", "refusal": null}} ],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3,
                  "prompt_tokens_details": {"cached_tokens": 0}}, "service_tier": "default" }"#;
    world
        .openai
        .queue(Reply::body(200, "application/json", answer));
    let asked = json!({
        "model": "openai/small",
        "messages": [
            { "role": "developer", "content": "Be brief.", "name": "x" },
            { "role": "user", "content": [{ "type": "text", "text": "Hi" },
                { "type": "image_url", "image_url": { "url": "data:image/png;base64,AA==" } }] },
        ],
        "temperature": 0.25, "max_completion_tokens": 64, "seed": 7, "stop": ["\n"], "n": 1,
        "tools": [{ "type": "function", "function": { "name": "f", "parameters": {} } }],
        "tool_choice": "auto", "response_format": { "type": "json_object" }, "user": "u-1",
        "x_unknown": { "deep": [null, { "a": 1.5 }] }, "ragd": false,
    });
    let came = world.complete(&asked).await;
    assert_eq!(came.status(), 200);
    assert_eq!(header(&came, "content-type"), "application/json");
    assert_eq!(header(&came, "x-ragd-provider"), "openai");
    assert_eq!(header(&came, "x-ragd-model"), "small");
    assert_eq!(header(&came, "x-ragd-attempts"), "1");
    assert_eq!(header(&came, "x-ragd-fallback"), "false");
    let overhead: f64 = header(&came, "x-ragd-overhead-ms").parse().unwrap();
    assert!(overhead > 0.0);
    assert_eq!(came.bytes().await.unwrap(), answer.as_bytes());

    let sent = &world.openai.requests()[0];
    assert_eq!(
        (sent.method.as_str(), sent.path.as_str()),
        ("POST", "/v1/chat/completions")
    );
    assert_eq!(sent.header("authorization"), Some("Bearer sk-openai"));
    let mut expected = asked;
    expected["model"] = json!("small");
    expected["stream"] = json!(false);
    expected.as_object_mut().unwrap().remove("ragd");
    assert_eq!(sent.body, expected);
    let counted = r#"rag_llm_request_total{model="other",provider="openai",status="success"}"#;
    assert_eq!(world.app.metric(counted).await, 1.0);
    world.finish().await;
}

#[tokio::test]
async fn the_models_name_says_which_provider_is_asked() {
    let world = begin(&[("OPENAI_MODEL", "house-model")]).await;
    world.openai.set_default(Reply::answer("Yes"));
    world.groq.set_default(Reply::answer("Yes"));
    for (asked, provider, model) in [
        ("openai/small", "openai", "small"),
        ("openai/org/small", "openai", "org/small"),
        ("groq/llama", "groq", "llama"),
        // A provider's own model, the beginning of a vendor's models, and a name that nobody has.
        ("house-model", "openai", "house-model"),
        ("llama-3.3-70b-versatile", "groq", "llama-3.3-70b-versatile"),
        ("gpt-9-nano", "openai", "gpt-9-nano"),
        ("small", "openai", "small"),
        ("meta-llama/small", "openai", "meta-llama/small"),
        // Whose family it is does not help when its provider is not there.
        ("claude-9", "openai", "claude-9"),
    ] {
        let answer = world.complete(&call(asked)).await;
        assert_eq!(answer.status(), 200, "{asked}");
        assert_eq!(header(&answer, "x-ragd-provider"), provider, "{asked}");
        assert_eq!(header(&answer, "x-ragd-model"), model, "{asked}");
        let upstream = if provider == "groq" {
            &world.groq
        } else {
            &world.openai
        };
        assert_eq!(
            upstream.requests().last().unwrap().body["model"],
            model,
            "{asked}"
        );
    }
    world.finish().await;
}

#[tokio::test]
async fn a_tool_call_or_a_refusal_is_an_answer() {
    let world = begin(&[]).await;
    let message = |message: Value, reason: &str| {
        json!({ "id": "c", "object": "chat.completion", "created": 1, "model": "m",
            "choices": [{ "index": 0, "message": message, "finish_reason": reason }] })
    };
    let calls = json!([{ "id": "call_1", "type": "function",
        "function": { "name": "f", "arguments": "{\"a\": 1}" } }]);
    for body in [
        message(
            json!({ "role": "assistant", "content": null, "tool_calls": calls }),
            "tool_calls",
        ),
        message(
            json!({ "role": "assistant", "content": null, "refusal": "No." }),
            "stop",
        ),
    ] {
        world.openai.queue(Reply::json(200, &body));
        assert_eq!(world.completion(&call("openai/m")).await, body);
    }
    assert_eq!(world.calls_of_both(), (2, 0));
    world.finish().await;
}

#[tokio::test]
async fn another_provider_stands_in_with_its_own_model() {
    let world = begin(&[]).await;
    world.openai.queue(Reply::error(500, "down"));
    world.groq.set_default(Reply::answer("Yes"));
    let answer = world
        .complete(&with(call("openai/small"), "seed", json!(7)))
        .await;
    assert_eq!(answer.status(), 200);
    for (name, value) in [
        ("x-ragd-provider", "groq"),
        ("x-ragd-model", "llama-3.3-70b-versatile"),
        ("x-ragd-attempts", "2"),
        ("x-ragd-fallback", "true"),
    ] {
        assert_eq!(header(&answer, name), value, "{name}");
    }
    let sent = &world.groq.requests()[0].body;
    assert_eq!(
        (&sent["model"], &sent["seed"]),
        (&json!("llama-3.3-70b-versatile"), &json!(7))
    );
    let counted = r#"ragd_fallbacks_total{from="openai",reason="failure",to="groq"}"#;
    assert_eq!(world.app.metric(counted).await, 1.0);
    assert_eq!(world.calls_of_both(), (1, 1));
    world.finish().await;
}

#[tokio::test]
async fn the_models_are_listed_and_each_is_found() {
    let world = begin(&[("OPENAI_MODEL", "org/house-model")]).await;
    let get = async |path: &str| {
        let request = world.app.get(path).bearer_auth(world.app.api_key);
        request.send().await.unwrap()
    };
    let list: Value = get("/v1/models").await.json().await.unwrap();
    assert_eq!(list["object"], "list");
    let models = list["data"].as_array().unwrap();
    let ids: Vec<&str> = models
        .iter()
        .map(|one| one["id"].as_str().unwrap())
        .collect();
    assert_eq!(
        ids,
        [
            "ragd",
            "openai/org/house-model",
            "groq/llama-3.3-70b-versatile",
            "extractive"
        ]
    );
    for model in models {
        assert_eq!(model["object"], "model");
        assert!(
            model["created"].is_i64() && model["owned_by"].is_string(),
            "{model}"
        );
        let path = format!("/v1/models/{}", model["id"].as_str().unwrap());
        let mut one: Value = get(&path).await.json().await.unwrap();
        one["created"] = model["created"].clone();
        assert_eq!(&one, model);
    }
    let (status, error) = failure(get("/v1/models/nobody/nothing").await).await;
    assert_eq!((status, &error["code"]), (404, &json!("model_not_found")));
    assert_eq!(
        world.app.get("/v1/models").send().await.unwrap().status(),
        401
    );
    world.finish().await;
}
