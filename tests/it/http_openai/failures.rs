//! Failures as clients of OpenAI's API read them, whoever's fault they are.

use super::{COMPLETIONS, begin, call, failure, header, streamed, with};
use ragd::stub_llm::Reply;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

fn fields(error: &Value) -> (&str, &Value, &Value) {
    (
        error["type"].as_str().unwrap(),
        &error["param"],
        &error["code"],
    )
}

#[tokio::test]
async fn what_is_asked_wrongly_is_refused_by_its_field() {
    let world = begin(&[]).await;
    let messages = json!([{ "role": "user", "content": "Hi" }]);
    for (param, body) in [
        ("model", json!({ "messages": messages })),
        ("model", json!({ "model": null, "messages": messages })),
        ("model", json!({ "model": "", "messages": messages })),
        (
            "model",
            json!({ "model": "x".repeat(257), "messages": messages }),
        ),
        ("model", json!({ "model": "a\nb", "messages": messages })),
        ("model", json!({ "model": 7, "messages": messages })),
        ("messages", json!({ "model": "openai/m" })),
        ("messages", json!({ "model": "openai/m", "messages": [] })),
        ("messages", json!({ "model": "openai/m", "messages": "Hi" })),
        (
            "messages",
            json!({ "model": "ragd", "messages": [{ "role": "system", "content": "x" }] }),
        ),
        (
            "stream",
            json!({ "model": "openai/m", "messages": messages, "stream": "yes" }),
        ),
        (
            "ragd",
            json!({ "model": "openai/m", "messages": messages, "ragd": 7 }),
        ),
        (
            "temperature",
            json!({ "model": "ragd", "messages": messages, "temperature": 3 }),
        ),
    ] {
        let (status, error) = failure(world.complete(&body).await).await;
        let expected = (
            "invalid_request_error",
            &json!(param),
            &json!("invalid_request"),
        );
        assert_eq!((status, fields(&error)), (400, expected), "{body}: {error}");
    }
    assert_eq!(world.calls_of_both(), (0, 0));
    world.finish().await;
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_in_the_same_shape() {
    let world = begin(&[]).await;
    let request = |method: Method, path: &str| {
        let url = format!("{}{path}", world.app.base_url);
        let request = world.app.client.request(method, url);
        request.bearer_auth(world.app.api_key)
    };
    let post = |body: &str| {
        let request = request(Method::POST, COMPLETIONS);
        request
            .header("content-type", "application/json")
            .body(body.to_owned())
    };
    let large = format!(
        "{{\"model\": \"openai/m\", \"x\": \"{}\"}}",
        "x".repeat(21 << 20)
    );
    let text = request(Method::POST, COMPLETIONS)
        .header("content-type", "text/plain")
        .body("Hi");
    let wrong: Vec<(RequestBuilder, u16, &str)> = vec![
        (post("{\"model\": "), 400, "malformed_request"),
        (post(""), 400, "malformed_request"),
        (post(&"[".repeat(200)), 400, "json_too_deep"),
        (post(&large), 413, "too_large"),
        (text, 415, "unsupported_media_type"),
        (request(Method::GET, COMPLETIONS), 405, "method_not_allowed"),
        (
            request(Method::DELETE, "/v1/models"),
            405,
            "method_not_allowed",
        ),
        (request(Method::GET, "/v1/nothing"), 404, "route_not_found"),
        (request(Method::POST, "/v1"), 404, "route_not_found"),
    ];
    for (request, expected, code) in wrong {
        let (status, error) = failure(request.send().await.unwrap()).await;
        assert_eq!(status, expected, "{error}");
        let expected = ("invalid_request_error", &Value::Null, &json!(code));
        assert_eq!(fields(&error), expected, "{error}");
    }
    assert_eq!(world.calls_of_both(), (0, 0));
    world.finish().await;
}

#[tokio::test]
async fn an_unauthenticated_caller_gets_openais_error() {
    let world = begin(&[]).await;
    let request = || world.app.post(COMPLETIONS).json(&call("openai/m"));
    let wrong = [
        request(),
        request().bearer_auth("sk-wrong"),
        request().header("x-api-key", "sk-wrong"),
    ];
    for request in wrong {
        let answer = request.send().await.unwrap();
        assert_eq!(header(&answer, "www-authenticate"), "Bearer");
        let (status, error) = failure(answer).await;
        let expected = (
            "authentication_error",
            &Value::Null,
            &json!("invalid_api_key"),
        );
        assert_eq!((status, fields(&error)), (401, expected), "{error}");
    }
    world.openai.set_default(Reply::answer("Yes"));
    let known = request().header("x-api-key", world.app.api_key);
    assert_eq!(known.send().await.unwrap().status(), 200);
    world.finish().await;
}

#[tokio::test]
async fn a_providers_refusal_is_the_callers_own_and_is_passed_on() {
    let world = begin(&[]).await;
    world.groq.set_default(Reply::answer("Yes"));
    let refusal = |code: &str, param: Value| {
        json!({ "error": { "message": "it is too long", "type": "invalid_request_error",
            "param": param, "code": code } })
    };
    for (status, param, code) in [
        (400, json!("messages"), "context_length_exceeded"),
        (404, json!("model"), "model_not_found"),
        (413, Value::Null, "too_large"),
        (422, json!("tools[0].function"), "invalid_value"),
    ] {
        for body in [call("openai/m"), streamed(&call("openai/m"))] {
            world
                .openai
                .queue(Reply::json(status, &refusal(code, param.clone())));
            let answer = world.complete(&body).await;
            let (came, error) = failure(answer).await;
            assert_eq!(came, status, "{error}");
            let expected = ("invalid_request_error", &param, &json!(code));
            assert_eq!(fields(&error), expected, "{error}");
            assert!(
                error["message"]
                    .as_str()
                    .unwrap()
                    .contains("it is too long"),
                "{error}"
            );
        }
    }
    world.openai.queue(Reply::body(400, "text/html", "<html>"));
    let (status, error) = failure(world.complete(&call("openai/m")).await).await;
    assert_eq!(
        (status, fields(&error)),
        (400, ("invalid_request_error", &Value::Null, &Value::Null))
    );
    // Nobody else was asked, and the breaker heard of no failure.
    assert_eq!(world.calls_of_both(), (9, 0));
    let states = world.app.app.router().member("openai").unwrap();
    let seen = states.snapshot(world.app.app.clock().now());
    assert_eq!(seen.breakers[0].1.failures_in_a_row, 0);
    world.finish().await;
}

#[tokio::test]
async fn a_key_that_a_provider_does_not_take_is_not_shown_to_callers() {
    let world = begin(&[("LLM_FALLBACK_PROVIDERS", "openai")]).await;
    let says = json!({ "error": { "message": "Incorrect API key provided: sk-openai",
        "type": "invalid_request_error", "param": null, "code": "invalid_api_key" } });
    world.openai.queue(Reply::json(401, &says));
    let (status, error) = failure(world.complete(&call("openai/m")).await).await;
    assert_eq!(
        (status, &error["code"]),
        (503, &json!("llm_unavailable")),
        "{error}"
    );
    assert!(!error.to_string().contains("sk-openai"), "{error}");
    // It is left alone then.
    assert_eq!(world.complete(&call("openai/m")).await.status(), 503);
    assert_eq!(world.calls_of_both(), (1, 0));
    world.finish().await;
}

#[tokio::test]
async fn when_all_breakers_are_open_callers_get_retry_after() {
    let world = begin(&[("LLM_BREAKER_FAILURE_THRESHOLD", "1")]).await;
    let (status, error) = failure(world.complete(&call("openai/m")).await).await;
    assert_eq!(
        (status, &error["code"]),
        (503, &json!("llm_unavailable")),
        "{error}"
    );
    assert_eq!(world.calls_of_both(), (1, 1));
    for body in [call("openai/m"), streamed(&call("openai/m"))] {
        let answer = world.complete(&body).await;
        let wait: u64 = header(&answer, "retry-after").parse().unwrap();
        assert!((1..=30).contains(&wait), "{wait}");
        assert_eq!(header(&answer, "x-should-retry"), "false");
        let (status, error) = failure(answer).await;
        assert_eq!(status, 503);
        let expected = ("server_error", &Value::Null, &json!("llm_unavailable"));
        assert_eq!(fields(&error), expected, "{error}");
        let message = error["message"].as_str().unwrap();
        for name in ["openai", "groq"] {
            assert!(
                message.contains(&format!("Circuit breaker open: {name}")),
                "{message}"
            );
        }
    }
    assert_eq!(world.calls_of_both(), (1, 1));
    world.finish().await;
}

#[tokio::test]
async fn a_provider_that_wants_rest_is_the_callers_to_wait_for_when_it_is_alone() {
    let world = begin(&[("LLM_FALLBACK_PROVIDERS", "openai")]).await;
    let busy = Reply::error_with_header(429, "rate_limit_exceeded", "retry-after", "3600");
    world.openai.queue(busy);
    // The second is told without a call.
    for _ in 0..2 {
        let answer = world.complete(&call("openai/m")).await;
        let wait: u64 = header(&answer, "retry-after").parse().unwrap();
        assert!((50..=60).contains(&wait), "{wait}");
        let limit = header(&answer, "x-ratelimit-limit");
        assert!(limit.is_empty(), "nobody knows it, so it is not {limit}");
        let (status, error) = failure(answer).await;
        let expected = (
            "rate_limit_error",
            &Value::Null,
            &json!("rate_limit_exceeded"),
        );
        assert_eq!((status, fields(&error)), (429, expected), "{error}");
        assert!(
            error["message"]
                .as_str()
                .unwrap()
                .contains("Rate limit exceeded"),
            "{error}"
        );
    }
    assert_eq!(world.calls_of_both(), (1, 0));
    let gauge = r#"rag_circuit_breaker_state{operation="chat",provider="openai"}"#;
    assert_eq!(world.app.metric(gauge).await, 0.0);
    world.finish().await;
}

#[tokio::test]
async fn a_provider_that_wants_rest_is_stood_in_for() {
    let world = begin(&[]).await;
    world.openai.queue(Reply::error_with_header(
        429,
        "rate_limit_exceeded",
        "retry-after",
        "30",
    ));
    world.groq.set_default(Reply::answer("Yes"));
    for attempts in ["2", "1"] {
        let answer = world.complete(&call("openai/m")).await;
        assert_eq!(
            (answer.status().as_u16(), header(&answer, "x-ragd-provider")),
            (200, "groq")
        );
        assert_eq!(header(&answer, "x-ragd-attempts"), attempts);
    }
    assert_eq!(world.calls_of_both(), (1, 2));
    let counted = r#"ragd_fallbacks_total{from="openai",reason="rate_limited",to="groq"}"#;
    assert_eq!(world.app.metric(counted).await, 2.0);
    world.finish().await;
}

#[tokio::test]
async fn without_a_provider_there_is_no_such_model() {
    let app = crate::support::app::TestApp::spawn().await;
    let request = app.post(COMPLETIONS).bearer_auth(app.api_key);
    let body = with(call("gpt-9"), "stream", json!(false));
    let (status, error) = failure(request.json(&body).send().await.unwrap()).await;
    let expected = (
        "invalid_request_error",
        &json!("model"),
        &json!("model_not_found"),
    );
    assert_eq!((status, fields(&error)), (404, expected), "{error}");
    app.finish().await;
}
