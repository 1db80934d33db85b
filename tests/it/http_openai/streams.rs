//! Streams of providers: one name from the first chunk to the last, whatever the upstream writes;
//! fallback until the first content, an honest end after it.

use super::{
    COMPLETIONS, assert_one_name, bare, begin, call, finish_of, header, read, streamed, text_of,
    with,
};
use crate::support::scripted;
use crate::support::until::{SOON, until, within};
use ragd::stub_llm::Reply;
use serde_json::{Value, json};
use std::time::Duration;

/// A chunk of choice `index`.
fn of_choice(index: usize, delta: &Value, reason: &Value) -> Value {
    json!({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_767_000_000, "model": "m",
        "choices": [{ "index": index, "delta": delta, "finish_reason": reason }],
    })
}

#[tokio::test]
async fn a_stream_has_the_form_that_clients_expect() {
    let world = begin(&[]).await;
    world.openai.queue(Reply::stream(&["Grü", "ße ", "allen"]));
    let answer = world.complete(&streamed(&call("openai/small"))).await;
    assert_eq!(answer.status(), 200);
    assert!(header(&answer, "content-type").starts_with("text/event-stream"));
    assert_eq!(header(&answer, "cache-control"), "no-cache");
    assert_eq!(header(&answer, "x-ragd-provider"), "openai");
    assert_eq!(header(&answer, "x-ragd-model"), "small");
    assert_eq!(header(&answer, "x-ragd-attempts"), "1");
    assert!(!answer.headers().contains_key("content-encoding"));
    let (chunks, is_done) = read(&answer.text().await.unwrap());
    assert!(is_done);
    assert_one_name(&chunks);
    assert_eq!(chunks[0]["choices"][0]["delta"]["role"], "assistant");
    assert_eq!(text_of(&chunks), "Grüße allen");
    assert_eq!(finish_of(&chunks), "stop");
    // The end comes last, and nobody asked for the usage.
    assert_eq!(
        chunks.last().unwrap()["choices"][0]["finish_reason"],
        "stop"
    );
    assert!(
        chunks.iter().all(|chunk| chunk["usage"].is_null()),
        "{chunks:?}"
    );

    let sent = &world.openai.requests()[0].body;
    assert_eq!(
        (&sent["model"], &sent["stream"]),
        (&json!("small"), &json!(true))
    );
    // Metrics want to know what it took.
    assert_eq!(sent["stream_options"], json!({ "include_usage": true }));
    let outcome = r#"ragd_stream_outcomes_total{outcome="complete"}"#;
    assert_eq!(world.app.metric(outcome).await, 1.0);
    world.finish().await;
}

#[tokio::test]
async fn the_name_is_one_though_the_upstream_changes_or_forgets_it() {
    let world = begin(&[]).await;
    let named = |id: &str, model: &str, text: &str| {
        let mut chunk = scripted::delta(&json!({ "content": text }));
        chunk["id"] = json!(id);
        chunk["model"] = json!(model);
        chunk["created"] = json!(id.len());
        chunk
    };
    let changing = Reply::stream_head()
        .event(&named("first", "a", "One "))
        .event(&named("second", "b", "two "))
        .event(&bare(
            &json!({ "index": 0, "delta": { "content": "three" } }),
        ))
        .event(&scripted::stop_chunk())
        .done();
    world.openai.queue(changing);
    let chunks = world.chunks(&call("openai/small")).await;
    assert_one_name(&chunks);
    assert_eq!(
        (&chunks[0]["id"], &chunks[0]["model"]),
        (&json!("first"), &json!("a"))
    );
    assert_eq!(text_of(&chunks), "One two three");

    let nameless = Reply::stream_head()
        .event(&bare(&json!({ "delta": { "content": "Yes" } })))
        .event(&bare(&json!({ "delta": {}, "finish_reason": "length" })))
        .done();
    world.openai.queue(nameless);
    let chunks = world.chunks(&call("openai/small")).await;
    assert_one_name(&chunks);
    assert_eq!(chunks[0]["model"], "small");
    assert_eq!(chunks[0]["choices"][0]["delta"]["role"], "assistant");
    assert_eq!(
        (text_of(&chunks).as_str(), finish_of(&chunks)),
        ("Yes", "length")
    );
    world.finish().await;
}

#[tokio::test]
async fn a_reason_to_stop_is_given_where_the_upstream_gives_none() {
    let world = begin(&[]).await;
    world.openai.queue(Reply::tokens(&["Yes"]).done());
    let chunks = world.chunks(&call("openai/small")).await;
    assert_eq!(
        (text_of(&chunks).as_str(), finish_of(&chunks)),
        ("Yes", "stop")
    );
    assert_one_name(&chunks);
    world.finish().await;
}

#[tokio::test]
async fn the_usage_comes_last_and_only_when_it_is_asked_for() {
    let world = begin(&[]).await;
    let usage = json!({ "prompt_tokens": 7, "completion_tokens": 1, "total_tokens": 8,
        "prompt_tokens_details": { "cached_tokens": 5 } });
    let apart = || {
        let last = with(scripted::delta(&json!({})), "choices", json!([]));
        let last = with(last, "usage", usage.clone());
        Reply::tokens(&["Yes"])
            .event(&scripted::stop_chunk())
            .event(&last)
            .done()
    };
    // Some upstreams send it with the end, or with every piece.
    let with_the_end = || {
        let end = with(scripted::stop_chunk(), "usage", usage.clone());
        let piece = with(
            scripted::delta(&json!({ "content": "Yes" })),
            "usage",
            usage.clone(),
        );
        Reply::stream_head().event(&piece).event(&end).done()
    };
    for reply in [apart(), with_the_end()] {
        world.openai.queue(reply.clone());
        let chunks = world.chunks(&call("openai/m")).await;
        assert!(
            chunks.iter().all(|chunk| chunk["usage"].is_null()),
            "{chunks:?}"
        );
        assert!(
            chunks.iter().all(|chunk| chunk["choices"] != json!([])),
            "{chunks:?}"
        );

        world.openai.queue(reply);
        let asked = with(
            call("openai/m"),
            "stream_options",
            json!({ "include_usage": true }),
        );
        let chunks = world.chunks(&asked).await;
        assert_one_name(&chunks);
        let (last, before) = chunks.split_last().unwrap();
        assert_eq!((&last["choices"], &last["usage"]), (&json!([]), &usage));
        assert!(
            before.iter().all(|chunk| chunk["usage"].is_null()),
            "{chunks:?}"
        );
        assert_eq!(
            (text_of(before).as_str(), finish_of(before)),
            ("Yes", "stop")
        );
    }
    world.finish().await;
}

#[tokio::test]
async fn tool_calls_and_reasoning_are_passed_on_piece_by_piece() {
    let world = begin(&[]).await;
    let deltas = [
        json!({ "role": "assistant", "content": null, "reasoning_content": "Hm, " }),
        json!({ "reasoning_content": "the weather." }),
        json!({ "tool_calls": [{ "index": 0, "id": "call_1", "type": "function",
            "function": { "name": "weather", "arguments": "" } }] }),
        json!({ "tool_calls": [{ "index": 0, "function": { "arguments": "{\"town\":" } }] }),
        json!({ "tool_calls": [{ "index": 0, "function": { "arguments": "\"Oslo\"}" } }] }),
    ];
    let reply = deltas.iter().fold(Reply::stream_head(), |reply, one| {
        reply.event(&of_choice(0, one, &Value::Null))
    });
    let end = of_choice(0, &json!({}), &json!("tool_calls"));
    world.openai.queue(reply.event(&end).done());
    let chunks = world.chunks(&call("openai/m")).await;
    let came: Vec<&Value> = chunks
        .iter()
        .map(|chunk| &chunk["choices"][0]["delta"])
        .collect();
    assert_eq!(came[..deltas.len()], deltas.iter().collect::<Vec<_>>());
    assert_eq!(finish_of(&chunks), "tool_calls");
    assert_one_name(&chunks);
    world.finish().await;
}

#[tokio::test]
async fn several_answers_at_once_each_come_to_their_end() {
    let world = begin(&[]).await;
    let text = |index, text| of_choice(index, &json!({ "content": text }), &Value::Null);
    let end = |index, reason| of_choice(index, &json!({}), &json!(reason));
    let reply = Reply::stream_head()
        .event(&text(0, "Yes"))
        .event(&text(1, "No"))
        .event(&end(0, "stop"))
        .event(&text(1, "pe"))
        .event(&end(1, "length"))
        .done();
    world.openai.queue(reply);
    let chunks = world.chunks(&with(call("openai/m"), "n", json!(2))).await;
    assert_eq!(world.openai.requests()[0].body["n"], 2);
    let mut texts = [String::new(), String::new()];
    let mut ends = [Value::Null, Value::Null];
    for choice in chunks
        .iter()
        .flat_map(|chunk| chunk["choices"].as_array().unwrap())
    {
        let index = usize::try_from(choice["index"].as_u64().unwrap()).unwrap();
        texts[index].push_str(choice["delta"]["content"].as_str().unwrap_or_default());
        if choice["finish_reason"].is_string() {
            assert!(ends[index].is_null(), "{choice}");
            ends[index] = choice["finish_reason"].clone();
        }
    }
    assert_eq!(texts, ["Yes", "Nope"]);
    assert_eq!(ends, ["stop", "length"]);
    world.finish().await;
}

#[tokio::test]
async fn before_the_first_content_there_is_fallback() {
    let no_content = || Reply::tokens(&[]);
    let error = json!({ "error": { "message": "overloaded" } });
    for (reply, what) in [
        (Reply::error(503, "busy"), "a status"),
        (no_content().close(), "a stream that breaks off"),
        (no_content().done(), "a stream without an answer"),
        (no_content().event(&error).end(), "an error in the stream"),
        (
            no_content().raw("data: {\"choi\n\n").end(),
            "what is no JSON",
        ),
    ] {
        let world = begin(&[]).await;
        world.openai.queue(reply);
        world.groq.queue(Reply::stream(&["From ", "groq"]));
        let answer = world.complete(&streamed(&call("openai/small"))).await;
        assert_eq!(answer.status(), 200, "{what}");
        assert_eq!(header(&answer, "x-ragd-provider"), "groq", "{what}");
        assert_eq!(header(&answer, "x-ragd-attempts"), "2", "{what}");
        assert_eq!(header(&answer, "x-ragd-fallback"), "true", "{what}");
        let (chunks, is_done) = read(&answer.text().await.unwrap());
        assert!(is_done, "{what}");
        assert_eq!(text_of(&chunks), "From groq", "{what}");
        assert_one_name(&chunks);
        assert_eq!(world.calls_of_both(), (1, 1), "{what}");
        world.finish().await;
    }
}

#[tokio::test]
async fn after_content_a_failure_ends_the_stream_without_fallback() {
    let call_begun = json!({ "tool_calls": [{ "index": 0, "id": "c", "type": "function",
        "function": { "name": "f", "arguments": "{" } }] });
    let thought = json!({ "reasoning_content": "Hm" });
    for (reply, shown) in [
        (
            Reply::tokens(&["Half ", "an answer"]).close(),
            "Half an answer",
        ),
        (
            Reply::tokens(&["Half"])
                .event(&json!({ "error": { "message": "no" } }))
                .end(),
            "Half",
        ),
        (Reply::tokens(&["Half"]).end(), "Half"),
        (
            Reply::tokens(&[])
                .event(&scripted::delta(&call_begun))
                .close(),
            "",
        ),
        (
            Reply::tokens(&[]).event(&scripted::delta(&thought)).close(),
            "",
        ),
    ] {
        let world = begin(&[]).await;
        world.openai.queue(reply);
        world.groq.set_default(Reply::stream(&["From groq"]));
        let answer = world.complete(&streamed(&call("openai/small"))).await;
        assert_eq!(
            (answer.status().as_u16(), header(&answer, "x-ragd-provider")),
            (200, "openai")
        );
        let (mut chunks, is_done) = read(&answer.text().await.unwrap());
        assert!(!is_done);
        let error = chunks.pop().unwrap();
        assert_eq!(error["error"]["code"], "llm_unavailable", "{error}");
        assert_eq!(error["error"]["type"], "server_error");
        assert_eq!(error["error"]["partial"], true);
        assert!(
            error["error"]["message"]
                .as_str()
                .unwrap()
                .contains("openai"),
            "{error}"
        );
        assert_eq!(text_of(&chunks), shown);
        assert!(
            chunks
                .iter()
                .all(|chunk| chunk["choices"][0]["finish_reason"].is_null())
        );
        assert_eq!(world.calls_of_both(), (1, 0));
        let outcome = r#"ragd_stream_outcomes_total{outcome="error_after_content"}"#;
        assert_eq!(world.app.metric(outcome).await, 1.0);
        world.finish().await;
    }
}

#[tokio::test]
async fn a_client_that_goes_away_ends_the_call_upstream() {
    let world = begin(&[]).await;
    world.openai.queue(Reply::tokens(&["Half"]).hang());
    let mut answer = world
        .post(COMPLETIONS, &streamed(&call("openai/m")))
        .send()
        .await
        .unwrap();
    assert!(answer.chunk().await.unwrap().is_some());
    drop(answer);
    let gone = world.openai.clients_gone(1);
    within("the end of the call", Duration::from_secs(1), gone).await;
    let outcome = r#"ragd_stream_outcomes_total{outcome="client_abort"}"#;
    until("the outcome to be counted", SOON, || async {
        world.app.metric(outcome).await >= 1.0
    })
    .await;
    // It says nothing of the upstream.
    let member = world.app.app.router().member("openai").unwrap();
    let seen = member.snapshot(world.app.app.clock().now());
    assert_eq!(seen.breakers[0].1.failures_in_a_row, 0);
    world.finish().await;
}
