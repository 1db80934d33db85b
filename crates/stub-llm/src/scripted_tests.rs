//! The scripted server over real sockets: what it sends, to the byte, and what it records.

use super::*;
use serde_json::json;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn send(server: &ScriptedServer, body: &str) -> TcpStream {
    let mut socket = TcpStream::connect(server.address()).await.unwrap();
    ask(&mut socket, body).await;
    socket
}

async fn ask(socket: &mut TcpStream, body: &str) {
    let length = body.len();
    let request =
        format!("POST /v1/x?y=1 HTTP/1.1\r\nX-A: b\r\ncontent-length: {length}\r\n\r\n{body}");
    socket.write_all(request.as_bytes()).await.unwrap();
}

async fn receive(socket: &mut TcpStream, count: usize) -> String {
    let mut bytes = vec![0; count];
    socket.read_exact(&mut bytes).await.unwrap();
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn queued_replies_come_first_then_computed_ones_then_the_default() {
    let server = ScriptedServer::start().await.unwrap();
    let mut socket = send(&server, "{}").await;
    let error = Reply::error(500, "nothing is scripted for this request");
    let received = receive(&mut socket, error.len()).await;
    assert!(received.starts_with("HTTP/1.1 500 ") && received.contains("nothing is scripted"));
    server.set_default(Reply::bytes("d"));
    ask(&mut socket, "{}").await;
    assert_eq!(receive(&mut socket, 1).await, "d");
    server.compute(|request| Reply::bytes(request.body["text"].as_str().unwrap_or("?").to_owned()));
    server.queue(Reply::bytes("q"));
    ask(&mut socket, "{}").await;
    assert_eq!(receive(&mut socket, 1).await, "q");
    ask(&mut socket, r#"{"text": "c"}"#).await;
    assert_eq!(receive(&mut socket, 1).await, "c");
    let requests = server.requests();
    assert_eq!((requests.len(), server.connections()), (4, 1));
    let last = &requests[3];
    assert_eq!(
        (last.method.as_str(), last.path.as_str()),
        ("POST", "/v1/x?y=1")
    );
    assert_eq!(last.header("x-a"), Some("b"));
    assert_eq!(last.body, json!({"text": "c"}));
}

#[tokio::test]
async fn a_gate_holds_a_reply_back_until_it_is_opened() {
    let server = ScriptedServer::start().await.unwrap();
    server.queue(
        Reply::bytes("a")
            .gate()
            .then(Step::Bytes("b".into()))
            .close(),
    );
    let mut socket = send(&server, "").await;
    assert_eq!(receive(&mut socket, 1).await, "a");
    let early = tokio::time::timeout(Duration::from_millis(20), socket.read_u8()).await;
    assert!(early.is_err());
    server.open_gate();
    let mut rest = String::new();
    socket.read_to_string(&mut rest).await.unwrap();
    assert_eq!(rest, "b");
}

#[tokio::test]
async fn a_reply_is_cut_at_any_byte_and_a_client_that_goes_is_counted() {
    let server = ScriptedServer::start().await.unwrap();
    let reply = Reply::stream(&["Yes", " so"]);
    for count in [1, 40, reply.len() - 1] {
        server.queue(reply.clone().cut_after(count));
        let mut received = Vec::new();
        let mut socket = send(&server, "").await;
        socket.read_to_end(&mut received).await.unwrap();
        assert_eq!(received.len(), count);
    }
    server.queue(Reply::silence());
    server.queue(Reply::default().pause(Duration::from_secs(60)));
    drop((send(&server, "").await, send(&server, "").await));
    server.clients_gone(2).await;
}

#[tokio::test]
async fn a_chunked_request_is_decoded() {
    let server = ScriptedServer::start().await.unwrap();
    server.set_default(Reply::bytes("d"));
    let mut socket = TcpStream::connect(server.address()).await.unwrap();
    let request = "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n4\r\n{\"a\"\r\n3;x\r\n:1}\r\n0\r\n\r\n";
    socket.write_all(request.as_bytes()).await.unwrap();
    assert_eq!(receive(&mut socket, 1).await, "d");
    assert_eq!(server.requests()[0].body, json!({"a": 1}));
}

#[tokio::test]
async fn paced_pieces_are_made_in_their_order_and_nothing_is_recorded_where_that_is_off() {
    let server = ScriptedServer::start().await.unwrap();
    server.record_nothing();
    let reply =
        Reply::stream_head().paced(3, Duration::from_millis(1), |number| format!("t{number}"));
    let head = Reply::stream_head().len();
    server.set_default(reply.end());
    let mut socket = send(&server, "").await;
    receive(&mut socket, head).await;
    let body = "2\r\nt0\r\n2\r\nt1\r\n2\r\nt2\r\n0\r\n\r\n";
    assert_eq!(receive(&mut socket, body.len()).await, body);
    assert!(server.requests().is_empty());
}
