//! The whole server over real sockets, by a client that shows every byte.

use super::*;
use serde_json::Value;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

const CHAT: &str = "/v1/chat/completions";
const STREAM: &str = r#"{"model": "m", "stream": true, "messages": []}"#;
const WHOLE: &str = r#"{"model": "m", "messages": []}"#;

/// A running server; it ends when this is dropped.
struct Running {
    address: SocketAddr,
    stop: CancellationToken,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Running {
    async fn start(settings: Settings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        tokio::spawn(serve(settings, listener, stop.clone()));
        Self { address, stop }
    }

    async fn playing(behaviour: &str) -> Self {
        let entry = ScriptEntry {
            behaviour: behaviour.parse().unwrap(),
            ..ScriptEntry::default()
        };
        let settings = Settings {
            tokens: 4,
            text: AnswerText::Numbered,
            script: vec![entry],
            ..Settings::default()
        };
        Self::start(settings).await
    }

    async fn send(&self, method: &str, path: &str, body: &str) -> TcpStream {
        let mut socket = TcpStream::connect(self.address).await.unwrap();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: stub\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        socket.write_all(request.as_bytes()).await.unwrap();
        socket
    }

    /// Everything that comes until the connection closes.
    async fn ask(&self, method: &str, path: &str, body: &str) -> String {
        let mut socket = self.send(method, path, body).await;
        let mut answer = Vec::new();
        let _cut = socket.read_to_end(&mut answer).await;
        String::from_utf8(answer).unwrap()
    }

    async fn post(&self, path: &str, body: &str) -> String {
        self.ask("POST", path, body).await
    }

    async fn stats(&self) -> Value {
        let answer = self.ask("GET", "/_stub/stats", "").await;
        serde_json::from_str(body_of(&answer)).unwrap()
    }

    /// Waits until the numbers are as wanted.
    async fn until(&self, wanted: impl Fn(&Value) -> bool) {
        let begun = Instant::now();
        loop {
            let stats = self.stats().await;
            if wanted(&stats) {
                return;
            }
            assert!(begun.elapsed() < Duration::from_secs(5), "{stats}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

fn body_of(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").unwrap().1
}

/// Whether a chunked body ended as it should.
fn ended(answer: &str) -> bool {
    answer.ends_with("\r\n0\r\n\r\n")
}

#[tokio::test]
async fn every_format_is_answered_whole_and_in_pieces() {
    let server = Running::playing("ok").await;
    let gemini = "/v1beta/models/g:streamGenerateContent?alt=sse";
    for (path, body, wanted) in [
        (CHAT, WHOLE, "\"finish_reason\":\"stop\""),
        ("/openai/chat/completions", STREAM, "data: [DONE]\n\n"),
        ("/v1/messages", WHOLE, "\"stop_reason\":\"end_turn\""),
        ("/v1/messages", STREAM, "event: message_stop\n"),
        (
            "/v1beta/models/g:generateContent",
            "{}",
            "\"finishReason\":\"STOP\"",
        ),
        (gemini, "{}", "\"finishReason\":\"STOP\""),
        (
            "/v1/embeddings",
            r#"{"input": "a", "dimensions": 2}"#,
            "\"embedding\":[",
        ),
    ] {
        let answer = server.post(path, body).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.contains(wanted), "{path}: {answer}");
        assert_eq!(
            answer.contains("t1") && answer.contains("t4"),
            path != "/v1/embeddings",
            "{answer}"
        );
    }
    let stats = server.stats().await;
    assert_eq!(stats["requests"], 7);
    assert_eq!(stats["by_behaviour"]["ok"], 7);
    assert_eq!(stats["clients_gone"], 0);
    assert_eq!(stats["last_request"]["body"]["input"], "a");
}

#[tokio::test]
async fn a_stream_fails_where_the_script_says() {
    for (behaviour, tokens, properly, wanted) in [
        ("cut-after:2", 2, false, "t2"),
        ("malformed-after:2", 2, true, "{\"cont\n"),
        ("malformed", 0, true, "{\"cont\n"),
        ("error-after:3", 3, true, "{\"error\":"),
        ("error-after:0", 0, true, "{\"error\":"),
        ("no-end", 4, true, "t4"),
        ("empty", 0, true, "[DONE]"),
        ("cut-after:99", 4, false, "t4"),
    ] {
        let server = Running::playing(behaviour).await;
        let answer = server.post(CHAT, STREAM).await;
        assert_eq!(
            answer.matches("\" t").count(),
            tokens,
            "{behaviour}: {answer}"
        );
        assert_eq!(ended(&answer), properly, "{behaviour}: {answer}");
        assert!(answer.contains(wanted), "{behaviour}: {answer}");
        let complete = answer.contains("[DONE]");
        assert_eq!(complete, behaviour == "empty", "{behaviour}: {answer}");
    }
}

#[tokio::test]
async fn a_whole_answer_fails_where_the_script_says() {
    for (behaviour, status, readable) in [
        ("status:503", 503, true),
        ("quota", 429, true),
        ("cut-after:2", 200, false),
        ("malformed", 200, false),
        ("error-after:0", 200, true),
        ("no-end", 200, true),
        ("empty", 200, true),
    ] {
        let server = Running::playing(behaviour).await;
        let answer = server.post(CHAT, WHOLE).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
        let body: Result<Value, _> = serde_json::from_str(body_of(&answer));
        assert_eq!(body.is_ok(), readable, "{behaviour}: {answer}");
        let finish = body.unwrap_or_default()["choices"][0]["finish_reason"].clone();
        assert_eq!(finish == "stop", behaviour == "empty", "{answer}");
    }
    let server = Running::playing("close").await;
    assert_eq!(server.post(CHAT, WHOLE).await, "");
}

#[tokio::test]
async fn a_client_that_goes_away_is_noticed() {
    for (behaviour, body) in [
        ("hang", WHOLE),
        ("hang-after:1", STREAM),
        ("hang-after:1", WHOLE),
        ("trickle", STREAM),
    ] {
        let server = Running::playing(behaviour).await;
        let client = server.send("POST", CHAT, body).await;
        server.until(|stats| stats["requests"] == 1).await;
        assert_eq!(server.stats().await["clients_gone"], 0, "{behaviour}");
        drop(client);
        let left = |stats: &Value| stats["clients_gone"] == 1 && stats["streams_open"] == 0;
        server.until(left).await;
    }
}

#[tokio::test]
async fn it_is_controlled_while_it_runs() {
    let server = Running::playing("ok").await;
    let outage = r#"{"behaviour": "status:429", "times": 2, "retry_after_s": 7}"#;
    let taken = server.ask("PUT", "/_stub/behaviour", outage).await;
    assert!(taken.starts_with("HTTP/1.1 200"), "{taken}");
    for status in [429, 429, 200, 200] {
        let answer = server.post(CHAT, WHOLE).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
        assert_eq!(answer.contains("retry-after: 7\r\n"), status == 429);
    }
    let refused = server
        .ask("PUT", "/_stub/behaviour", r#"{"behaviour": "nap"}"#)
        .await;
    assert!(
        refused.starts_with("HTTP/1.1 400") && refused.contains("'nap'"),
        "{refused}"
    );
    assert_eq!(server.stats().await["by_behaviour"]["status:429"], 2);
    server.ask("POST", "/_stub/reset", "").await;
    assert_eq!(server.stats().await["requests"], 0);
    let lost = server.ask("GET", "/_stub/nothing", "").await;
    assert!(lost.starts_with("HTTP/1.1 404"), "{lost}");
}

#[tokio::test]
async fn a_paced_stream_keeps_to_its_times() {
    let server = Running::playing("ok").await;
    let paced = r#"{"tokens_per_second": 20, "latency_ms": 100}"#;
    server.ask("PUT", "/_stub/behaviour", paced).await;
    let begun = Instant::now();
    let mut socket = server.send("POST", CHAT, STREAM).await;
    let mut seen = String::new();
    let mut arrived = Vec::new();
    let mut buffer = [0; 4_096];
    loop {
        let count = socket.read(&mut buffer).await.unwrap();
        if count == 0 {
            break;
        }
        seen.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
        let tokens = seen.matches("\" t").count();
        arrived.resize(tokens, begun.elapsed());
    }
    // Not before their time; how much later depends on the machine.
    for (number, time) in arrived.iter().enumerate() {
        let due = Duration::from_millis(100 + 50 * number as u64);
        assert!(*time >= due, "token {number} after {time:?}");
    }
    assert_eq!(arrived.len(), 4);
    assert!(ended(&seen) && seen.contains("[DONE]"));
}

#[tokio::test]
async fn a_slow_head_comes_byte_by_byte_and_the_body_at_once() {
    let server = Running::playing("ok").await;
    let slow = r#"{"behaviour": "slow-headers", "times": 1, "trickle_ms": 2}"#;
    server.ask("PUT", "/_stub/behaviour", slow).await;
    let begun = Instant::now();
    let answer = server.post(CHAT, WHOLE).await;
    let head = answer.len() - body_of(&answer).len();
    assert!(begun.elapsed() >= Duration::from_millis(2 * head as u64));
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\"stop\""));
    assert_eq!(server.stats().await["clients_gone"], 0);
}
