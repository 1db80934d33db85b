//! Reads requests from a connection: head, and body by length or in chunks. It refuses what is too
//! large, and takes anything that is not HTTP as the end of the connection.

use super::request::Request;
use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The largest request body, in bytes.
pub(crate) const MAX_BODY_BYTES: usize = 64 * 1_024 * 1_024;
/// The largest request head, in bytes.
const MAX_HEAD_BYTES: usize = 1_024 * 1_024;

/// Why there is no request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoRequest {
    /// The client closed the connection, or sent something that is not HTTP.
    Closed,
    /// The body has more than [`MAX_BODY_BYTES`].
    TooLarge,
}

/// What was received and not yet read.
#[derive(Debug, Default)]
pub(super) struct Incoming {
    buffer: BytesMut,
}

impl Incoming {
    /// The next request.
    pub(super) async fn next(&mut self, socket: &mut TcpStream) -> Result<Request, NoRequest> {
        let head = self.head(socket).await?;
        let request = Request::new(head, Bytes::new());
        let length = request.header("content-length");
        let is_chunked = request
            .header("transfer-encoding")
            .is_some_and(|coding| coding.to_ascii_lowercase().ends_with("chunked"));
        let length = match length {
            _ if is_chunked => None,
            Some(length) => Some(length.parse().map_err(|_| NoRequest::Closed)?),
            None => Some(0),
        };
        if request.header("expect").is_some() && self.buffer.is_empty() {
            let go_on = socket.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await;
            go_on.map_err(|_| NoRequest::Closed)?;
        }
        let body = match length {
            Some(length) => self.take(socket, length).await?,
            None => self.chunks(socket).await?,
        };
        Ok(request.with_body(body))
    }

    /// Returns when the client has closed its side; what it sends until then is kept.
    pub(super) async fn closed(&mut self, socket: &mut TcpStream) {
        while self.read(socket).await.is_ok() {
            if self.buffer.len() > MAX_BODY_BYTES {
                return;
            }
        }
    }

    async fn head(&mut self, socket: &mut TcpStream) -> Result<String, NoRequest> {
        let head = self.until(socket, b"\r\n\r\n").await?;
        Ok(String::from_utf8_lossy(&head).into_owned())
    }

    /// A chunked body, decoded; trailers are skipped.
    async fn chunks(&mut self, socket: &mut TcpStream) -> Result<Bytes, NoRequest> {
        let mut body = BytesMut::new();
        loop {
            let line = self.until(socket, b"\r\n").await?;
            let line = String::from_utf8_lossy(&line);
            let size = line.split(';').next().unwrap_or_default().trim();
            let size = usize::from_str_radix(size, 16).map_err(|_| NoRequest::Closed)?;
            if size == 0 {
                while self.until(socket, b"\r\n").await?.len() > 2 {}
                return Ok(body.freeze());
            }
            if size > MAX_BODY_BYTES - body.len() {
                return Err(NoRequest::TooLarge);
            }
            body.extend_from_slice(&self.take(socket, size).await?);
            self.until(socket, b"\r\n").await?;
        }
    }

    /// Everything up to and with the first `end`.
    async fn until(&mut self, socket: &mut TcpStream, end: &[u8]) -> Result<Bytes, NoRequest> {
        let mut searched = 0;
        loop {
            let rest = self.buffer.get(searched..).unwrap_or_default();
            if let Some(at) = rest.windows(end.len()).position(|window| window == end) {
                return Ok(self.buffer.split_to(searched + at + end.len()).freeze());
            }
            searched = (self.buffer.len() + 1).saturating_sub(end.len());
            if searched > MAX_HEAD_BYTES {
                return Err(NoRequest::Closed);
            }
            self.read(socket).await?;
        }
    }

    /// The next `length` bytes.
    async fn take(&mut self, socket: &mut TcpStream, length: usize) -> Result<Bytes, NoRequest> {
        if length > MAX_BODY_BYTES {
            return Err(NoRequest::TooLarge);
        }
        while self.buffer.len() < length {
            self.read(socket).await?;
        }
        Ok(self.buffer.copy_to_bytes(length))
    }

    async fn read(&mut self, socket: &mut TcpStream) -> Result<(), NoRequest> {
        match socket.read_buf(&mut self.buffer).await {
            Ok(count) if count > 0 => Ok(()),
            _ => Err(NoRequest::Closed),
        }
    }
}
