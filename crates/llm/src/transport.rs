//! One call over HTTP: sends a request under its deadline, reads a bounded body, and turns every way
//! in which that fails into a provider's failure. It does not retry, and knows no vendor's JSON.

use super::failure::Blame;
use super::wire::{Refusal, Wire};
use super::{ProviderError, ProviderErrorKind as Kind};
use bytes::{Bytes, BytesMut};
use ragd_core::error::{Error, Result};
use ragd_core::outbound::{ModelClient, Reply, Target};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// The largest whole answer, in bytes.
const MAX_REPLY_BYTES: usize = 16 << 20;

/// How much of a failure's body is read for its message, in bytes, and for how long.
const MAX_ERROR_BYTES: usize = 64 << 10;
const ERROR_BODY_WAIT: Duration = Duration::from_secs(2);

/// Sends calls to one upstream.
#[derive(Debug, Clone)]
pub(super) struct Transport {
    pub http: ModelClient,
    /// The headers of every call: credentials, and what the wire format needs.
    pub headers: HeaderMap,
    pub blame: Blame,
}

impl Transport {
    /// The transport to the upstream called `name`; `credentials` are headers with their values.
    ///
    /// # Errors
    /// `Invalid` when a credential cannot be sent.
    pub fn new(
        name: &str,
        wire: Wire,
        credentials: Vec<(&'static str, SecretString)>,
        http: ModelClient,
    ) -> Result<Self> {
        let mut headers = HeaderMap::new();
        let mut secrets = Vec::new();
        for (header, secret) in credentials {
            let Some(secret) = sendable(name, secret)? else {
                continue;
            };
            let header = HeaderName::from_bytes(header.as_bytes())
                .map_err(|error| Error::internal("a header has no name").with_source(error))?;
            let value = credential(name, &header, &secret)?;
            headers.insert(header, value);
            secrets.push(secret);
        }
        if let Some((header, value)) = wire.extra_header() {
            headers.insert(header, HeaderValue::from_static(value));
        }
        Ok(Self {
            http,
            headers,
            blame: Blame {
                provider: name.into(),
                wire,
                secrets: secrets.into(),
            },
        })
    }

    /// Sends `body` and returns the answer's head, if it is a success.
    pub async fn post(
        &self,
        target: &Target,
        body: Vec<u8>,
        accept: &'static str,
        deadline: Instant,
    ) -> Result<Reply, ProviderError> {
        let mut headers = self.headers.clone();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        let response = timeout_at(deadline, self.http.post(target, headers, body))
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
        mut response: Reply,
        deadline: Instant,
    ) -> Result<Bytes, ProviderError> {
        let mut first = Bytes::new();
        let mut body = BytesMut::new();
        while let Some(piece) = timeout_at(deadline, response.chunk())
            .await
            .map_err(|_| self.blame.error(Kind::Timeout, "no whole answer in time"))?
            .map_err(|error| self.blame.broken(error))?
        {
            if body.len() + first.len() + piece.len() > MAX_REPLY_BYTES {
                let refusal = Refusal::malformed(format!(
                    "the answer is larger than {MAX_REPLY_BYTES} bytes"
                ));
                return Err(self.blame.refused(&refusal));
            }
            // Most answers come in one piece, which is not copied then.
            if first.is_empty() && body.is_empty() {
                first = piece;
                continue;
            }
            body.extend_from_slice(&std::mem::take(&mut first));
            body.extend_from_slice(&piece);
        }
        Ok(if body.is_empty() {
            first
        } else {
            body.freeze()
        })
    }

    /// Status and headers of a failure decide its kind; the body only adds a message, so it may break
    /// off or hang.
    async fn read_failure(&self, mut response: Reply, deadline: Instant) -> ProviderError {
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

/// Whether the content type of the answer is JSON.
pub(super) fn is_json(response: &Reply) -> bool {
    response
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|kind| kind.trim_start().starts_with("application/json"))
}

fn credential(name: &str, header: &HeaderName, secret: &SecretString) -> Result<HeaderValue> {
    let text = secret.expose_secret();
    let value = if *header == AUTHORIZATION {
        HeaderValue::from_str(&format!("Bearer {text}"))
    } else {
        HeaderValue::from_str(text)
    };
    let mut value = value.map_err(|_| unsendable(name))?;
    value.set_sensitive(true);
    Ok(value)
}

/// The key, if a header can carry it; `None` for a blank key.
fn sendable(name: &str, key: SecretString) -> Result<Option<SecretString>> {
    let text = key.expose_secret();
    if text.trim().is_empty() {
        return Ok(None);
    }
    if text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(Some(key))
    } else {
        Err(unsendable(name))
    }
}

fn unsendable(name: &str) -> Error {
    Error::invalid(format!(
        "the API key of provider `{name}` holds a space, a line end or another character that no \
         key has"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_no_header_can_carry_is_refused_without_being_shown() {
        let blank = sendable("groq", " \n".into()).unwrap();
        assert!(blank.is_none());
        let error = sendable("groq", "sk-1\nsk-2".into()).unwrap_err();
        assert!(!error.chain().contains("sk-1"), "{error}");
    }
}
