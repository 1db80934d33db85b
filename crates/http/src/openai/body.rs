//! A body of OpenAI's API. Its size limit is its own, because it may hold pictures.

use crate::extract::{body_within, parse_flat, require_json};
use crate::failure::problem::Failure;
use crate::state::AppState;
use axum::extract::{FromRequest, Request};
use ragd_core::error::{Error, ErrorKind};
use ragd_llm::WrittenRequest;

/// A request as the client wrote it.
pub(crate) struct Written(pub(crate) WrittenRequest);

impl FromRequest<AppState> for Written {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Failure> {
        let (parts, body) = request.into_parts();
        let megabytes = state.app.config().llm.max_body_megabytes;
        let bytes = body_within(body, megabytes << 20).await?.ok_or_else(|| {
            let message =
                format!("the request body must be at most {megabytes} MB (llm.max_body_megabytes)");
            Error::new(ErrorKind::TooLarge, message)
        })?;
        require_json(&parts.headers)?;
        if bytes.is_empty() {
            return Err(Failure::malformed("the body is empty; it must be JSON"));
        }
        parse_flat(&bytes).map(Self)
    }
}
