//! `/_stub/…`: the server is controlled and watched on the port that it serves. Secrets of the last
//! request are not shown.

use super::script::ScriptEntry;
use super::state::ServerState;
use super::transport::{Reply, Request};
use serde_json::{Map, Value, json};

/// A header or a field of the query with one of these in its name is a secret.
const SECRETS: [&str; 7] = [
    "authorization",
    "api-key",
    "apikey",
    "api_key",
    "cookie",
    "token",
    "secret",
];
const HIDDEN: &str = "(hidden)";

/// Replies to a request whose path goes on with `path` behind `/_stub/`.
pub(super) fn reply(state: &ServerState, method: &str, path: &str, body: &[u8]) -> Reply {
    match (method, path) {
        ("GET", "stats") => Reply::json(200, &stats(state)),
        ("GET", "behaviour") => Reply::json(200, &coming(state)),
        ("PUT", "behaviour") => match ScriptEntry::parse_takeover(body) {
            Ok(entries) => {
                state.script().take_over(entries);
                Reply::json(200, &coming(state))
            }
            Err(error) => Reply::json(400, &json!({"error": error.to_string()})),
        },
        ("POST", "reset") => {
            state.reset();
            Reply::json(200, &coming(state))
        }
        _ => Reply::json(
            404,
            &json!({
                "error": format!(
                    "there is no {method} /_stub/{path}; there is GET /_stub/stats, \
                     GET and PUT /_stub/behaviour, POST /_stub/reset"
                )
            }),
        ),
    }
}

/// The entries that are left of the script; an empty list: answers are correct.
fn coming(state: &ServerState) -> Value {
    let script = state.script();
    json!({"coming": script.coming().collect::<Vec<_>>()})
}

fn stats(state: &ServerState) -> Value {
    let (requests, by_behaviour) = {
        let script = state.script();
        let counts = script.by_behaviour().iter();
        let by_behaviour: Map<String, Value> = counts
            .map(|(behaviour, count)| (behaviour.to_string(), json!(count)))
            .collect();
        (script.requests(), by_behaviour)
    };
    let last = state.last();
    json!({
        "requests": requests,
        "by_behaviour": by_behaviour,
        "streams_open": state.streams_open(),
        "clients_gone": state.clients_gone(),
        "last_request": last.as_ref().map(shown),
    })
}

fn shown(request: &Request) -> Value {
    let body = request.body();
    let as_text = || json!(String::from_utf8_lossy(body));
    json!({
        "path": without_secrets(request),
        "headers": headers(request),
        "body": serde_json::from_slice(body).unwrap_or_else(|_| as_text()),
    })
}

fn headers(request: &Request) -> Value {
    let shown: Map<String, Value> = request
        .headers()
        .map(|(name, value)| {
            let value = if is_secret(name) { HIDDEN } else { value };
            (name.to_ascii_lowercase(), json!(value))
        })
        .collect();
    Value::Object(shown)
}

fn without_secrets(request: &Request) -> String {
    let path = request.path();
    if !request.target().contains('?') {
        return path.to_owned();
    }
    let fields: Vec<String> = request
        .query()
        .split('&')
        .map(|field| match field.split_once('=') {
            Some((name, _)) if name == "key" || is_secret(name) => format!("{name}={HIDDEN}"),
            _ => field.to_owned(),
        })
        .collect();
    format!("{path}?{}", fields.join("&"))
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRETS.iter().any(|secret| name.contains(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_headers_and_query_are_hidden() {
        let request = Request::for_test(
            "POST /v1beta/models/g:generateContent?key=abc&alt=sse HTTP/1.1\r\n\
             authorization: Bearer abc\r\nx-api-key: abc\r\nx-goog-api-key: abc\r\n\
             x-request-id: r-1\r\n\r\n",
        );
        let shown = shown(&request.with_body(b"{\"a\": 1}".as_slice().into()));
        assert!(!shown.to_string().contains("abc"), "{shown}");
        assert_eq!(shown["headers"]["x-request-id"], "r-1");
        assert_eq!(shown["body"]["a"], 1);
        assert_eq!(
            shown["path"],
            "/v1beta/models/g:generateContent?key=(hidden)&alt=sse"
        );
    }
}
