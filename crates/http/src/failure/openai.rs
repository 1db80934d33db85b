//! Failures in the form of OpenAI's API: `{"error": {message, type, param, code}}`, with the statuses
//! from which its clients choose their error classes.

use crate::failure::problem::Failure;
use axum::http::StatusCode;
use ragd_core::error::ErrorKind;
use serde::Serialize;
use utoipa::ToSchema;

/// A failure, as clients of OpenAI's API read it.
#[derive(Serialize, ToSchema)]
pub(crate) struct OpenAiFailure {
    error: OpenAiFailureDetail,
}

/// The error itself.
#[derive(Serialize, ToSchema)]
pub(crate) struct OpenAiFailureDetail {
    /// A message for people.
    message: String,
    /// `invalid_request_error`, `authentication_error`, `permission_error`, `rate_limit_error` or
    /// `server_error`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The invalid field, where it is known.
    param: Option<String>,
    /// A code for programs.
    #[schema(example = "model_not_found")]
    code: Option<String>,
}

/// The data of the event that ends a failed stream, in the form of OpenAI's API.
#[derive(Serialize, ToSchema)]
pub(crate) struct OpenAiStreamFailure {
    error: OpenAiStreamFailureDetail,
}

/// The error that ended a stream.
#[derive(Serialize, ToSchema)]
pub(crate) struct OpenAiStreamFailureDetail {
    /// A code for programs.
    code: String,
    /// A message for people.
    message: String,
    /// Always null.
    param: Option<String>,
    /// Whether a part of the answer was sent before.
    partial: bool,
    /// `invalid_request_error`, `authentication_error`, `permission_error`, `rate_limit_error` or
    /// `server_error`.
    #[serde(rename = "type")]
    kind: &'static str,
}

impl OpenAiStreamFailure {
    /// The failure of a stream; `partial` if a part of the answer was sent before.
    pub(crate) fn new(failure: &Failure, partial: bool) -> Self {
        Self {
            error: OpenAiStreamFailureDetail {
                code: code_of(failure).to_owned(),
                message: failure.detail(),
                param: None,
                partial,
                kind: type_of(failure.status()),
            },
        }
    }
}

/// Whether a path belongs to OpenAI's API.
pub(crate) fn is_openai(path: &str) -> bool {
    path == "/v1" || path.starts_with("/v1/")
}

/// The status and the body of a failure.
pub(crate) fn as_openai(failure: &Failure) -> (StatusCode, Vec<u8>) {
    let status = match failure.status() {
        // The Idempotency-Key draft demands 422 for a reused key.
        StatusCode::UNPROCESSABLE_ENTITY
            if failure.upstream().is_none() && failure.code() != "idempotency_key_reused" =>
        {
            StatusCode::BAD_REQUEST
        }
        status => status,
    };
    let upstream = failure.upstream();
    let code = match upstream {
        Some(upstream) => upstream.code.clone(),
        None => Some(code_of(failure).to_owned()),
    };
    let param = upstream
        .and_then(|upstream| upstream.param.clone())
        .or_else(|| failure.field().map(str::to_owned));
    let body = OpenAiFailure {
        error: OpenAiFailureDetail {
            message: failure.detail(),
            kind: type_of(status),
            param,
            code,
        },
    };
    // Strings always serialise.
    (status, serde_json::to_vec(&body).unwrap_or_default())
}

/// The code of a failure, as OpenAI names it.
fn code_of(failure: &Failure) -> &str {
    match failure.error().kind() {
        ErrorKind::Unauthorized => "invalid_api_key",
        ErrorKind::RateLimited { .. } => "rate_limit_exceeded",
        _ => failure.code(),
    }
}

/// The `type` of an error with this status.
fn type_of(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "authentication_error",
        403 => "permission_error",
        429 => "rate_limit_error",
        400..=499 => "invalid_request_error",
        _ => "server_error",
    }
}
