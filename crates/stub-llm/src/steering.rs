//! `/_stub/…`: the rehearsal is steered and watched on the port that it plays on. Secrets of the
//! last request are not shown.

use super::body::Body;
use super::reply::json;
use super::scene::Scene;
use super::stage::Stage;
use bytes::Bytes;
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method, Response, Uri};
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
pub(super) fn reply(stage: &Stage, method: &Method, path: &str, body: &[u8]) -> Response<Body> {
    match (method, path) {
        (&Method::GET, "stats") => json(200, &stats(stage)),
        (&Method::GET, "behaviour") => json(200, &coming(stage)),
        (&Method::PUT, "behaviour") => match Scene::parse_takeover(body) {
            Ok(scenes) => {
                stage.director().take_over(scenes);
                json(200, &coming(stage))
            }
            Err(error) => json(400, &json!({"error": error.to_string()})),
        },
        (&Method::POST, "reset") => {
            stage.reset();
            json(200, &coming(stage))
        }
        _ => json(
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

/// The scenes that are still to come; an empty list: all is well.
fn coming(stage: &Stage) -> Value {
    let director = stage.director();
    json!({"coming": director.coming().collect::<Vec<_>>()})
}

fn stats(stage: &Stage) -> Value {
    let (requests, by_behaviour) = {
        let director = stage.director();
        let counts = director.by_behaviour().iter();
        let by_behaviour: Map<String, Value> = counts
            .map(|(behaviour, count)| (behaviour.to_string(), json!(count)))
            .collect();
        (director.requests(), by_behaviour)
    };
    let last = stage.last();
    json!({
        "requests": requests,
        "by_behaviour": by_behaviour,
        "streams_open": stage.streams_open(),
        "clients_gone": stage.clients_gone(),
        "last_request": last.as_ref().map(|(head, body)| request(head, body)),
    })
}

fn request(head: &Parts, body: &Bytes) -> Value {
    let as_text = || json!(String::from_utf8_lossy(body));
    json!({
        "path": without_secrets(&head.uri),
        "headers": headers(&head.headers),
        "body": serde_json::from_slice(body).unwrap_or_else(|_| as_text()),
    })
}

fn headers(headers: &HeaderMap) -> Value {
    let shown: Map<String, Value> = headers
        .iter()
        .map(|(name, value)| {
            let value = if is_secret(name.as_str()) {
                HIDDEN.into()
            } else {
                String::from_utf8_lossy(value.as_bytes())
            };
            (name.to_string(), json!(value))
        })
        .collect();
    Value::Object(shown)
}

fn without_secrets(uri: &Uri) -> String {
    let path = uri.path();
    let Some(query) = uri.query() else {
        return path.to_owned();
    };
    let fields: Vec<String> = query
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
        let head = hyper::Request::builder()
            .uri("/v1beta/models/g:generateContent?key=abc&alt=sse")
            .header("authorization", "Bearer abc")
            .header("x-api-key", "abc")
            .header("x-goog-api-key", "abc")
            .header("x-request-id", "r-1")
            .body(())
            .unwrap()
            .into_parts()
            .0;
        let shown = request(&head, &Bytes::from_static(b"{\"a\": 1}"));
        assert!(!shown.to_string().contains("abc"), "{shown}");
        assert_eq!(shown["headers"]["x-request-id"], "r-1");
        assert_eq!(shown["body"]["a"], 1);
        assert_eq!(
            shown["path"],
            "/v1beta/models/g:generateContent?key=(hidden)&alt=sse"
        );
    }
}
