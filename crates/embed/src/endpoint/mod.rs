//! A model behind an HTTP endpoint. Documents are sent in bounded batches, a bounded number of
//! requests at a time, with retries. A question gets one request with a short timeout, and none at
//! all during a cool-down after a failure, so that retrieval falls back to keyword search at once
//! while the endpoint is unavailable.

mod transport;
mod wire;

pub use transport::CODE_EMBEDDINGS_UNAVAILABLE;
pub use wire::EndpointWire;

use chrono::{DateTime, Utc};
use futures_util::{StreamExt, TryStreamExt, stream};
use ragd_core::clock::Clock;
use ragd_core::error::{Error, ErrorKind, Result};
use reqwest::{Client, Url};
use secrecy::{ExposeSecret, SecretString};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;
use transport::{Failure, Transport};

/// The most requests for one batch of documents, the first included.
const TRIES: u32 = 5;
/// The wait before the second try; it doubles with each further one.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// How long questions fail at once after a failed request that gave no time of its own.
const COOL_DOWN: Duration = Duration::from_secs(5);
/// A text that any model accepts, to find out the length of its vectors.
const PROBE: &str = "length";
/// The timeout of that request: the start of the server waits for it.
const PROBE_TIMEOUT: Duration = Duration::from_secs(10);

/// The settings of an endpoint.
#[derive(Debug, Clone)]
pub struct EndpointSettings {
    /// The API that it has.
    pub wire: EndpointWire,
    /// The base URL of its API: OpenAI's ends in `/v1`, Ollama's does not.
    pub base_url: String,
    /// The name that the endpoint has for the model.
    pub model: String,
    /// The API key; local servers need none.
    pub key: Option<SecretString>,
    /// The length of the vectors to request; `None`: the model's own.
    pub dimensions: Option<usize>,
    /// The most texts of one request.
    pub batch_texts: usize,
    /// The most requests with documents at the same time.
    pub concurrency: usize,
    /// Longer texts are cut, in characters.
    pub max_text_chars: usize,
    /// How long requests may take.
    pub timeouts: EndpointTimeouts,
}

/// How long requests to an endpoint may take.
#[derive(Debug, Clone, Copy)]
pub struct EndpointTimeouts {
    /// A request with documents.
    pub documents: Duration,
    /// A question.
    pub question: Duration,
}

/// A model behind an HTTP endpoint; cheap to clone.
#[derive(Clone)]
pub struct Endpoint(Arc<Shared>);

struct Shared {
    settings: EndpointSettings,
    model_id: String,
    dimension: usize,
    transport: Transport,
    permits: Semaphore,
    clock: Clock,
    trouble: Mutex<Option<Trouble>>,
}

/// The last failure, as long as no request has succeeded since.
struct Trouble {
    reason: String,
    /// Until then questions fail without a request.
    until: DateTime<Utc>,
}

/// The id of the vectors of a model behind an endpoint, the same wherever the model runs. A name
/// without a tag and Ollama's tag `latest` mean the same.
pub fn endpoint_model_id(model: &str, dimension: usize) -> String {
    format!("{}@{dimension}", model.trim().trim_end_matches(":latest"))
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Endpoint({} at {})",
            self.0.model_id, self.0.transport.url
        )
    }
}

impl Endpoint {
    /// The endpoint, whose vectors have `dimension` numbers. Sends no request.
    ///
    /// # Errors
    /// `Invalid` when the base URL is malformed or the key cannot be sent in a header.
    pub fn new(
        settings: EndpointSettings,
        dimension: usize,
        http: Client,
        clock: Clock,
    ) -> Result<Self> {
        let transport = Transport {
            http,
            url: address(&settings)?,
            key: sendable(settings.key.as_ref())?,
        };
        Ok(Self(Arc::new(Shared {
            model_id: endpoint_model_id(&settings.model, dimension),
            dimension,
            transport,
            permits: Semaphore::new(settings.concurrency.max(1)),
            clock,
            trouble: Mutex::new(None),
            settings,
        })))
    }

    /// As [`Endpoint::new`], but finds out the length of the vectors with one request.
    ///
    /// # Errors
    /// As [`Endpoint::new`] and as [`Embedder::embed_query`](super::Embedder::embed_query).
    pub async fn connect(settings: EndpointSettings, http: Client, clock: Clock) -> Result<Self> {
        let unknown = Self::new(settings.clone(), 0, http.clone(), clock.clone())?;
        let timeout = settings.timeouts.documents.min(PROBE_TIMEOUT);
        let vectors = unknown.request(&[PROBE], timeout).await;
        let vectors = vectors.map_err(|failure| failure.error)?;
        let dimension = vectors.first().map_or(0, Vec::len);
        Self::new(settings, dimension, http, clock)
    }

    /// The model with the length of its vectors: see [`endpoint_model_id`].
    pub fn model_id(&self) -> &str {
        &self.0.model_id
    }

    /// The length of a vector.
    pub fn dimension(&self) -> usize {
        self.0.dimension
    }

    /// The URL that requests are sent to.
    pub fn address(&self) -> &str {
        self.0.transport.url.as_str()
    }

    /// See [`Embedder::embed`](super::Embedder::embed).
    pub(super) async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
        let batches = texts.chunks(self.0.settings.batch_texts.max(1));
        let batches: Vec<Vec<String>> = batches.map(<[String]>::to_vec).collect();
        let vectors: Vec<Vec<Vec<f32>>> = stream::iter(batches)
            .map(|batch| self.embed_with_retries(batch))
            .buffered(self.0.settings.concurrency.max(1))
            .try_collect()
            .await?;
        Ok(vectors.into_iter().flatten().collect())
    }

    /// See [`Embedder::embed_at_once`](super::Embedder::embed_at_once).
    pub(super) async fn embed_at_once(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
        self.refuse_during_cool_down()?;
        let mut vectors = Vec::with_capacity(texts.len());
        for batch in texts.chunks(self.0.settings.batch_texts.max(1)) {
            let batch: Vec<&str> = batch.iter().map(String::as_str).collect();
            let vectors_of_batch = self.request_once(&batch, self.0.settings.timeouts.question);
            vectors.extend(vectors_of_batch.await.map_err(|failure| failure.error)?);
        }
        Ok(vectors)
    }

    /// See [`Embedder::embed_query`](super::Embedder::embed_query).
    pub(super) async fn embed_query(&self, text: &str) -> Result<Vec<f32>> {
        let vectors = self.embed_at_once(vec![text.to_owned()]).await?;
        let vector = vectors.into_iter().next();
        vector.ok_or_else(|| Error::internal("the endpoint returned no vector"))
    }

    /// See [`Embedder::trouble`](super::Embedder::trouble).
    pub(super) fn trouble(&self) -> Option<String> {
        self.last_trouble()
            .as_ref()
            .map(|trouble| trouble.reason.clone())
    }

    /// The vectors of one batch of documents; repeats the request while that can help.
    async fn embed_with_retries(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let mut wait = FIRST_WAIT;
        let mut tries = 1;
        loop {
            let permit = self.0.permits.acquire().await.map_err(|error| {
                Error::internal("the embedding endpoint is closed").with_source(error)
            })?;
            let timeout = self.0.settings.timeouts.documents;
            let outcome = self.request_once(&texts, timeout).await;
            drop(permit);
            match outcome {
                Ok(vectors) => return Ok(vectors),
                Err(failure) if failure.is_temporary && tries < TRIES => {
                    let wait = failure.retry_after.unwrap_or(wait);
                    tracing::warn!(
                        tries,
                        wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
                        "{}; the request is repeated",
                        failure.error
                    );
                    self.0.clock.sleep(wait).await;
                }
                Err(failure) => return Err(failure.error),
            }
            wait *= 2;
            tries += 1;
        }
    }

    /// One request, with a check of the vectors' length. Records whether it failed.
    async fn request_once(
        &self,
        texts: &[&str],
        timeout: Duration,
    ) -> Result<Vec<Vec<f32>>, Failure> {
        let outcome = self
            .request(texts, timeout)
            .await
            .and_then(|vectors| self.checked(vectors));
        *self.last_trouble() = outcome.as_ref().err().map(|failure| {
            let pause = failure.retry_after.unwrap_or(COOL_DOWN);
            // A refusal concerns this request only; the next question may succeed.
            let pause = if failure.is_temporary {
                pause
            } else {
                Duration::ZERO
            };
            Trouble {
                reason: failure.error.to_string(),
                until: self.0.clock.now() + pause,
            }
        });
        outcome
    }

    async fn request(&self, texts: &[&str], timeout: Duration) -> Result<Vec<Vec<f32>>, Failure> {
        let Shared {
            settings,
            transport,
            ..
        } = &*self.0;
        let cut: Vec<&str> = texts
            .iter()
            .map(|text| cut(text, settings.max_text_chars))
            .collect();
        let body = settings
            .wire
            .body(&settings.model, &cut, settings.dimensions);
        let body =
            body.map_err(|error| transport.malformed(&format!("cannot be called: {error}")))?;
        let reply = transport.post(body, timeout).await?;
        let vectors = settings.wire.vectors(&reply, texts.len());
        vectors.map_err(|reason| transport.malformed(&format!("answered, but {reason}")))
    }

    fn checked(&self, vectors: Vec<Vec<f32>>) -> Result<Vec<Vec<f32>>, Failure> {
        let wrong = vectors
            .iter()
            .find(|vector| vector.len() != self.0.dimension);
        match wrong {
            None => Ok(vectors),
            Some(wrong) => Err(self.0.transport.malformed(&format!(
                "now returns vectors of {} numbers; those of this installation have {} \
                 (EMBEDDING_DIMENSION): `ragd index reembed` recomputes all of them",
                wrong.len(),
                self.0.dimension
            ))),
        }
    }

    fn refuse_during_cool_down(&self) -> Result<()> {
        match &*self.last_trouble() {
            Some(trouble) if self.0.clock.now() < trouble.until => {
                let error = Error::new(ErrorKind::Unavailable, trouble.reason.clone());
                Err(error.with_code(CODE_EMBEDDINGS_UNAVAILABLE))
            }
            _ => Ok(()),
        }
    }

    fn last_trouble(&self) -> MutexGuard<'_, Option<Trouble>> {
        self.0
            .trouble
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The first `limit` characters; a space for an empty text, which servers refuse.
fn cut(text: &str, limit: usize) -> &str {
    if text.is_empty() {
        return " ";
    }
    let end = text
        .char_indices()
        .nth(limit)
        .map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or(text)
}

fn address(settings: &EndpointSettings) -> Result<Url> {
    let refused = |why: &str| Error::invalid(format!("EMBEDDING_BASE_URL: {why}"));
    let mut base = settings.base_url.trim().trim_end_matches('/');
    if settings.wire == EndpointWire::Ollama {
        base = base.trim_end_matches("/v1");
    }
    let url = Url::parse(&format!("{base}/{}", settings.wire.path()));
    let url = url.map_err(|error| refused("is not a URL").with_source(error))?;
    match url.scheme() {
        "http" | "https" if url.username().is_empty() && url.password().is_none() => Ok(url),
        "http" | "https" => Err(refused("must not contain a user name or password")),
        _ => Err(refused("must begin with http:// or https://")),
    }
}

/// The key, if it can be sent in a header; `None` for a blank one.
fn sendable(key: Option<&SecretString>) -> Result<Option<SecretString>> {
    match key.filter(|key| !key.expose_secret().trim().is_empty()) {
        Some(key)
            if !key
                .expose_secret()
                .bytes()
                .all(|byte| byte.is_ascii_graphic()) =>
        {
            Err(Error::invalid(
                "EMBEDDING_API_KEY: contains a space, a line end or another character that no key has",
            ))
        }
        key => Ok(key.cloned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_at_a_character() {
        assert_eq!(cut("Grüße", 3), "Grü");
        assert_eq!(cut("Grüße", 5), "Grüße");
        assert_eq!(cut("", 5), " ");
    }

    #[test]
    fn an_id_names_the_model_and_its_length_but_not_who_runs_it() {
        assert_eq!(
            endpoint_model_id("nomic-embed-text:latest", 768),
            "nomic-embed-text@768"
        );
        assert_eq!(endpoint_model_id("bge-m3", 1024), "bge-m3@1024");
    }
}
