//! One call over HTTP: sends a request under its deadline, reads a bounded body, and turns every way
//! in which that fails into a provider's failure. It does not retry, and knows no vendor's JSON.

use super::failure::Blame;
use super::wire::{Refusal, Wire};
use super::{ProviderError, ProviderErrorKind as Kind};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use reqwest::{Client, Response, Url};
use secrecy::ExposeSecret;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// The largest whole answer, in bytes.
const MAX_REPLY_BYTES: usize = 16 << 20;

/// How much of a failure's body is read for its words, in bytes, and for how long.
const MAX_ERROR_BYTES: usize = 64 << 10;
const ERROR_BODY_WAIT: Duration = Duration::from_secs(2);

/// The way to one upstream.
#[derive(Debug, Clone)]
pub(super) struct Transport {
    pub http: Client,
    pub endpoint: Url,
    pub blame: Blame,
}

impl Transport {
    /// The wire that is spoken here.
    pub const fn wire(&self) -> Wire {
        self.blame.wire
    }

    /// Sends `body` and returns the answer's head, if it is a success.
    pub async fn post(
        &self,
        body: Vec<u8>,
        accept: &'static str,
        deadline: Instant,
    ) -> Result<Response, ProviderError> {
        let mut request = self
            .http
            .post(self.endpoint.clone())
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .header(ACCEPT, HeaderValue::from_static(accept))
            .body(body);
        if let Some(key) = &self.blame.secret {
            request = request.bearer_auth(key.expose_secret());
        }
        let response = timeout_at(deadline, request.send())
            .await
            .map_err(|_| self.blame.error(Kind::Timeout, "no answer in time"))?
            .map_err(|error| self.blame.broken(error))?;
        if response.status().is_success() {
            Ok(response)
        } else {
            Err(self.read_failure(response, deadline).await)
        }
    }

    /// Reads a whole answer.
    pub async fn read(
        &self,
        mut response: Response,
        deadline: Instant,
    ) -> Result<Vec<u8>, ProviderError> {
        let mut body = Vec::new();
        while let Some(piece) = timeout_at(deadline, response.chunk())
            .await
            .map_err(|_| self.blame.error(Kind::Timeout, "no whole answer in time"))?
            .map_err(|error| self.blame.broken(error))?
        {
            if body.len() + piece.len() > MAX_REPLY_BYTES {
                let refusal = Refusal::malformed(format!(
                    "the answer is larger than {MAX_REPLY_BYTES} bytes"
                ));
                return Err(self.blame.refused(&refusal));
            }
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }

    /// A failure's status and headers say what it is; its body only adds words, so a body that
    /// breaks off or hangs takes nothing away.
    async fn read_failure(&self, mut response: Response, deadline: Instant) -> ProviderError {
        let deadline = deadline.min(Instant::now() + ERROR_BODY_WAIT);
        let mut body = Vec::new();
        while let Ok(Ok(Some(piece))) = timeout_at(deadline, response.chunk()).await {
            body.extend_from_slice(&piece);
            if body.len() > MAX_ERROR_BYTES {
                break;
            }
        }
        self.blame
            .status(response.status().as_u16(), response.headers(), &body)
    }
}

/// Whether the answer says that it is JSON.
pub(super) fn is_json(response: &Response) -> bool {
    response
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|kind| kind.trim_start().starts_with("application/json"))
}
