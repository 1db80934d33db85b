//! The caller of this benchmark: prepared requests over connections that stay open. It measures nothing;
//! it hands on what it reads.

use super::http::{Chunked, Length, head};
use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The key that ragd is started with.
pub const API_KEY: &str = "only-for-this-benchmark";

/// A request's bytes, ready to be sent.
pub fn request(address: SocketAddr, stream: bool) -> Vec<u8> {
    let question = "Which of the two roads to the harbour is open in winter, and why? ".repeat(6);
    let options = if stream {
        r#","stream":true,"stream_options":{"include_usage":true}"#
    } else {
        ""
    };
    let body = format!(
        r#"{{"model":"bench-model","messages":[{{"role":"system","content":"Answer in short sentences."}},{{"role":"user","content":"{}"}}],"temperature":0.2,"max_tokens":64{options}}}"#,
        question.trim_end()
    );
    format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {API_KEY}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// One connection, for one call at a time.
#[derive(Debug)]
pub struct Connection {
    socket: TcpStream,
    buffer: Vec<u8>,
    body: Vec<u8>,
}

impl Connection {
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let socket = TcpStream::connect(address).await?;
        socket.set_nodelay(true)?;
        Ok(Self {
            socket,
            buffer: vec![0; 16 << 10],
            body: Vec::new(),
        })
    }

    pub async fn send(&mut self, request: &[u8]) -> Result<()> {
        self.socket.write_all(request).await
    }

    /// A whole answer to `request`: its status and its body.
    pub async fn call(&mut self, request: &[u8]) -> Result<(u16, &[u8])> {
        self.send(request).await?;
        let mut filled = 0;
        let head = loop {
            filled += self.read(filled).await?;
            if let Some(head) = head(&self.buffer[..filled]) {
                break head;
            }
        };
        match head.length {
            Length::Bytes(length) => {
                let end = head.bytes + length;
                while filled < end {
                    filled += self.read(filled).await?;
                }
                Ok((head.status, &self.buffer[head.bytes..end]))
            }
            Length::Chunked => {
                let mut chunked = Chunked::default();
                self.body.clear();
                let mut ended = chunked.decode(&self.buffer[head.bytes..filled], &mut self.body);
                while !ended {
                    let read = self.read(0).await?;
                    ended = chunked.decode(&self.buffer[..read], &mut self.body);
                }
                Ok((head.status, &self.body))
            }
        }
    }

    /// Reads an answer's pieces as they come, with its framing taken off, until `take`, which leaves
    /// behind what it cannot use yet, has seen the last one.
    ///
    /// # Errors
    /// The connection's; an answer that is no 200 (with its words); one that is not chunked.
    pub async fn follow(&mut self, mut take: impl FnMut(&mut Vec<u8>)) -> Result<()> {
        let mut filled = 0;
        let head = loop {
            filled += self.read(filled).await?;
            if let Some(head) = head(&self.buffer[..filled]) {
                break head;
            }
        };
        let first = &self.buffer[head.bytes..filled];
        if head.status != 200 || head.length != Length::Chunked {
            let words = String::from_utf8_lossy(first);
            let status = head.status;
            return Err(Error::other(format!("status {status}, no stream: {words}")));
        }
        let mut chunked = Chunked::default();
        self.body.clear();
        let mut ended = chunked.decode(first, &mut self.body);
        take(&mut self.body);
        while !ended {
            let read = self.read(0).await?;
            ended = chunked.decode(&self.buffer[..read], &mut self.body);
            take(&mut self.body);
        }
        Ok(())
    }

    async fn read(&mut self, filled: usize) -> Result<usize> {
        if filled == self.buffer.len() {
            self.buffer.resize(2 * filled, 0);
        }
        match self.socket.read(&mut self.buffer[filled..]).await? {
            0 => Err(Error::new(
                ErrorKind::UnexpectedEof,
                "the connection was closed in the middle of an answer",
            )),
            read => Ok(read),
        }
    }
}
