//! Failures as clients of OpenAI's API read them: `{"error": {message, type, param, code}}`, with the
//! statuses that their classes of errors are made from.

use crate::failure::problem::{Failure, OpenAiWords};
use crate::stream::outcome::StreamOutcome;
use axum::http::StatusCode;
use ragd_core::error::{Error, ErrorKind};
use ragd_llm::{RouteError, RouteErrorKind};
use serde::Serialize;
use serde_json::json;
use std::time::Duration;
use utoipa::ToSchema;

/// The longest wait that a client is asked for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(120);

/// A failure, as clients of OpenAI's API read it.
#[derive(Serialize, ToSchema)]
pub(crate) struct OpenAiFailure {
    error: OpenAiFailureDetail,
}

/// What is wrong.
#[derive(Serialize, ToSchema)]
pub(crate) struct OpenAiFailureDetail {
    /// For people.
    message: String,
    /// `invalid_request_error`, `authentication_error`, `permission_error`, `rate_limit_error` or
    /// `server_error`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The field that is wrong, where that is known.
    param: Option<String>,
    /// For programs.
    #[schema(example = "model_not_found")]
    code: Option<String>,
}

/// Whether a path belongs to OpenAI's API.
pub(crate) fn is_openai(path: &str) -> bool {
    path == "/v1" || path.starts_with("/v1/")
}

/// The status and the body of a failure.
pub(crate) fn as_openai(failure: &Failure) -> (StatusCode, Vec<u8>) {
    let status = match failure.status() {
        // The key's own refusal has its status from the header's draft.
        StatusCode::UNPROCESSABLE_ENTITY
            if failure.openai().is_none() && failure.code() != "idempotency_key_reused" =>
        {
            StatusCode::BAD_REQUEST
        }
        status => status,
    };
    let words = failure.openai();
    let code = match words {
        Some(words) => words.code.as_deref().map(str::to_owned),
        None => Some(code_of(failure).to_owned()),
    };
    let param = words
        .and_then(|words| words.param.clone())
        .or_else(|| failure.field().map(str::to_owned));
    let body = OpenAiFailure {
        error: OpenAiFailureDetail {
            message: failure.detail(),
            kind: type_of(status),
            param,
            code,
        },
    };
    // Strings alone cannot fail to serialise.
    (status, serde_json::to_vec(&body).unwrap_or_default())
}

/// The event that ends a stream that has begun, with `error`, which is logged and counted here.
pub(super) fn error_event(outcome: &mut StreamOutcome, error: Error) -> String {
    let failure = outcome.fail(error);
    let body = json!({ "error": {
        "message": failure.detail(),
        "type": type_of(failure.status()),
        "param": null,
        "code": code_of(&failure),
        "partial": outcome.has_content(),
    }});
    body.to_string()
}

/// What a request that nobody answered is to its caller.
pub(super) fn of_route(error: RouteError) -> Failure {
    let retry_after = error.retry_after.min(MAX_RETRY_AFTER);
    match error.kind {
        RouteErrorKind::Refused(refused) => {
            let status = refused.status.filter(|status| (400..500).contains(status));
            let status = status.and_then(|status| StatusCode::from_u16(status).ok());
            let words = OpenAiWords {
                code: refused
                    .detail
                    .as_ref()
                    .and_then(|detail| detail.code.clone()),
                param: refused
                    .detail
                    .as_ref()
                    .and_then(|detail| detail.param.clone()),
            };
            let error = Error::invalid(error.message).with_code("llm_rejected_request");
            let status = status.unwrap_or(StatusCode::BAD_REQUEST);
            Failure::with_status(status, error).with_openai(words)
        }
        RouteErrorKind::RateLimited { limit } => {
            let limited = Error::new(ErrorKind::RateLimited { retry_after }, error.message);
            match limit {
                Some(limit) => limited.with_limit(limit),
                // A provider's own limit is not known.
                None => limited,
            }
            .into()
        }
        RouteErrorKind::Unavailable | RouteErrorKind::NotConfigured => {
            let error = Error::unavailable(error.message).with_code("llm_unavailable");
            error.with_retry_after(retry_after).into()
        }
    }
}

/// There is no such model.
pub(super) fn no_model(message: &str) -> Failure {
    let words = OpenAiWords {
        code: Some("model_not_found".to_owned()),
        param: Some("model".to_owned()),
    };
    Failure::from(Error::not_found(message)).with_openai(words)
}

fn code_of(failure: &Failure) -> &str {
    match failure.error().kind() {
        ErrorKind::Unauthorized => "invalid_api_key",
        ErrorKind::RateLimited { .. } => "rate_limit_exceeded",
        _ => failure.code(),
    }
}

fn type_of(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "authentication_error",
        403 => "permission_error",
        429 => "rate_limit_error",
        400..=499 => "invalid_request_error",
        _ => "server_error",
    }
}
