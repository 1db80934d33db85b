//! One request to an endpoint: sends it, reads the answer up to a size limit and a deadline, and
//! says of a failure whether a retry can help. The key is sent in the header only: no message
//! contains it.

use super::wire::error_message;
use ragd_core::error::{Error, ErrorKind, Result};
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// The largest answer: 2,048 vectors of 4,096 numbers of 12 characters are 100 MB.
const MAX_REPLY_BYTES: usize = 128 << 20;
/// How much of the body of an error is read for its message.
const MAX_ERROR_BYTES: usize = 64 << 10;
/// How many characters of an endpoint's error message are repeated.
const MAX_MESSAGE_CHARS: usize = 300;
/// The longest `Retry-After` that is respected; longer ones are shortened to it.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(30);

/// The machine-readable code of errors of an embedding endpoint.
pub const CODE_EMBEDDINGS_UNAVAILABLE: &str = "embeddings_unavailable";

/// The HTTP client, URL and key of one endpoint.
pub(super) struct Transport {
    pub http: Client,
    pub url: Url,
    pub key: Option<SecretString>,
}

/// Why a request failed.
pub(super) struct Failure {
    pub error: Error,
    /// Whether the same request may succeed later.
    pub is_temporary: bool,
    /// How long the endpoint asks to wait.
    pub retry_after: Option<Duration>,
}

impl Transport {
    /// Sends `body` and returns the body of a successful answer.
    pub async fn post(&self, body: Vec<u8>, timeout: Duration) -> Result<Vec<u8>, Failure> {
        let deadline = Instant::now() + timeout;
        let mut request = self
            .http
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .body(body);
        if let Some(key) = &self.key {
            request = request.bearer_auth(key.expose_secret());
        }
        let late = || self.temporary("does not answer in time");
        let response = timeout_at(deadline, request.send())
            .await
            .map_err(|_| late())?
            .map_err(|error| self.broken(error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let limit = if status.is_success() {
            MAX_REPLY_BYTES
        } else {
            MAX_ERROR_BYTES
        };
        let read = timeout_at(deadline, read(response, limit)).await;
        if !status.is_success() {
            // The status is enough to classify the failure, so an incomplete body is no error.
            let body = read.ok().and_then(Result::ok).flatten();
            return Err(self.refused(status, &headers, &body.unwrap_or_default()));
        }
        match read
            .map_err(|_| late())?
            .map_err(|error| self.broken(error))?
        {
            Some(body) => Ok(body),
            None => Err(self.malformed(&format!(
                "its answer is larger than {MAX_REPLY_BYTES} bytes"
            ))),
        }
    }

    /// A successful answer with malformed content, or a request that cannot be made.
    pub fn malformed(&self, reason: &str) -> Failure {
        Failure {
            error: self.error(ErrorKind::Upstream, reason),
            is_temporary: false,
            retry_after: None,
        }
    }

    fn temporary(&self, reason: &str) -> Failure {
        Failure {
            error: self.error(ErrorKind::Unavailable, reason),
            is_temporary: true,
            retry_after: None,
        }
    }

    fn broken(&self, error: reqwest::Error) -> Failure {
        let reason = if error.is_connect() {
            "cannot be reached"
        } else {
            "closed the connection"
        };
        let failure = self.temporary(reason);
        Failure {
            error: failure.error.with_source(error.without_url()),
            ..failure
        }
    }

    fn refused(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Failure {
        let is_temporary = status.is_server_error()
            || [StatusCode::TOO_MANY_REQUESTS, StatusCode::REQUEST_TIMEOUT].contains(&status);
        let reason = match status {
            // The endpoint's message about a key or account is not for callers of ragd.
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                "does not accept the key (EMBEDDING_API_KEY)".to_owned()
            }
            _ => match error_message(body) {
                Some(message) => {
                    format!(
                        "answered {}: {}",
                        status.as_u16(),
                        self.presentable(&message)
                    )
                }
                None => format!("answered {}", status.as_u16()),
            },
        };
        let kind = if is_temporary {
            ErrorKind::Unavailable
        } else {
            ErrorKind::Upstream
        };
        Failure {
            error: self.error(kind, &reason),
            is_temporary,
            retry_after: retry_after(headers),
        }
    }

    fn error(&self, kind: ErrorKind, reason: &str) -> Error {
        let host = self.url.host_str().unwrap_or_default();
        let port = self
            .url
            .port()
            .map_or_else(String::new, |port| format!(":{port}"));
        Error::new(
            kind,
            format!("the embedding endpoint {host}{port} {reason}"),
        )
        .with_code(CODE_EMBEDDINGS_UNAVAILABLE)
    }

    /// The endpoint's message on one line, shortened, and without the key.
    fn presentable(&self, message: &str) -> String {
        let line: String = message
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .take(MAX_MESSAGE_CHARS)
            .collect();
        match &self.key {
            Some(key) => line.replace(key.expose_secret(), "***"),
            None => line,
        }
    }
}

/// Reads the whole body; `None` when it is longer than `limit` bytes.
async fn read(mut response: Response, limit: usize) -> reqwest::Result<Option<Vec<u8>>> {
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await? {
        if body.len() + piece.len() > limit {
            return Ok(None);
        }
        body.extend_from_slice(&piece);
    }
    Ok(Some(body))
}

/// `Retry-After` in seconds; dates are ignored.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?;
    let seconds = Duration::from_secs(text.trim().parse().ok()?);
    Some(seconds.min(MAX_RETRY_AFTER))
}
