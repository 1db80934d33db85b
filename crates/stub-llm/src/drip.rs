//! A socket whose writing can be turned down to a drip: one byte at a time until the head of an
//! answer is out. Turned up, it is the socket itself.

use super::stage::Audience;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;

const HEAD_END: [u8; 4] = *b"\r\n\r\n";

/// Turns the writing of one connection down.
#[derive(Clone, Default)]
pub(super) struct Tap(Arc<Mutex<Option<Drip>>>);

/// A head that comes a byte at a time.
struct Drip {
    gap: Duration,
    sleep: Pin<Box<Sleep>>,
    /// The last bytes that went out.
    tail: [u8; 4],
    audience: Audience,
}

impl Tap {
    /// The next head comes a byte at a time, `gap` between two.
    pub(super) fn turn_down(&self, gap: Duration, audience: Audience) {
        let drip = Drip {
            gap,
            sleep: Box::pin(tokio::time::sleep(gap)),
            tail: [0; 4],
            audience,
        };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(drip);
    }
}

impl Drip {
    /// Writes one byte of `bytes` when it is time.
    fn poll_write(
        &mut self,
        socket: Pin<&mut TcpStream>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.sleep.as_mut().poll(cx));
        let one = bytes.get(..1).unwrap_or_default();
        let written = ready!(socket.poll_write(cx, one))?;
        if let (1, Some(byte)) = (written, one.first()) {
            self.tail.rotate_left(1);
            self.tail[3] = *byte;
        }
        let next = self.sleep.deadline() + self.gap;
        self.sleep.as_mut().reset(next);
        Poll::Ready(Ok(written))
    }
}

/// A socket with a tap.
pub(super) struct Tapped {
    socket: TcpStream,
    tap: Tap,
}

impl Tapped {
    pub(super) fn new(socket: TcpStream, tap: Tap) -> Self {
        Self { socket, tap }
    }

    /// A drip's write, when the tap is turned down.
    fn poll_drip(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Option<Poll<io::Result<usize>>> {
        let mut tap = self.tap.0.lock().unwrap_or_else(PoisonError::into_inner);
        let drip = tap.as_mut()?;
        let polled = drip.poll_write(Pin::new(&mut self.socket), cx, bytes);
        if drip.tail == HEAD_END {
            drip.audience.served();
            *tap = None;
        }
        Some(polled)
    }
}

impl AsyncRead for Tapped {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Tapped {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.poll_drip(cx, bytes) {
            Some(polled) => polled,
            None => Pin::new(&mut self.socket).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let first = slices.iter().find(|slice| !slice.is_empty());
        let first: &[u8] = first.map_or(&[], |slice| slice);
        match self.poll_drip(cx, first) {
            Some(polled) => polled,
            None => Pin::new(&mut self.socket).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}
