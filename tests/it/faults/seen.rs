//! Whether what a client was sent is what its view of the case asks for: the status, the headers, and
//! a body in OpenAI's shape with exactly one ending.

use super::case::{Case, View};
use super::findings::Findings;
use super::script::{BEGINNING, TOKENS, WORDS};
use super::stage::{STAND_IN, Seen};
use crate::support::sse;
use serde_json::Value;

/// Checks what the client of `case` was sent.
pub fn check(case: &Case, (seen, names): (&Seen, (&str, &str)), findings: &mut Findings) {
    match case.view() {
        View::Answer => {
            findings.same("the status", seen.status, 200);
            served(seen, (names.0, 1, false), findings);
            complete(case, (seen, &TOKENS.concat()), findings);
        }
        View::StandIn { calls } => {
            findings.same("the status", seen.status, 200);
            served(seen, (names.1, calls, true), findings);
            complete(case, (seen, &STAND_IN.concat()), findings);
            findings.holds(
                "no text of the first provider",
                !seen.text.contains(BEGINNING),
            );
        }
        View::Part => {
            findings.same("the status", seen.status, 200);
            served(seen, (names.0, 1, false), findings);
            part(seen, findings);
        }
        View::Refusal(status) => {
            let error = error(seen, (status, "invalid_request_error"), findings);
            let words = error["message"].as_str().unwrap_or_default();
            findings.holds("the upstream's own words", words.contains(WORDS));
        }
        View::Gone => {}
    }
}

/// That nobody answers, and when to ask again.
pub fn nobody(seen: &Seen, retry_after: &str, findings: &mut Findings) {
    let error = error(seen, (503, "server_error"), findings);
    findings.same("the code", error["code"].as_str(), Some("llm_unavailable"));
    findings.same(
        "Retry-After",
        header(seen, "retry-after"),
        Some(retry_after),
    );
    findings.same(
        "x-should-retry",
        header(seen, "x-should-retry"),
        Some("false"),
    );
}

/// An error in OpenAI's shape as the whole body; returns it.
pub fn error(seen: &Seen, (status, kind): (u16, &str), findings: &mut Findings) -> Value {
    findings.same("the status", seen.status, status);
    let content_type = header(seen, "content-type").unwrap_or_default();
    findings.holds(
        "the body is JSON",
        content_type.starts_with("application/json"),
    );
    let body: Value = serde_json::from_str(&seen.text).unwrap_or_default();
    let error = body["error"].clone();
    findings.same("the error's type", error["type"].as_str(), Some(kind));
    let has_words = error["message"]
        .as_str()
        .is_some_and(|words| !words.is_empty());
    findings.holds("the error has words", has_words);
    for field in ["param", "code"] {
        findings.holds("the error has its fields", error.get(field).is_some());
    }
    error
}

/// The headers that say who answered.
pub fn served(seen: &Seen, (name, calls, is_fallback): (&str, u32, bool), findings: &mut Findings) {
    findings.same(
        "x-ragd-provider",
        header(seen, "x-ragd-provider"),
        Some(name),
    );
    let calls = calls.to_string();
    findings.same(
        "x-ragd-attempts",
        header(seen, "x-ragd-attempts"),
        Some(calls.as_str()),
    );
    let fallback = if is_fallback { "true" } else { "false" };
    findings.same(
        "x-ragd-fallback",
        header(seen, "x-ragd-fallback"),
        Some(fallback),
    );
}

/// A complete answer of `text`.
fn complete(case: &Case, (seen, text): (&Seen, &str), findings: &mut Findings) {
    if !case.is_stream() {
        return whole(seen, text, findings);
    }
    let events = events(seen, findings);
    let endings = events.iter().filter(|event| *event == "[DONE]").count();
    findings.same("the number of [DONE]", endings, 1);
    findings.same(
        "the last event",
        events.last().map(String::as_str),
        Some("[DONE]"),
    );
    let chunks = chunks(&events);
    findings.same("the number of events", chunks.len() + 1, events.len());
    constant(&chunks, findings);
    findings.same("the text", said(&chunks), text);
    findings.same("the number of reasons to stop", reasons(&chunks), 1);
    findings.holds("no error", !seen.text.contains("\"error\""));
}

/// A whole answer of `text`.
pub fn whole(seen: &Seen, text: &str, findings: &mut Findings) {
    let body: Value = serde_json::from_str(&seen.text).unwrap_or_default();
    findings.same(
        "the object",
        body["object"].as_str(),
        Some("chat.completion"),
    );
    let choice = &body["choices"][0];
    findings.same(
        "the text",
        choice["message"]["content"].as_str(),
        Some(text),
    );
    findings.same(
        "the reason to stop",
        choice["finish_reason"].as_str(),
        Some("stop"),
    );
}

/// The beginning of an answer, whose end is an error.
fn part(seen: &Seen, findings: &mut Findings) {
    let events = events(seen, findings);
    let chunks = chunks(&events);
    findings.same("the number of events", chunks.len() + 1, events.len());
    constant(&chunks, findings);
    let text = said(&chunks);
    // A stream without an end has said more than its first token.
    let rest = text
        .strip_prefix(BEGINNING)
        .map(|rest| rest.replace('.', ""));
    findings.same("what comes after the beginning", rest.as_deref(), Some(""));
    findings.same("the number of reasons to stop", reasons(&chunks), 0);
    findings.holds("no [DONE]", !seen.text.contains("[DONE]"));
    for token in STAND_IN {
        findings.holds("no text of another provider", !seen.text.contains(token));
    }
    let last = events
        .last()
        .and_then(|event| serde_json::from_str(event).ok());
    let error = last.unwrap_or(Value::Null)["error"].clone();
    findings.same(
        "the error's type",
        error["type"].as_str(),
        Some("server_error"),
    );
    findings.same(
        "the error's code",
        error["code"].as_str(),
        Some("llm_unavailable"),
    );
    findings.same("partial", error["partial"].as_bool(), Some(true));
}

/// The data of each event of a stream; comments are none.
pub fn events(seen: &Seen, findings: &mut Findings) -> Vec<String> {
    let content_type = header(seen, "content-type").unwrap_or_default();
    findings.holds(
        "an event stream",
        content_type.starts_with("text/event-stream"),
    );
    findings.holds(
        "the stream ends with an empty line",
        seen.text.ends_with("\n\n"),
    );
    let events = sse::events(&seen.text).into_iter();
    events.map(|event| event.data).collect()
}

/// The events that are pieces of the answer.
fn chunks(events: &[String]) -> Vec<Value> {
    let read = |event: &String| serde_json::from_str::<Value>(event).ok();
    let is_chunk = |value: &Value| value["object"] == "chat.completion.chunk";
    events.iter().filter_map(read).filter(is_chunk).collect()
}

/// One stream has one id, one time, one model, and says first who speaks.
fn constant(chunks: &[Value], findings: &mut Findings) {
    let Some(first) = chunks.first() else {
        return findings.holds("a first piece", false);
    };
    for field in ["id", "created", "model"] {
        let is_constant = chunks.iter().all(|chunk| chunk[field] == first[field]);
        findings.holds(
            "one id, one time, one model",
            is_constant && !first[field].is_null(),
        );
    }
    let role = &first["choices"][0]["delta"]["role"];
    findings.same(
        "the role of the first piece",
        role.as_str(),
        Some("assistant"),
    );
}

fn said(chunks: &[Value]) -> String {
    let content = chunks
        .iter()
        .filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str());
    content.collect()
}

fn reasons(chunks: &[Value]) -> usize {
    let reason = |chunk: &&Value| !chunk["choices"][0]["finish_reason"].is_null();
    chunks.iter().filter(reason).count()
}

pub fn header<'a>(seen: &'a Seen, name: &str) -> Option<&'a str> {
    seen.headers.get(name)?.to_str().ok()
}
