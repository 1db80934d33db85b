//! A handler's failure: the table from an error's kind to a status, and its body as an RFC 9457 problem
//! (`application/problem+json`). It travels as an extension of the response; the outermost middleware
//! writes its body, because only that knows the request's id.

use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use ragd_core::domain::{Document, DocumentId};
use ragd_core::error::{Error, ErrorKind};
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use utoipa::ToSchema;
use uuid::Uuid;

/// The media type of a failure.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";
/// When to try again if the error itself does not say, in seconds.
const RETRY_LATER_SECONDS: u64 = 5;
/// What a caller sees of an internal error.
const INTERNAL_DETAIL: &str =
    "ragd failed; the cause is in its log, under the request_id of this answer";

/// A failure on its way out of a handler.
#[derive(Debug)]
pub(crate) struct Failure {
    status: StatusCode,
    error: Error,
    errors: Vec<FieldFault>,
    special: Option<Box<Special>>,
}

/// Data that only some failures have.
#[derive(Debug)]
enum Special {
    Document(DocumentFailure),
    Upstream(UpstreamDetail),
}

/// An upstream's own `code` and `param`, passed on to clients of OpenAI's API.
#[derive(Debug)]
pub(crate) struct UpstreamDetail {
    pub(crate) code: Option<String>,
    pub(crate) param: Option<String>,
}

/// The failed ingest of a document whose caller waited for it.
#[derive(Debug)]
struct DocumentFailure {
    id: DocumentId,
    code: String,
}

/// What is wrong with one field of a request.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct FieldFault {
    /// The field, as a path.
    #[schema(example = "top_k")]
    pub(crate) field: String,
    /// What is wrong with it, with the limit.
    #[schema(example = "must be between 1 and 100, not 0")]
    pub(crate) message: String,
}

/// A failure (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Problem<'a> {
    /// Always `about:blank`: `code` tells failures apart.
    #[serde(rename = "type")]
    #[schema(example = "about:blank")]
    kind: &'static str,
    /// The reason phrase of the status.
    #[schema(example = "Unprocessable Entity")]
    title: &'a str,
    /// The HTTP status.
    #[schema(example = 422)]
    status: u16,
    /// What is wrong: a message for people.
    #[schema(example = "top_k: must be between 1 and 100, not 0")]
    detail: &'a str,
    /// What is wrong: a code for programs.
    #[schema(example = "invalid_request")]
    code: &'a str,
    /// The request's id, as in the header `x-request-id` and in the log.
    request_id: &'a str,
    /// The invalid fields, where they are known.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldFault],
    /// The document that failed, where the request waited for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    document_id: Option<Uuid>,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let status = status_of(error.kind());
        let errors = match error.kind() {
            // An upstream's message begins with the provider's name, which is not a field.
            ErrorKind::Invalid if error.code() == "llm_rejected_request" => Vec::new(),
            ErrorKind::Invalid => field_fault(&error.to_string()).into_iter().collect(),
            _ => Vec::new(),
        };
        Self {
            status,
            error,
            errors,
            special: None,
        }
    }
}

impl Failure {
    /// The same failure with an upstream's own code and field.
    pub(crate) fn with_upstream(mut self, detail: UpstreamDetail) -> Self {
        self.special = Some(Box::new(Special::Upstream(detail)));
        self
    }

    /// An upstream's own code and field.
    pub(crate) fn upstream(&self) -> Option<&UpstreamDetail> {
        match self.special.as_deref() {
            Some(Special::Upstream(detail)) => Some(detail),
            _ => None,
        }
    }

    /// The invalid field, where it is known.
    pub(crate) fn field(&self) -> Option<&str> {
        self.errors.first().map(|fault| fault.field.as_str())
    }

    /// A failure with a status other than its kind's.
    pub(crate) fn with_status(status: StatusCode, error: Error) -> Self {
        Self {
            status,
            ..Self::from(error)
        }
    }

    /// The failure of a request with invalid syntax.
    pub(crate) fn malformed(detail: impl Into<String>) -> Self {
        let error = Error::invalid(detail).with_code("malformed_request");
        Self {
            status: StatusCode::BAD_REQUEST,
            error,
            errors: Vec::new(),
            special: None,
        }
    }

    /// The failure that stands for a framework's empty response of `status`.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        let (kind, code, detail) = match status {
            StatusCode::NOT_FOUND => (
                ErrorKind::NotFound,
                "route_not_found",
                "there is nothing at this path",
            ),
            StatusCode::METHOD_NOT_ALLOWED => (
                ErrorKind::Invalid,
                "method_not_allowed",
                "this path does not take this method",
            ),
            StatusCode::PAYLOAD_TOO_LARGE => (
                ErrorKind::TooLarge,
                "too_large",
                "the request body is too large",
            ),
            status if status.is_client_error() => (
                ErrorKind::Invalid,
                "invalid_request",
                "the request cannot be read",
            ),
            _ => (ErrorKind::Internal, "internal_error", INTERNAL_DETAIL),
        };
        Self {
            status,
            error: Error::new(kind, detail).with_code(code),
            errors: Vec::new(),
            special: None,
        }
    }

    /// The failure of a request that waited for a document whose ingest failed. The document's `error`
    /// is `code: message`.
    pub(crate) fn of_failed_document(document: &Document) -> Self {
        let error = document
            .error
            .as_deref()
            .unwrap_or("failed: the document was not indexed");
        let (code, message) = error.split_once(": ").unwrap_or(("failed", error));
        Self {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            error: Error::invalid(message),
            errors: Vec::new(),
            special: Some(Box::new(Special::Document(DocumentFailure {
                id: document.id,
                code: code.to_owned(),
            }))),
        }
    }

    fn of_document(&self) -> Option<&DocumentFailure> {
        match self.special.as_deref() {
            Some(Special::Document(failed)) => Some(failed),
            _ => None,
        }
    }

    /// The error itself.
    pub(crate) fn error(&self) -> &Error {
        &self.error
    }

    /// The status of the response.
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// The message for the caller.
    pub(crate) fn detail(&self) -> String {
        match self.error.kind() {
            ErrorKind::Internal => INTERNAL_DETAIL.to_owned(),
            _ => self.error.to_string(),
        }
    }

    /// The code for programs.
    pub(crate) fn code(&self) -> &str {
        match self.of_document() {
            Some(failed) => &failed.code,
            None => self.error.code(),
        }
    }

    /// The body of the response.
    pub(crate) fn to_json(&self, request_id: &str) -> Vec<u8> {
        let detail = self.detail();
        let problem = Problem {
            kind: "about:blank",
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            detail: &detail,
            code: self.code(),
            request_id,
            errors: &self.errors,
            document_id: self.of_document().map(|failed| failed.id.uuid()),
        };
        // Strings and numbers always serialise.
        serde_json::to_vec(&problem).unwrap_or_default()
    }

    /// The headers that belong to the failure.
    pub(crate) fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        match self.error.kind() {
            ErrorKind::Unauthorized => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            ErrorKind::RateLimited { retry_after } => {
                let seconds = HeaderValue::from(whole_seconds(retry_after));
                headers.insert(RETRY_AFTER, seconds.clone());
                headers.insert("x-ratelimit-reset", seconds);
                headers.insert("x-ratelimit-remaining", HeaderValue::from(0));
                if let Some(limit) = self.error.limit() {
                    headers.insert("x-ratelimit-limit", HeaderValue::from(limit));
                }
            }
            ErrorKind::Unavailable => {
                let known = self.error.retry_after_seconds().map(u64::from);
                let seconds = known.unwrap_or(RETRY_LATER_SECONDS);
                headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
                if self.error.code() == "llm_unavailable" {
                    // ragd has already retried, and tried the other providers.
                    headers.insert("x-should-retry", HeaderValue::from_static("false"));
                }
            }
            _ => {}
        }
        headers
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

/// The status of each kind of error.
pub(crate) const fn status_of(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorKind::Unauthorized => StatusCode::UNAUTHORIZED,
        ErrorKind::Forbidden => StatusCode::FORBIDDEN,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::Conflict => StatusCode::CONFLICT,
        ErrorKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorKind::RateLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::Upstream => StatusCode::BAD_GATEWAY,
        ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Domain parsers write `field: what is wrong`.
fn field_fault(message: &str) -> Option<FieldFault> {
    let (field, fault) = message.split_once(": ")?;
    let is_name = field
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '[' | ']'));
    (is_name && !field.is_empty()).then(|| FieldFault {
        field: field.to_owned(),
        message: fault.to_owned(),
    })
}

/// Whole seconds, rounded up, so that a caller that waits this long is not early.
fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}
