//! Streams as servers write them: without `[DONE]`, with chunks that have no choices, data over several
//! lines, calls without an index; a local model that is loaded first; a delay that only words name.

use super::{Kinds, call};
use crate::support::scripted;
use crate::support::sse;
use crate::support::world::Setup;
use ragd::stub_llm::{Reply, Step};
use serde_json::{Value, json};
use std::time::Duration;

/// The chunks of a stream of `/v1` that must be valid and complete.
async fn chunks(kinds: &Kinds, reply: Reply) -> Vec<Value> {
    kinds.upstream.queue(reply);
    let mut asked = call();
    asked["stream"] = json!(true);
    asked["stream_options"] = json!({ "include_usage": true });
    let answer = kinds
        .world
        .post("/v1/chat/completions", &asked)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    let text = answer.text().await.unwrap();
    let mut events = sse::events(&text);
    assert_eq!(events.pop().unwrap().data, "[DONE]", "{text}");
    // Each event is one line of data: clients that read lines find JSON in each.
    for line in text.lines().filter(|line| !line.is_empty()) {
        assert!(line.starts_with("data: "), "{text}");
    }
    events.iter().map(sse::Event::json).collect()
}

fn text_of(chunks: &[Value]) -> String {
    chunks
        .iter()
        .filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str())
        .collect()
}

#[tokio::test]
async fn a_stream_that_is_closed_after_its_reason_to_stop_is_complete() {
    for name in ["openai", "ollama"] {
        let kinds = Kinds::begin(name, &[]).await;
        for _ in 0..6 {
            let reply = Reply::tokens(&["Yes", "."])
                .event(&scripted::stop_chunk())
                .end();
            let chunks = chunks(&kinds, reply).await;
            assert_eq!(text_of(&chunks), "Yes.");
        }
        let complete = r#"ragd_stream_outcomes_total{outcome="complete"}"#;
        assert_eq!(kinds.world.app.metric(complete).await, 6.0);
        kinds.end_untouched().await;
    }
}

#[tokio::test]
async fn chunks_without_choices_bring_news_only() {
    let kinds = Kinds::begin("openai", &[]).await;
    let filter = json!({ "id": "", "object": "", "created": 0, "model": "",
        "prompt_filter_results": [{ "prompt_index": 0 }] });
    let usage = json!({ "id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
        "usage": { "prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5 } });
    let reply = Reply::stream_head()
        .event(&filter)
        .event(&scripted::delta(
            &json!({ "role": "assistant", "content": "Yes" }),
        ))
        .event(&json!({ "usage": { "prompt_tokens": 3 } }))
        .event(&scripted::stop_chunk())
        .event(&usage)
        .done();
    let chunks = chunks(&kinds, reply).await;
    assert_eq!(text_of(&chunks), "Yes");
    assert_eq!(chunks.last().unwrap()["usage"]["total_tokens"], 5);
    kinds.end_untouched().await;
}

#[tokio::test]
async fn data_over_several_lines_is_passed_on_as_one() {
    let kinds = Kinds::begin("openai", &[]).await;
    let pretty = |value: &Value| {
        let text = serde_json::to_string_pretty(value).unwrap();
        let lines: Vec<String> = text.lines().map(|line| format!("data: {line}\n")).collect();
        format!("{}\n", lines.concat())
    };
    let reply = Reply::stream_head()
        .raw(&pretty(&scripted::delta(
            &json!({ "role": "assistant", "content": "Yes" }),
        )))
        .raw(&pretty(&scripted::delta(&json!({ "content": ", it is" }))))
        .raw(&pretty(&scripted::stop_chunk()))
        .done();
    assert_eq!(text_of(&chunks(&kinds, reply).await), "Yes, it is");
    kinds.end_untouched().await;
}

#[tokio::test]
async fn calls_without_an_index_get_one_each() {
    let kinds = Kinds::begin("ollama", &[]).await;
    let begin = |id: &str| json!({ "id": id, "type": "function", "function": { "name": "look", "arguments": "{}" } });
    let calls =
        |calls: Value| scripted::delta(&json!({ "role": "assistant", "tool_calls": calls }));
    let mut last = scripted::stop_chunk();
    last["choices"][0]["finish_reason"] = json!("tool_calls");
    let reply = Reply::stream_head()
        .event(&calls(json!([begin("a"), begin("b")])))
        .event(&calls(json!([begin("c")])))
        .event(&last)
        .done();
    let chunks = chunks(&kinds, reply).await;
    let indexes: Vec<(String, u64)> = chunks
        .iter()
        .filter_map(|chunk| chunk["choices"][0]["delta"]["tool_calls"].as_array())
        .flatten()
        .map(|call| {
            (
                call["id"].as_str().unwrap().to_owned(),
                call["index"].as_u64().unwrap(),
            )
        })
        .collect();
    let expected = [("a", 0), ("b", 1), ("c", 2)].map(|(id, index)| (id.to_owned(), index));
    assert_eq!(indexes, expected);
    kinds.end_untouched().await;
}

#[tokio::test]
async fn a_model_that_is_loaded_first_is_waited_for_where_nobody_else_can_answer() {
    let ollama = scripted::start().await;
    let url = ollama.base_url();
    let begin = async |fallback: &str| {
        let hurried = [
            ("OLLAMA_URL", url.as_str()),
            ("LLM_PROVIDER", "ollama"),
            ("LLM_FALLBACK_PROVIDERS", fallback),
            ("LLM_FIRST_CONTENT_TIMEOUT_SECONDS", "1"),
            ("LLM_TOTAL_TIMEOUT_SECONDS", "30"),
            ("LLM_RETRIES", "0"),
        ];
        Setup::new().with_document().set(&hurried).start().await
    };
    let loading = || Step::Pause(Duration::from_millis(2_500));
    let cold = || Reply::stream(&["It ", "lasts."]).after(loading());
    let alone = begin("ollama").await;
    ollama.queue(cold());
    let events = alone.stream().await;
    assert_eq!(events.last().unwrap().0, "done", "{events:?}");
    alone.finish().await;
    // Another provider is asked instead where there is one.
    let world = begin("openai").await;
    scripted::answer_all(&world.openai, "From openai.");
    ollama.queue(cold());
    let events = world.stream().await;
    let (_, done) = events.last().unwrap();
    assert_eq!(done["answer"], "From openai.", "{events:?}");
    world.finish().await;
}

#[tokio::test]
async fn a_delay_that_only_the_words_name_is_kept() {
    let world = Setup::new()
        .with_groq()
        .with_document()
        .with_standing_clock();
    let world = world
        .set(&[("RESPONSE_CACHE_ENABLED", "false")])
        .start()
        .await;
    scripted::answer_all(&world.groq, "From groq.");
    let message = "Rate limit reached for model `m`. Please try again in 7.66s. Need more tokens?";
    let limited =
        json!({ "error": { "message": message, "type": "tokens", "code": "rate_limit_exceeded" } });
    world.openai.queue(Reply::json(429, &limited));
    scripted::answer_all(&world.openai, "From openai.");
    assert_eq!(world.ask_plainly().await["answer"], "From groq.");
    world.advance_ms(7_659);
    assert_eq!(world.ask_plainly().await["answer"], "From groq.");
    world.advance_ms(1);
    assert_eq!(world.ask_plainly().await["answer"], "From openai.");
    world.finish().await;
}
