//! A request's body in OpenAI's shape, with a limit of its own: pictures come in it.

use super::super::extract::{body_within, parse_flat, require_json};
use crate::error::{Error, ErrorKind};
use crate::http::problem::Failure;
use crate::http::state::Door;
use crate::provider::WrittenRequest;
use axum::extract::{FromRequest, Request};

/// A call as a client writes it.
pub(in crate::http) struct Written(pub(in crate::http) WrittenRequest);

impl FromRequest<Door> for Written {
    type Rejection = Failure;

    async fn from_request(request: Request, door: &Door) -> Result<Self, Failure> {
        let (parts, body) = request.into_parts();
        let megabytes = door.app.config().llm.max_body_megabytes;
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
