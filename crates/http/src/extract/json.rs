//! JSON bodies: size, content type, nesting and values are checked.

use super::body;
use super::depth::{MAX_DEPTH, is_too_deep};
use crate::failure::problem::Failure;
use crate::state::AppState;
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use ragd_core::error::Error;
use serde::de::DeserializeOwned;

/// A required JSON body.
pub(crate) struct Json<T>(pub(crate) T);

/// An optional JSON body; an empty one needs no content type.
pub(crate) struct OptionalJson<T>(pub(crate) Option<T>);

impl<T: DeserializeOwned> FromRequest<AppState> for Json<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Failure> {
        let (parts, body) = request.into_parts();
        let bytes = body::read(body, state.app.config().server.max_body_kilobytes).await?;
        require_json(&parts.headers)?;
        if bytes.is_empty() {
            return Err(Failure::malformed("the body is empty; it must be JSON"));
        }
        parse(&bytes).map(Self)
    }
}

impl<T: DeserializeOwned> FromRequest<AppState> for OptionalJson<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Failure> {
        let (parts, body) = request.into_parts();
        let bytes = body::read(body, state.app.config().server.max_body_kilobytes).await?;
        if bytes.is_empty() {
            return Ok(Self(None));
        }
        require_json(&parts.headers)?;
        parse(&bytes).map(|value| Self(Some(value)))
    }
}

/// Checks the content type.
///
/// # Errors
/// 415 for anything but JSON.
pub(crate) fn require_json(headers: &HeaderMap) -> Result<(), Failure> {
    let given = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("");
    let media_type = given.split(';').next().unwrap_or("").trim().to_lowercase();
    if media_type == "application/json"
        || (media_type.starts_with("application/") && media_type.ends_with("+json"))
    {
        return Ok(());
    }
    let error = Error::invalid("the body must be JSON, with content-type: application/json")
        .with_code("unsupported_media_type");
    Err(Failure::with_status(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        error,
    ))
}

/// Parses JSON without tracking fields: an error names none.
///
/// # Errors
/// 400 for invalid syntax, 422 for an invalid value.
pub(crate) fn parse_flat<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    require_shallow(bytes)?;
    serde_json::from_slice(bytes).map_err(|error| {
        if error.is_data() {
            invalid_value(".", &error)
        } else {
            malformed(&error)
        }
    })
}

fn require_shallow(bytes: &[u8]) -> Result<(), Failure> {
    if is_too_deep(bytes) {
        let message = format!("JSON may nest at most {MAX_DEPTH} levels deep");
        return Err(Error::invalid(message).with_code("json_too_deep").into());
    }
    Ok(())
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    require_shallow(bytes)?;
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        if inner.is_data() {
            invalid_value(&path, &inner)
        } else {
            malformed(&inner)
        }
    })?;
    json.end().map_err(|error| malformed(&error))?;
    Ok(value)
}

fn malformed(error: &serde_json::Error) -> Failure {
    Failure::malformed(format!("the body is not JSON: {error}"))
}

/// Names the field first, as the domain's parsers do. Line and column are left out, because the path
/// says where the value is.
fn invalid_value(path: &str, error: &serde_json::Error) -> Failure {
    let mut message = error.to_string();
    if let Some(place) = message.rfind(" at line ") {
        message.truncate(place);
    }
    if path == "." {
        return Error::invalid(message).into();
    }
    Error::invalid(format!("{path}: {message}")).into()
}
