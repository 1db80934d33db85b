//! The reply that plays a fault, down to the byte. After what is wrong each stream goes on to a proper
//! end, so that a reader that looks away would take it for complete.

use super::case::{Case, Moment};
use super::table::Fault;
use ragd::stub_llm::{ErrorCause, Reply, Wire};
use serde_json::{Value, json};
use std::time::Duration;

/// What the provider under test says before it goes wrong.
pub const BEGINNING: &str = "It lasts half";
/// What the provider under test says when nothing goes wrong.
pub const TOKENS: [&str; 2] = ["It lasts half", " a year."];
/// What an upstream says of its error.
pub const WORDS: &str = "scripted words of an error";

/// How often something comes that is not the end, and how often in all.
const TRICKLE: Duration = Duration::from_millis(50);
const TRICKLES: usize = 200;

/// The reply to the call of `case`; `None`: there is none to play.
pub fn reply(case: &Case) -> Option<Reply> {
    let wire = case.wire;
    let reply = match case.row.fault {
        Fault::NoWay(_) | Fault::OwnLimit => return None,
        Fault::Nothing => proper(case),
        Fault::Silence => Reply::silence(),
        Fault::Status(status, about) => error(case, status, about, WORDS),
        Fault::Limited(wait) => limited(case, wait),
        Fault::SpentBalance => error(case, 400, balance(case), "Your credit balance is too low."),
        Fault::WholeError => Reply::json(200, &wire.error_body(500, ErrorCause::Status, WORDS)),
        Fault::NoContent | Fault::Gap | Fault::ClientGone(_) => begun(case).hang(),
        Fault::Endless => endless(case),
        Fault::Malformed => malformed(case),
        Fault::LongLine => long_line(case),
        Fault::ErrorEvent(about) => error_inside(case, about),
        Fault::NoMarker if case.is_stream() => begun(case).end(),
        Fault::NoMarker | Fault::BreaksOff => begun(case).close(),
        Fault::Blank if case.is_stream() => wire.stream(&["", " \n"]),
        Fault::Blank => wire.answer(" \n"),
    };
    Some(reply)
}

/// A proper answer.
fn proper(case: &Case) -> Reply {
    if case.is_stream() {
        case.wire.stream(&TOKENS)
    } else {
        case.wire.answer(&TOKENS.concat())
    }
}

/// The beginning of a good answer, up to the moment at which it goes wrong.
fn begun(case: &Case) -> Reply {
    let late = case.moment == Moment::AfterContent;
    if case.is_stream() {
        let opened = Reply::stream_head().raw(&case.wire.opening());
        return if late {
            opened.raw(&case.wire.token(BEGINNING))
        } else {
            opened
        };
    }
    let head = Reply::bytes(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n",
    );
    if late { head.raw(&half(case)) } else { head }
}

/// A whole answer's body up to the end of its content.
fn half(case: &Case) -> String {
    let body = case.wire.answer_body(BEGINNING).to_string();
    let at = body.find(BEGINNING).map(|at| at + BEGINNING.len());
    body[..at.unwrap_or_default()].to_owned()
}

/// What comes after the fault, as if there had been none.
fn went_on(case: &Case, reply: Reply) -> Reply {
    let wire = case.wire;
    reply.raw(&wire.token(TOKENS[1])).raw(&wire.ending()).end()
}

fn error(case: &Case, status: u16, about: ErrorCause, words: &str) -> Reply {
    Reply::json(status, &case.wire.error_body(status, about, words))
}

/// Google writes the wait into the body, the others into a header.
fn limited(case: &Case, wait: Option<u64>) -> Reply {
    let body = case
        .wire
        .error_body(429, ErrorCause::RateLimit(wait), WORDS)
        .to_string();
    let header = match wait {
        Some(wait) if case.wire != Wire::Gemini => {
            format!("retry-after: {wait}\r\n")
        }
        _ => String::new(),
    };
    Reply::bytes(format!(
        "HTTP/1.1 429 Scripted\r\ncontent-type: application/json\r\n{header}content-length: {}\r\n\
         \r\n{body}",
        body.len()
    ))
}

/// OpenAI has a word for a spent balance, Anthropic only words.
fn balance(case: &Case) -> ErrorCause {
    match case.wire {
        Wire::OpenAi => ErrorCause::Quota,
        _ => ErrorCause::Status,
    }
}

fn endless(case: &Case) -> Reply {
    let more = match (case.is_stream(), case.moment) {
        (true, Moment::BeforeContent) => ": still there\n\n".to_owned(),
        (true, Moment::AfterContent) => case.wire.token("."),
        (false, _) => " ".to_owned(),
    };
    (0..TRICKLES).fold(begun(case), |reply, _| reply.pause(TRICKLE).raw(&more))
}

fn malformed(case: &Case) -> Reply {
    if case.is_stream() {
        return went_on(case, begun(case).raw("data: {\"broken\n\n"));
    }
    begun(case).raw("<html>").end()
}

fn long_line(case: &Case) -> Reply {
    let line = format!("data: {}\n\n", "x".repeat((1 << 20) + 1));
    went_on(case, begun(case).raw(&line))
}

fn error_inside(case: &Case, about: ErrorCause) -> Reply {
    let status = if about == ErrorCause::Status {
        500
    } else {
        429
    };
    let error = case.wire.error_body(status, about, WORDS);
    if case.is_stream() {
        return went_on(case, begun(case).raw(&case.wire.error_event(&error)));
    }
    if case.moment == Moment::BeforeContent {
        return Reply::json(200, &error);
    }
    let mut both = case.wire.answer_body(BEGINNING);
    both["error"] = error.get("error").cloned().unwrap_or(Value::Null);
    Reply::json(200, &both)
}

/// The request that makes the call.
pub fn request(model: &str, stream: bool) -> Value {
    json!({
        "model": model,
        "messages": [{"role": "user", "content": "How long does the guarantee last?"}],
        "stream": stream,
    })
}
