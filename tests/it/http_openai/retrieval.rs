//! Questions that are answered from the documents through OpenAI's API: with citations, with the
//! turns that a client brings along, or in a session.

use super::{
    assert_one_name, begin, call, failure, finish_of, header, read, streamed, text_of, with,
};
use crate::support::scripted;
use crate::support::world::{QUESTION, TEXT, World};
use ragd::stub_llm::Reply;
use serde_json::{Value, json};

const ANSWER: &str = "Grüße! The guarantee lasts twenty-seven months [1].";

/// A world with one document, and a model that answers from it.
async fn begin_with_document() -> World {
    // Words alone are asked for, so nothing is missing without a model of vectors.
    let world = begin(&[("HYBRID_VEC_WEIGHT", "0")]).await;
    world.take_in("guarantee.txt", TEXT).await;
    scripted::answer_all(&world.openai, ANSWER);
    world
}

fn asking(model: &str) -> Value {
    with(
        call(model),
        "messages",
        json!([{ "role": "user", "content": QUESTION }]),
    )
}

/// What the model was told the last time, without the instructions: roles and texts.
fn told(world: &World) -> Vec<(String, String)> {
    let requests = world.openai.requests();
    let messages = requests.last().unwrap().body["messages"]
        .as_array()
        .unwrap()
        .clone();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let told = messages
        .iter()
        .map(|one| (text(&one["role"]), text(&one["content"])));
    told.skip(1).collect()
}

/// Checks that each annotation marks a place of `text` that cites, and names the document.
fn assert_annotated(annotations: &Value, text: &str) {
    let annotations = annotations.as_array().unwrap();
    assert_eq!(annotations.len(), 1, "{annotations:?}");
    for annotation in annotations {
        assert_eq!(annotation["type"], "url_citation");
        let citation = &annotation["url_citation"];
        let place = |field: &str| usize::try_from(citation[field].as_u64().unwrap()).unwrap();
        let (start, end) = (place("start_index"), place("end_index"));
        let marked: String = text.chars().skip(start).take(end - start).collect();
        assert_eq!(marked, "[1]", "{text}");
        assert_eq!(citation["title"], "guarantee.txt");
        assert!(
            citation["url"].as_str().unwrap().ends_with("guarantee.txt"),
            "{citation}"
        );
    }
}

fn assert_cited(citations: &Value) {
    let citations = citations.as_array().unwrap();
    assert_eq!(citations.len(), 1, "{citations:?}");
    let citation = &citations[0];
    assert_eq!(
        (&citation["index"], &citation["text"]),
        (&json!(1), &json!(TEXT))
    );
    assert_eq!(
        (&citation["title"], &citation["status"]),
        (&json!("guarantee.txt"), &json!("supported"))
    );
    assert_eq!(citation["char_start"], 0);
    assert!(citation["score"].as_f64().unwrap() > 0.5, "{citation}");
    for field in ["passage_id", "document_id", "url"] {
        assert!(citation[field].is_string(), "{citation}");
    }
}

#[tokio::test]
async fn model_ragd_answers_from_the_documents_with_citations() {
    let world = begin_with_document().await;
    let answer = world.complete(&asking("ragd")).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(header(&answer, "x-ragd-provider"), "openai");
    assert_eq!(header(&answer, "x-ragd-model"), "gpt-4o-mini");
    assert_eq!(header(&answer, "x-ragd-fallback"), "false");
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(
        (&answer["object"], &answer["model"]),
        (&json!("chat.completion"), &json!("ragd"))
    );
    assert!(answer["id"].as_str().unwrap().starts_with("chatcmpl-"));
    assert!(answer["created"].as_i64().unwrap() > 0);
    let choice = &answer["choices"][0];
    assert_eq!(
        (&choice["index"], &choice["finish_reason"]),
        (&json!(0), &json!("stop"))
    );
    assert_eq!(choice["message"]["role"], "assistant");
    assert_eq!(choice["message"]["content"], ANSWER);
    assert_annotated(&choice["message"]["annotations"], ANSWER);
    assert_cited(&answer["citations"]);
    assert_eq!(answer["usage"]["prompt_tokens"], 7);
    let ragd = &answer["ragd"];
    assert_eq!(
        (&ragd["grounded"], &ragd["degraded"]),
        (&json!(true), &json!([]))
    );
    assert_eq!(ragd["provider"], "openai");
    assert!(ragd["session_id"].is_string() && ragd["confidence"].as_f64().unwrap() > 0.0);
    assert_eq!(told(&world), [("user".to_owned(), QUESTION.to_owned())]);
    world.finish().await;
}

#[tokio::test]
async fn a_stream_ends_with_the_citations() {
    let world = begin_with_document().await;
    let asked = with(
        asking("ragd"),
        "stream_options",
        json!({ "include_usage": true }),
    );
    let answer = world.complete(&streamed(&asked)).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(header(&answer, "x-ragd-provider"), "openai");
    let (chunks, is_done) = read(&answer.text().await.unwrap());
    assert!(is_done);
    assert_one_name(&chunks);
    assert_eq!(chunks[0]["choices"][0]["delta"]["role"], "assistant");
    assert_eq!(chunks[0]["model"], "ragd");
    let text = text_of(&chunks);
    assert_eq!(text, ANSWER);
    assert!(chunks.len() > 4, "it comes in pieces");
    let (usage, chunks) = chunks.split_last().unwrap();
    assert_eq!(
        (&usage["choices"], &usage["usage"]["prompt_tokens"]),
        (&json!([]), &json!(7))
    );
    let last = chunks.last().unwrap();
    assert_eq!(finish_of(chunks), "stop");
    assert_annotated(&last["choices"][0]["delta"]["annotations"], &text);
    assert_cited(&last["citations"]);
    assert_eq!(last["ragd"]["grounded"], true);
    assert!(chunks.iter().all(|chunk| chunk["usage"].is_null()));

    let plain = world.chunks(&asking("ragd")).await;
    assert!(
        plain.iter().all(|chunk| chunk["usage"].is_null()),
        "{plain:?}"
    );
    world.finish().await;
}

#[tokio::test]
async fn annotations_fit_the_text_that_the_client_has_seen() {
    let world = begin_with_document().await;
    // Nothing is source 9: the marker is no part of the answer.
    let answer = "Grüße [9]! The guarantee lasts twenty-seven months [1].";
    scripted::answer_all(&world.openai, answer);
    let whole = world.completion(&asking("ragd")).await;
    let message = &whole["choices"][0]["message"];
    assert_annotated(
        &message["annotations"],
        message["content"].as_str().unwrap(),
    );
    let chunks = world
        .chunks(&with(asking("ragd"), "temperature", json!(0.5)))
        .await;
    let last = chunks.last().unwrap();
    assert_annotated(
        &last["choices"][0]["delta"]["annotations"],
        &text_of(&chunks),
    );
    world.finish().await;
}

#[tokio::test]
async fn a_field_asks_another_model_to_answer_from_the_documents() {
    let world = begin_with_document().await;
    scripted::answer_all(&world.groq, ANSWER);
    for (model, ragd, upstream, asked) in [
        ("openai/small", json!(true), &world.openai, "small"),
        ("tiny", json!({}), &world.openai, "tiny"),
        (
            "groq/llama",
            json!({ "top_k": 3, "collection": "default" }),
            &world.groq,
            "llama",
        ),
        (
            "ragd",
            json!({ "provider": "groq" }),
            &world.groq,
            "llama-3.3-70b-versatile",
        ),
        (
            "ragd",
            json!({ "model": "groq/other" }),
            &world.groq,
            "other",
        ),
        ("ragd", json!(false), &world.openai, "gpt-4o-mini"),
    ] {
        let answer = world
            .completion(&with(asking(model), "ragd", ragd.clone()))
            .await;
        assert_eq!(answer["model"], model, "{ragd}");
        assert_cited(&answer["citations"]);
        let sent = upstream.requests().pop().unwrap().body;
        assert_eq!(sent["model"], asked, "{model} {ragd}");
        assert!(sent.get("ragd").is_none());
        assert!(
            sent["messages"][0]["content"]
                .as_str()
                .unwrap()
                .contains(TEXT),
            "{sent}"
        );
    }
    assert_eq!(world.calls_of_both(), (3, 3));
    for (model, ragd) in [("openai/small", json!(false)), ("small", Value::Null)] {
        let answer = world.completion(&with(asking(model), "ragd", ragd)).await;
        assert!(answer.get("citations").is_none(), "{answer}");
    }
    world.finish().await;
}

#[tokio::test]
async fn what_is_said_wrongly_of_the_retrieval_is_refused() {
    let world = begin_with_document().await;
    for (field, ragd) in [
        ("ragd.top_k", json!({ "top_k": 0 })),
        ("session_id", json!({ "session_id": "a b" })),
        ("collection", json!({ "collection": "" })),
        ("provider", json!({ "provider": "nobody" })),
    ] {
        let body = with(asking("ragd"), "ragd", ragd);
        for body in [body.clone(), streamed(&body)] {
            let (status, error) = failure(world.complete(&body).await).await;
            assert_eq!(status, 400, "{error}");
            let message = error["message"].as_str().unwrap();
            assert!(message.contains(field), "{field}: {error}");
        }
    }
    assert_eq!(world.calls_of_both(), (0, 0));
    world.finish().await;
}

#[tokio::test]
async fn the_sources_answer_by_themselves_when_they_are_asked_to() {
    let world = begin_with_document().await;
    let answer = world.completion(&asking("extractive")).await;
    let said = answer["choices"][0]["message"]["content"].as_str().unwrap();
    assert!(
        said.contains("twenty-seven months") && said.contains("[1]"),
        "{said}"
    );
    assert_eq!(answer["ragd"]["provider"], "extractive");
    assert_eq!(world.calls_of_both(), (0, 0));
    world.finish().await;
}

#[tokio::test]
async fn the_turns_before_reach_the_model_and_part_answers_from_each_other() {
    let world = begin_with_document().await;
    let conversation = |town: &str| {
        json!([
            { "role": "system", "content": "Be kind." },
            { "role": "user", "content": format!("I live in {town}.") },
            { "role": "assistant", "content": null,
              "tool_calls": [{ "id": "c", "type": "function", "function": { "name": "f", "arguments": "{}" } }] },
            { "role": "tool", "tool_call_id": "c", "content": "unheard" },
            { "role": "assistant", "content": [{ "type": "text", "text": "I see." }] },
            { "role": "user", "content": [{ "type": "text", "text": QUESTION }] },
        ])
    };
    for (asked, town) in ["Oslo", "Bergen"].into_iter().enumerate() {
        let body = with(asking("ragd"), "messages", conversation(town));
        world.completion(&body).await;
        let expected = [
            ("system", "Be kind.".to_owned()),
            ("user", format!("I live in {town}.")),
            ("assistant", "I see.".to_owned()),
            ("user", QUESTION.to_owned()),
        ];
        let expected = expected.map(|(role, text)| (role.to_owned(), text));
        assert_eq!(told(&world), expected);
        assert_eq!(world.calls_of_both().0, asked + 1);
    }
    // A question without turns before is nobody's conversation: its answer is kept for the next.
    world.completion(&asking("ragd")).await;
    world.completion(&asking("ragd")).await;
    assert_eq!(world.calls_of_both().0, 3);
    world.finish().await;
}

#[tokio::test]
async fn a_session_remembers_by_itself() {
    let world = begin_with_document().await;
    let in_session = |content: &str| {
        let messages = json!([
            { "role": "user", "content": "Unheard." },
            { "role": "assistant", "content": "Unheard." },
            { "role": "user", "content": content },
        ]);
        let body = with(asking("ragd"), "messages", messages);
        with(body, "ragd", json!({ "session_id": "s-1" }))
    };
    let first = world.completion(&in_session(QUESTION)).await;
    assert_eq!(first["ragd"]["session_id"], "s-1");
    let again = "And in months, the guarantee of the espresso machine?";
    let chunks = world.chunks(&in_session(again)).await;
    assert_eq!(chunks.last().unwrap()["ragd"]["session_id"], "s-1");
    let expected = [("user", QUESTION), ("assistant", ANSWER), ("user", again)];
    let expected = expected.map(|(role, text)| (role.to_owned(), text.to_owned()));
    assert_eq!(told(&world), expected);
    world.finish().await;
}

#[tokio::test]
async fn a_failure_is_reported_before_or_within_the_stream() {
    let world = begin_with_document().await;
    let refused =
        json!({ "error": { "message": "no", "code": "content_policy", "param": "messages" } });
    world.openai.queue(Reply::json(400, &refused));
    let (status, error) = failure(world.complete(&streamed(&asking("ragd"))).await).await;
    assert_eq!(
        (status, &error["type"]),
        (400, &json!("invalid_request_error")),
        "{error}"
    );

    world
        .openai
        .queue(Reply::tokens(&["The guarantee "]).close());
    let answer = world.complete(&streamed(&asking("ragd"))).await;
    assert_eq!(answer.status(), 200);
    let (mut chunks, is_done) = read(&answer.text().await.unwrap());
    assert!(!is_done);
    let error = chunks.pop().unwrap();
    assert_eq!(
        (&error["error"]["code"], &error["error"]["partial"]),
        (&json!("llm_unavailable"), &json!(true))
    );
    assert_eq!(text_of(&chunks), "The guarantee ");
    assert!(
        chunks
            .iter()
            .all(|chunk| chunk["choices"][0]["finish_reason"].is_null())
    );
    world.finish().await;
}

#[tokio::test]
async fn a_fallback_is_named_with_the_answer() {
    let world = begin_with_document().await;
    world.openai.queue(Reply::error(500, "down"));
    scripted::answer_all(&world.groq, ANSWER);
    let answer = world.complete(&asking("ragd")).await;
    assert_eq!(header(&answer, "x-ragd-provider"), "groq");
    assert_eq!(header(&answer, "x-ragd-fallback"), "true");
    assert_eq!(header(&answer, "x-ragd-attempts"), "2");
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["ragd"]["degraded"], json!(["provider_fallback"]));
    // Such an answer is not kept.
    world.completion(&asking("ragd")).await;
    assert_eq!(world.calls_of_both(), (2, 1));
    world.finish().await;
}
