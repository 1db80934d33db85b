//! A streamed response to a request with a key: it is passed on as it comes, and kept once it has ended
//! properly. A stream that broke off, or whose client has disconnected, releases the key.

use super::ledger::{Answered, Claim};
use crate::stream::end::StreamEnd;
use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::http::response::Parts;
use axum::response::Response;
use futures_util::StreamExt;

/// The longest stream that is kept, in bytes.
const MAX_KEPT_BYTES: usize = 4 * 1_024 * 1_024;

/// The content type of a response.
pub(super) fn media_type(parts: &Parts) -> &str {
    let given = parts.headers.get(CONTENT_TYPE);
    given.and_then(|value| value.to_str().ok()).unwrap_or("")
}

/// Passes a response on and keeps its body under the claim's key.
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
