//! Reads a body up to a limit. Bytes beyond it are read and dropped, up to a bound, because a client
//! that is cut off while sending often does not read the response that says why.

use crate::failure::problem::Failure;
use axum::body::{Body, Bytes};
use futures_util::StreamExt;
use ragd_core::error::{Error, ErrorKind};

/// How many bytes beyond the limit are read and dropped.
pub(crate) const DRAIN_BYTES: usize = 32 * 1_024 * 1_024;

/// The body, if it has at most `max_kilobytes`.
pub(super) async fn read(body: Body, max_kilobytes: usize) -> Result<Bytes, Failure> {
    body_within(body, max_kilobytes * 1_024)
        .await?
        .ok_or_else(|| {
            let message = format!(
                "the request body must be at most {max_kilobytes} KiB (server.max_body_kilobytes)"
            );
            Error::new(ErrorKind::TooLarge, message).into()
        })
}

/// The body, if it has at most `limit` bytes; `None` for a larger one.
pub(crate) async fn body_within(body: Body, limit: usize) -> Result<Option<Bytes>, Failure> {
    let mut stream = body.into_data_stream();
    let mut read = Vec::new();
    let mut seen = 0_usize;
    while let Some(chunk) = stream.next().await {
        let chunk =
            chunk.map_err(|error| Failure::malformed(format!("the body broke off: {error}")))?;
        seen = seen.saturating_add(chunk.len());
        if seen <= limit {
            read.extend_from_slice(&chunk);
        } else if seen > limit + DRAIN_BYTES {
            break;
        }
    }
    Ok((seen <= limit).then(|| read.into()))
}
