//! Fields that ragd adds and an upstream does not take: learnt from the refusal, kept for the model.

use super::{Kinds, call};
use ragd::stub_llm::{Recorded, Reply};
use serde_json::{Value, json};

/// The refusal of a field, as one server writes it.
type Refusal = fn(&str) -> Reply;

/// Answers requests that lack the refused fields; refuses the others with `refusal` of the field.
fn refusing(kinds: &Kinds, fields: &'static [&'static str], refusal: Refusal) {
    kinds.upstream.compute(move |request: &Recorded| {
        let refused = fields
            .iter()
            .find(|field| request.body.get(field).is_some());
        match refused {
            Some(field) => refusal(field),
            None if request.body["stream"] == true => Reply::stream(&["The guarantee ", "lasts."]),
            None => Reply::answer("The guarantee lasts."),
        }
    });
}

fn openai(field: &str) -> Reply {
    let instead = if field == "max_tokens" {
        " Use 'max_completion_tokens' instead."
    } else {
        ""
    };
    let message =
        format!("Unsupported parameter: '{field}' is not supported with this model.{instead}");
    Reply::json(
        400,
        &json!({ "error": { "message": message, "type": "invalid_request_error", "param": field,
            "code": "unsupported_parameter" } }),
    )
}

fn validator(field: &str) -> Reply {
    Reply::json(
        422,
        &json!({ "detail": [{ "type": "extra_forbidden", "loc": ["body", field],
            "msg": "Extra inputs are not permitted", "input": 1 }] }),
    )
}

fn in_words(field: &str) -> Reply {
    let message = format!("Unrecognized request argument supplied: {field}");
    Reply::json(
        400,
        &json!({ "error": { "message": message, "type": "invalid_request_error" } }),
    )
}

fn last_body(kinds: &Kinds) -> Value {
    kinds.upstream.requests().last().unwrap().body.clone()
}

#[tokio::test]
async fn what_ragd_adds_is_left_out_where_it_is_refused() {
    let refusals: [(Refusal, bool); 3] = [(openai, true), (validator, false), (in_words, false)];
    for (refusal, names_another) in refusals {
        let kinds = Kinds::begin("openai", &[("RESPONSE_CACHE_ENABLED", "false")]).await;
        refusing(
            &kinds,
            &["max_tokens", "temperature", "stream_options"],
            refusal,
        );
        let question = json!({ "question": crate::support::world::QUESTION, "temperature": 0.2 });
        let answer = kinds.world.ask(&question).await;
        assert_eq!(answer["answer"], "The guarantee lasts.");
        assert_eq!(kinds.upstream.requests().len(), 3);
        let body = last_body(&kinds);
        assert_eq!(
            (body.get("max_tokens"), body.get("temperature")),
            (None, None)
        );
        assert_eq!(body.get("max_completion_tokens").is_some(), names_another);
        // From now on it is known; a stream learns about its own field.
        kinds.world.ask(&question).await;
        assert_eq!(kinds.upstream.requests().len(), 4);
        for calls in [6, 7] {
            let events = kinds.world.stream().await;
            assert_eq!(events.last().unwrap().0, "done");
            assert_eq!(kinds.upstream.requests().len(), calls);
        }
        let test = "/api/admin/providers/openai/test";
        let test = kinds
            .world
            .app
            .post(test)
            .bearer_auth(kinds.world.token().await);
        let found: Value = test.send().await.unwrap().json().await.unwrap();
        assert_eq!(found["ok"], true, "{found}");
        let learnt = found["learnt"].as_array().unwrap();
        for told in ["temperature is not sent", "stream_options is not sent"] {
            assert!(learnt.contains(&json!(told)), "{found}");
        }
        assert_eq!(learnt.len(), 3, "{found}");
        kinds.end_untouched().await;
    }
}

#[tokio::test]
async fn a_callers_own_field_is_refused_to_them_but_for_the_name_of_the_limit() {
    let kinds = Kinds::begin("openai", &[]).await;
    refusing(&kinds, &["max_tokens", "top_k"], openai);
    let mut asked = call();
    asked["max_tokens"] = json!(7);
    let answer = kinds
        .world
        .post("/v1/chat/completions", &asked)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(last_body(&kinds)["max_completion_tokens"], 7);
    asked["top_k"] = json!(3);
    let answer = kinds
        .world
        .post("/v1/chat/completions", &asked)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 400);
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["error"]["param"], "top_k", "{body}");
    // The lesson is this model's alone.
    let mut other = call();
    other["model"] = json!("other");
    other["max_tokens"] = json!(7);
    let before = kinds.upstream.requests().len();
    let answer = kinds
        .world
        .post("/v1/chat/completions", &other)
        .send()
        .await
        .unwrap();
    assert_eq!(
        (answer.status().as_u16(), kinds.upstream.requests().len()),
        (200, before + 2)
    );
    kinds.end_untouched().await;
}

#[tokio::test]
async fn a_refusal_that_is_about_a_value_is_no_lesson() {
    let kinds = Kinds::begin("openai", &[]).await;
    let message =
        "max_tokens is too large: 100000. This model supports at most 4096 completion tokens.";
    let refusal =
        json!({ "error": { "message": message, "param": "max_tokens", "code": "invalid_value" } });
    kinds.upstream.set_default(Reply::json(400, &refusal));
    let question = json!({ "question": crate::support::world::QUESTION });
    let answer = kinds.world.post("/chat", &question).send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), kinds.upstream.requests().len()),
        (422, 1)
    );
    kinds.end_untouched().await;
}
