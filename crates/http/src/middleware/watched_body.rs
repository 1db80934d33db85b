//! A response body that reports its end, so that a stream's duration includes its body, and that is
//! polled within the request's span, so that its log lines carry the request's id.

use axum::body::{Body, Bytes};
use http_body::{Body as HttpBody, Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll};
use tracing::Span;

/// A body that calls `at_end` once: after its last byte, or when it is dropped.
pub(super) struct WatchedBody<F: FnOnce()> {
    body: Body,
    span: Span,
    at_end: Option<F>,
}

impl<F: FnOnce()> WatchedBody<F> {
    pub(super) fn new(body: Body, span: Span, at_end: F) -> Self {
        let mut watched = Self {
            body,
            span,
            at_end: Some(at_end),
        };
        if watched.body.is_end_stream() {
            watched.end();
        }
        watched
    }

    fn end(&mut self) {
        if let Some(at_end) = self.at_end.take() {
            self.span.in_scope(at_end);
        }
    }
}

impl<F: FnOnce()> Drop for WatchedBody<F> {
    fn drop(&mut self) {
        self.end();
    }
}

impl<F: FnOnce() + Unpin> HttpBody for WatchedBody<F> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let span = self.span.clone();
        let polled = span.in_scope(|| Pin::new(&mut self.body).poll_frame(context));
        let is_last = match &polled {
            Poll::Ready(Some(Ok(_))) => self.body.is_end_stream(),
            Poll::Ready(_) => true,
            Poll::Pending => false,
        };
        if is_last {
            self.end();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
