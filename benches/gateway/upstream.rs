//! The LLM of this benchmark: it answers every request with the same 64 tokens, or with numbered tokens
//! at a fixed pace. It reads of a request only how long it is and whether it asks for a stream.

use super::http::{Length, find, head};
use super::pacer::{self, Order};
use super::script::{Script, whole_body};
use std::net::SocketAddr;
use std::sync::mpsc::Sender;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// Starts the upstream on two threads that end with the process, on the cores of the caller: one for
/// the connections, one for the streams' tokens.
pub fn start(script: Script) -> SocketAddr {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        super::runtime::start().block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let address = listener.local_addr().expect("an address");
            sender.send(address).expect("somebody waits for it");
            let pacer = pacer::start(script);
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                stream.set_nodelay(true).expect("no delay");
                // A connection that breaks is the caller's to notice and count.
                tokio::spawn(serve(stream, pacer.clone()));
            }
        });
    });
    receiver.recv().expect("the upstream listens")
}

async fn serve(stream: TcpStream, pacer: Sender<Order>) -> std::io::Result<()> {
    let (mut reader, mut writer) = stream.into_split();
    let body = whole_body();
    let mut answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    answer.extend_from_slice(&body);
    let mut buffer = vec![0; 16 << 10];
    let mut filled = 0;
    loop {
        let read = reader.read(&mut buffer[filled..]).await?;
        if read == 0 {
            return Ok(());
        }
        filled += read;
        while let Some((bytes, wants_stream)) = request(&buffer[..filled]) {
            buffer.copy_within(bytes..filled, 0);
            filled -= bytes;
            if wants_stream {
                let (ended, back) = oneshot::channel();
                let socket = writer;
                pacer
                    .send(Order { socket, ended })
                    .map_err(std::io::Error::other)?;
                writer = back.await.map_err(std::io::Error::other)?;
            } else {
                writer.write_all(&answer).await?;
            }
        }
    }
}

/// The length of the request at the beginning of `bytes`, and whether it asks for a stream; `None`:
/// it is not whole yet.
fn request(bytes: &[u8]) -> Option<(usize, bool)> {
    let head = head(bytes)?;
    let rest = &bytes[head.bytes..];
    let body = match head.length {
        Length::Bytes(length) => rest.get(..length)?,
        Length::Chunked => &rest[..find(rest, b"\r\n0\r\n\r\n")? + 7],
    };
    Some((head.bytes + body.len(), wants_stream(body)))
}

fn wants_stream(body: &[u8]) -> bool {
    let name = b"\"stream\"";
    find(body, name).is_some_and(|at| {
        body[at + name.len()..]
            .trim_ascii_start()
            .strip_prefix(b":")
            .is_some_and(|value| value.trim_ascii_start().starts_with(b"true"))
    })
}
