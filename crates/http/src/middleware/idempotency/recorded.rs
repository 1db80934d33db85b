//! A streamed answer to a request with a key: it is passed on as it comes, and kept when it has come
//! to its proper end. One that broke off, or whose client has gone, frees the key.

use super::ledger::{Answered, Claim};
use super::media_type;
use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::response::Response;
use futures_util::StreamExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The longest stream that is kept, in bytes.
const MAX_KEPT_BYTES: usize = 4 * 1_024 * 1_024;

/// Whether a stream has come to its proper end: an extension of its response, set by whoever writes
/// its events.
#[derive(Debug, Clone, Default)]
pub(crate) struct StreamEnd(Arc<AtomicBool>);

impl StreamEnd {
    /// It has.
    pub(crate) fn complete(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn is_complete(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// The answer, whose body is kept for the claim's key as it passes.
pub(super) fn recorded(claim: Claim, response: Response, end: StreamEnd) -> Response {
    let (parts, body) = response.into_parts();
    let status: StatusCode = parts.status;
    let media_type = media_type(&parts).to_owned();
    let mut pieces = body.into_data_stream();
    let passing = async_stream::stream! {
        let mut kept = Some(Vec::new());
        while let Some(piece) = pieces.next().await {
            if let (Some(bytes), Ok(piece)) = (&mut kept, &piece) {
                bytes.extend_from_slice(piece);
            }
            kept = kept.filter(|bytes| bytes.len() <= MAX_KEPT_BYTES);
            yield piece;
        }
        match kept {
            Some(bytes) if end.is_complete() => {
                claim.keep(Answered::new(status, &media_type, &bytes)).await;
            }
            _ => claim.release().await,
        }
    };
    Response::from_parts(
        parts,
        Body::from_stream(passing.map(|piece: Result<Bytes, _>| piece)),
    )
}
