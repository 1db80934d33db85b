//! Failures as the outside sees them: one table from the kind of an error to a status, and one
//! shape, RFC 9457 `application/problem+json`. A handler's failure travels as an extension of the
//! response and is written down by the frame, which alone knows the request's id.

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
/// What a caller is told of a fault of ours.
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

/// What only some failures have.
#[derive(Debug)]
enum Special {
    OfDocument(DocumentFailure),
    OpenAi(OpenAiWords),
}

/// What an upstream said, for clients of OpenAI's API, in its own words.
#[derive(Debug)]
pub(crate) struct OpenAiWords {
    pub(crate) code: Option<String>,
    pub(crate) param: Option<String>,
}

/// What became of a document, for a caller that waited for it.
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
    /// The status in words.
    #[schema(example = "Unprocessable Entity")]
    title: &'a str,
    /// The status.
    #[schema(example = 422)]
    status: u16,
    /// What is wrong, for people.
    #[schema(example = "top_k: must be between 1 and 100, not 0")]
    detail: &'a str,
    /// What is wrong, for programs.
    #[schema(example = "invalid_request")]
    code: &'a str,
    /// The request's id, as in the header `x-request-id` and in the log.
    request_id: &'a str,
    /// The fields that are wrong, where that is known.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldFault],
    /// The document that failed, for a caller that waited for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    document_id: Option<Uuid>,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let status = status_of(error.kind());
        let errors = match error.kind() {
            // An upstream's words begin with its name, which is no field.
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
    /// The same with an upstream's own words for it.
    pub(crate) fn with_openai(mut self, words: OpenAiWords) -> Self {
        self.special = Some(Box::new(Special::OpenAi(words)));
        self
    }

    /// An upstream's own words for it.
    pub(crate) fn openai(&self) -> Option<&OpenAiWords> {
        match self.special.as_deref() {
            Some(Special::OpenAi(words)) => Some(words),
            _ => None,
        }
    }

    /// The field that is wrong, where that is known.
    pub(crate) fn field(&self) -> Option<&str> {
        self.errors.first().map(|fault| fault.field.as_str())
    }

    /// A failure with a status of its own, where the kind's would say too little.
    pub(crate) fn with_status(status: StatusCode, error: Error) -> Self {
        Self {
            status,
            ..Self::from(error)
        }
    }

    /// The answer to a request whose syntax cannot be read.
    pub(crate) fn malformed(detail: impl Into<String>) -> Self {
        let error = Error::invalid(detail).with_code("malformed_request");
        Self {
            status: StatusCode::BAD_REQUEST,
            error,
            errors: Vec::new(),
            special: None,
        }
    }

    /// What a framework's bare answer of `status` means.
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

    /// The answer to a caller that waited for a document whose ingest failed. Its `error` is
    /// `code: message`.
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
            special: Some(Box::new(Special::OfDocument(DocumentFailure {
                id: document.id,
                code: code.to_owned(),
            }))),
        }
    }

    fn of_document(&self) -> Option<&DocumentFailure> {
        match self.special.as_deref() {
            Some(Special::OfDocument(failed)) => Some(failed),
            _ => None,
        }
    }

    /// The error itself.
    pub(crate) fn error(&self) -> &Error {
        &self.error
    }

    /// The status of the answer.
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// What the caller is told.
    pub(crate) fn detail(&self) -> String {
        match self.error.kind() {
            ErrorKind::Internal => INTERNAL_DETAIL.to_owned(),
            _ => self.error.to_string(),
        }
    }

    /// What is wrong, for programs.
    pub(crate) fn code(&self) -> &str {
        match self.of_document() {
            Some(failed) => &failed.code,
            None => self.error.code(),
        }
    }

    /// The body of the answer.
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
        // Strings and numbers alone cannot fail to serialise.
        serde_json::to_vec(&problem).unwrap_or_default()
    }

    /// The headers that go with the status.
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
                    // ragd has asked again, and asked others, as often as can help.
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

/// The one table from kinds to statuses.
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

/// The kind's word for a metric's label.
pub(crate) const fn kind_label(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Unavailable => "unavailable",
        ErrorKind::Upstream => "upstream",
        _ => "internal",
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

/// Rounded up: a caller that waits this long is not too early.
fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}
