//! The body of an answer as it is played: at once, or piece by piece when each is due, up to where
//! the behaviour lets it end, hang or be cut.

use super::schedule::Schedule;
use super::stage::Audience;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::time::Sleep;

/// The connection is to be closed here and now.
#[derive(Debug, thiserror::Error)]
#[error("the script closes the connection")]
pub(super) struct HungUp;

/// How a body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// As it should.
    Proper,
    /// It does not.
    Hang,
    /// The connection closes in the middle.
    Cut,
}

/// A body.
pub(super) enum Body {
    /// All at once, with its length.
    Whole(Option<Bytes>),
    /// All at once, as a stream whose length is not told.
    Unsized(Option<Bytes>),
    /// Piece by piece.
    Played(Box<Performance>),
}

/// A body that is under way.
pub(super) struct Performance {
    pieces: Arc<[Bytes]>,
    /// Which of the pieces keep to the schedule; those before come at once, those behind with the
    /// last of them.
    content: Range<usize>,
    next: usize,
    upto: usize,
    /// One more piece behind the last.
    extra: Option<Bytes>,
    ending: Ending,
    schedule: Schedule,
    sleep: Option<Pin<Box<Sleep>>>,
    /// What came before the cut has been handed to the connection.
    flushed: bool,
    audience: Audience,
}

impl Performance {
    /// All of `pieces`, at the times that `schedule` has for those in `content`.
    pub(super) fn new(
        pieces: Arc<[Bytes]>,
        content: Range<usize>,
        schedule: Schedule,
        audience: Audience,
    ) -> Self {
        Self {
            upto: pieces.len(),
            pieces,
            content,
            next: 0,
            extra: None,
            ending: Ending::Proper,
            schedule,
            sleep: None,
            flushed: false,
            audience,
        }
    }

    /// Only the first `upto` pieces, then perhaps another one, then this ending.
    #[must_use]
    pub(super) fn but(mut self, upto: usize, extra: Option<String>, ending: Ending) -> Self {
        self.upto = upto.min(self.pieces.len());
        self.extra = extra.map(Bytes::from);
        self.ending = ending;
        self
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, HungUp>>> {
        if self.next < self.upto {
            ready!(self.poll_due(cx));
            let piece = self.pieces.get(self.next).cloned().unwrap_or_default();
            self.next += 1;
            return Poll::Ready(Some(Ok(piece)));
        }
        if let Some(extra) = self.extra.take() {
            return Poll::Ready(Some(Ok(extra)));
        }
        match self.ending {
            Ending::Proper => {
                self.audience.served();
                Poll::Ready(None)
            }
            // Nothing wakes it: the connection drops it when the client goes.
            Ending::Hang => Poll::Pending,
            Ending::Cut if self.flushed => {
                self.audience.served();
                Poll::Ready(Some(Err(HungUp)))
            }
            Ending::Cut => {
                // The connection writes what it holds only when there is nothing more at present.
                self.flushed = true;
                cx.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }

    /// Waits until the next piece is due.
    fn poll_due(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let last = self.content.len().saturating_sub(1);
        let number = self.next.saturating_sub(self.content.start).min(last);
        let Some(due) = self.schedule.due(number) else {
            return Poll::Ready(());
        };
        let sleep = self
            .sleep
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due)));
        if sleep.deadline() != due {
            sleep.as_mut().reset(due);
        }
        sleep.as_mut().poll(cx)
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = HungUp;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HungUp>>> {
        match self.get_mut() {
            Self::Whole(bytes) | Self::Unsized(bytes) => {
                Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes))))
            }
            Self::Played(performance) => performance
                .poll(cx)
                .map(|piece| piece.map(|piece| piece.map(Frame::data))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) | Self::Unsized(bytes) => bytes.is_none(),
            Self::Played(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
            Self::Unsized(_) | Self::Played(_) => SizeHint::default(),
        }
    }
}
