//! A refusal, a content filter and a limit without visible text are answers: 200 with their reason, no
//! failure of the provider, nothing that another provider is asked again.

use super::{Kinds, call};
use crate::support::scripted;
use crate::support::sse;
use crate::support::world::QUESTION;
use proptest::prelude::{Strategy, any, prop};
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use ragd::stub_llm::Reply;
use serde_json::{Value, json};

/// The replies of one kind, whole and streamed.
struct Kind {
    provider: &'static str,
    whole: Reply,
    streamed: Reply,
    finish_reason: &'static str,
    /// What a native answer's text says.
    says: &'static str,
}

const DECLINED: &str = "declined the question";
const LIMIT: &str = "limit of tokens";

const ANTHROPIC_STREAM: &str = "event: message_start
data: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"model\":\"claude\",\"usage\":{\"input_tokens\":9}}}

event: message_delta
data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"refusal\"},\"usage\":{\"output_tokens\":1}}

event: message_stop
data: {\"type\":\"message_stop\"}

";

fn events(lines: &str) -> Reply {
    let mut reply = Reply::stream_head();
    for event in lines.split_inclusive("\n\n") {
        reply = reply.raw(event);
    }
    reply.end()
}

fn whole_openai(message: &Value, reason: &str) -> Reply {
    let choice = json!({ "index": 0, "message": message, "finish_reason": reason });
    Reply::json(
        200,
        &json!({ "id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice] }),
    )
}

fn streamed_openai(delta: &Value, reason: &str) -> Reply {
    let mut last = scripted::stop_chunk();
    last["choices"][0]["finish_reason"] = json!(reason);
    let head = scripted::delta(&json!({ "role": "assistant", "content": "" }));
    Reply::stream_head()
        .event(&head)
        .event(&scripted::delta(delta))
        .event(&last)
        .done()
}

fn kinds() -> Vec<Kind> {
    let azure = json!({ "error": { "code": "content_filter", "param": "prompt", "status": 400,
        "message": "The response was filtered.",
        "innererror": { "code": "ResponsibleAIPolicyViolation" } } });
    let policy = json!({ "error": { "code": "content_policy_violation", "message": "No." } });
    let anthropic = include_str!("../../../crates/llm/src/anthropic/fixtures/refusal.json");
    let blocked = include_str!("../../../crates/llm/src/gemini/fixtures/blocked.json");
    let unsafe_answer = include_str!("../../../crates/llm/src/gemini/fixtures/safety.json");
    let gemini = |body: &str| events(&format!("data: {}\n\n", body.replace('\n', "")));
    let json_body = |body: &str| Reply::body(200, "application/json", body);
    let kind = |provider, whole, streamed, finish_reason, says| Kind {
        provider,
        whole,
        streamed,
        finish_reason,
        says,
    };
    vec![
        kind(
            "openai",
            Reply::json(400, &azure),
            Reply::json(400, &azure),
            "content_filter",
            DECLINED,
        ),
        kind(
            "openai",
            Reply::json(400, &policy),
            Reply::json(400, &policy),
            "content_filter",
            DECLINED,
        ),
        kind(
            "openai",
            whole_openai(
                &json!({ "role": "assistant", "content": "" }),
                "content_filter",
            ),
            streamed_openai(&json!({}), "content_filter"),
            "content_filter",
            DECLINED,
        ),
        kind(
            "openai",
            whole_openai(
                &json!({ "role": "assistant", "content": null, "refusal": "I cannot help with that." }),
                "stop",
            ),
            streamed_openai(&json!({ "refusal": "I cannot help with that." }), "stop"),
            "stop",
            "I cannot help with that.",
        ),
        kind(
            "openai",
            whole_openai(&json!({ "role": "assistant", "content": "" }), "length"),
            streamed_openai(&json!({}), "length"),
            "length",
            LIMIT,
        ),
        kind(
            "groq",
            whole_openai(
                &json!({ "content": "", "reasoning_content": "Hm" }),
                "length",
            ),
            streamed_openai(&json!({ "reasoning_content": "Hm" }), "length"),
            "length",
            LIMIT,
        ),
        kind(
            "anthropic",
            json_body(anthropic),
            events(ANTHROPIC_STREAM),
            "content_filter",
            DECLINED,
        ),
        kind(
            "google",
            json_body(blocked),
            gemini(blocked),
            "content_filter",
            DECLINED,
        ),
        kind(
            "google",
            json_body(unsafe_answer),
            gemini(unsafe_answer),
            "content_filter",
            DECLINED,
        ),
    ]
}

#[tokio::test]
async fn an_answer_that_is_withheld_is_an_answer_on_every_route() {
    for kind in kinds() {
        let kinds = if kind.provider == "groq" {
            Kinds::begin("openai", &[]).await
        } else {
            Kinds::begin(kind.provider, &[]).await
        };
        let (world, upstream) = (&kinds.world, &kinds.upstream);
        let what = format!("{} {} {}", kind.provider, kind.finish_reason, kind.says);
        // More often than failures open a breaker; the same question, which must not be cached.
        for calls in 1..=3 {
            upstream.queue(kind.whole.clone());
            let answer = world.ask_plainly().await;
            assert!(
                answer["answer"].as_str().unwrap().contains(kind.says),
                "{what}: {answer}"
            );
            assert_eq!(
                (&answer["grounded"], &answer["degraded"]),
                (&json!(false), &json!(["vector"]))
            );
            upstream.queue(kind.streamed.clone());
            let streamed = world.stream().await;
            let (name, done) = streamed.last().unwrap();
            assert_eq!(name, "done", "{what}: {streamed:?}");
            assert!(
                done["answer"].as_str().unwrap().contains(kind.says),
                "{what}: {done}"
            );
            let tokens = streamed.iter().filter(|(name, _)| name == "token");
            assert!(tokens.count() > 0, "{what}");

            upstream.queue(kind.whole.clone());
            let answer = world
                .post("/v1/chat/completions", &call())
                .send()
                .await
                .unwrap();
            assert_eq!(answer.status(), 200, "{what}");
            let body: Value = answer.json().await.unwrap();
            assert_eq!(
                body["choices"][0]["finish_reason"], kind.finish_reason,
                "{what}: {body}"
            );
            upstream.queue(kind.streamed.clone());
            let mut asked = call();
            asked["stream"] = json!(true);
            let answer = world
                .post("/v1/chat/completions", &asked)
                .send()
                .await
                .unwrap();
            let text = answer.text().await.unwrap();
            let events = sse::events(&text);
            assert_eq!(events.last().unwrap().data, "[DONE]", "{what}: {text}");
            let reasons: Vec<Value> = events[..events.len() - 1]
                .iter()
                .map(|event| event.json()["choices"][0]["finish_reason"].clone())
                .filter(|reason| !reason.is_null())
                .collect();
            assert_eq!(reasons, [json!(kind.finish_reason)], "{what}: {text}");

            upstream.queue(kind.whole.clone());
            let cited =
                json!({ "model": "ragd", "messages": [{ "role": "user", "content": QUESTION }] });
            let answer = world
                .post("/v1/chat/completions", &cited)
                .send()
                .await
                .unwrap();
            let body: Value = answer.json().await.unwrap();
            assert_eq!(
                body["choices"][0]["finish_reason"], kind.finish_reason,
                "{what}: {body}"
            );
            assert_eq!(upstream.requests().len(), calls * 5, "{what}");
        }
        kinds.end_untouched().await;
    }
}

/// What one caller brings about: it says nothing about the provider.
#[derive(Debug, Clone, Copy)]
enum Callers {
    Withheld(usize),
    BadRequest(u16),
    ClientGone,
}

#[tokio::test]
async fn no_row_of_callers_own_outcomes_moves_a_breaker() {
    let kinds = Kinds::begin("openai", &[("LLM_FALLBACK_PROVIDERS", "openai")]).await;
    let withheld: Vec<Reply> = self::kinds()
        .into_iter()
        .filter(|kind| kind.provider == "openai")
        .map(|kind| kind.whole)
        .collect();
    let count = withheld.len();
    let outcome =
        (0..6_u8, any::<prop::sample::Index>()).prop_map(move |(which, index)| match which {
            0 => Callers::BadRequest([400, 404, 413, 422][index.index(4)]),
            1 => Callers::ClientGone,
            _ => Callers::Withheld(index.index(count)),
        });
    let rows = (0..5_u64, proptest::collection::vec(outcome, 1..12));
    let mut runner = TestRunner::deterministic();
    let (world, upstream) = (&kinds.world, &kinds.upstream);
    for _ in 0..40 {
        let (failures, row) = rows.new_tree(&mut runner).unwrap().current();
        let reset = "/api/admin/providers/openai/reset";
        let reset = world.app.post(reset).bearer_auth(world.token().await);
        assert_eq!(reset.send().await.unwrap().status(), 200);
        for _ in 0..failures {
            upstream.queue(Reply::error(500, "down"));
            assert_eq!(world.ask_for_status().await, 503);
        }
        for outcome in &row {
            match outcome {
                Callers::Withheld(at) => {
                    upstream.queue(withheld[*at].clone());
                    assert_eq!(world.ask_for_status().await, 200, "{row:?}");
                }
                Callers::BadRequest(status) => {
                    upstream.queue(Reply::error(*status, "no"));
                    assert_eq!(world.ask_for_status().await, 422, "{row:?}");
                }
                Callers::ClientGone => {
                    upstream.queue(Reply::silence());
                    let before = upstream.requests().len();
                    let gone = tokio::spawn(world.question().send());
                    crate::support::until::until("a call", crate::support::until::SOON, || async {
                        upstream.requests().len() > before
                    })
                    .await;
                    gone.abort();
                }
            }
        }
        let seen = kinds.seen().await;
        let chat = &seen["breakers"]["chat"];
        assert_eq!(
            (&chat["state"], &chat["failures_in_a_row"]),
            (&json!("closed"), &json!(failures)),
            "{row:?}"
        );
    }
    kinds.world.finish().await;
}
