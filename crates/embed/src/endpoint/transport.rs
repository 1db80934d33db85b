//! One request to an endpoint: sends it, reads the answer within bounds and time, and says of a
//! failure whether asking again can help. The key is in the header and nowhere else: no message
//! shows it.

use super::wire::error_words;
use ragd_core::error::{Error, ErrorKind, Result};
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// The largest answer: 2,048 vectors of 4,096 numbers of 12 characters are 100 MB.
const MAX_REPLY_BYTES: usize = 128 << 20;
/// How much of a failure's body is read for its words.
const MAX_ERROR_BYTES: usize = 64 << 10;
/// How many characters of an endpoint's words are repeated.
const MAX_WORDS: usize = 300;
/// The longest wait that an endpoint may ask for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(30);

/// The machine-readable code of an error that says that the endpoint did not do its work.
pub const CODE_AWAY: &str = "embeddings_unavailable";

/// The way to one endpoint.
pub(super) struct Transport {
    pub http: Client,
    pub url: Url,
    pub key: Option<SecretString>,
}

/// Why a request failed.
pub(super) struct Failure {
    pub error: Error,
    /// Whether the same request may succeed later.
    pub passing: bool,
    /// How long the endpoint asks to wait.
    pub retry_after: Option<Duration>,
}

impl Transport {
    /// Sends `body` and returns the answer's, if it is a success.
    pub async fn post(&self, body: Vec<u8>, patience: Duration) -> Result<Vec<u8>, Failure> {
        let deadline = Instant::now() + patience;
        let mut request = self
            .http
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .body(body);
        if let Some(key) = &self.key {
            request = request.bearer_auth(key.expose_secret());
        }
        let late = || self.passing("does not answer in time");
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
            // Its status says what it is; a body that breaks off takes nothing away.
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

    /// A success whose content is none.
    pub fn malformed(&self, reason: &str) -> Failure {
        Failure {
            error: self.error(ErrorKind::Upstream, reason),
            passing: false,
            retry_after: None,
        }
    }

    fn passing(&self, reason: &str) -> Failure {
        Failure {
            error: self.error(ErrorKind::Unavailable, reason),
            passing: true,
            retry_after: None,
        }
    }

    fn broken(&self, error: reqwest::Error) -> Failure {
        let reason = if error.is_connect() {
            "cannot be reached"
        } else {
            "broke the connection off"
        };
        let failure = self.passing(reason);
        Failure {
            error: failure.error.with_source(error.without_url()),
            ..failure
        }
    }

    fn refused(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Failure {
        let passing = status.is_server_error()
            || [StatusCode::TOO_MANY_REQUESTS, StatusCode::REQUEST_TIMEOUT].contains(&status);
        let said = match status {
            // What it says of a key or an account is for whoever runs ragd, not for callers.
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                "does not accept the key (EMBEDDING_API_KEY)".to_owned()
            }
            _ => match error_words(body) {
                Some(words) => {
                    format!("answered {}: {}", status.as_u16(), self.presentable(&words))
                }
                None => format!("answered {}", status.as_u16()),
            },
        };
        let kind = if passing {
            ErrorKind::Unavailable
        } else {
            ErrorKind::Upstream
        };
        Failure {
            error: self.error(kind, &said),
            passing,
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
        .with_code(CODE_AWAY)
    }

    /// The endpoint's words on one line, short, and without the key.
    fn presentable(&self, words: &str) -> String {
        let line: String = words
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .take(MAX_WORDS)
            .collect();
        match &self.key {
            Some(key) => line.replace(key.expose_secret(), "***"),
            None => line,
        }
    }
}

/// A whole body; `None` when it is longer than `limit`.
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

/// `Retry-After` in seconds; a date is not worth a clock here.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?;
    let seconds = Duration::from_secs(text.trim().parse().ok()?);
    Some(seconds.min(MAX_RETRY_AFTER))
}
