//! A model elsewhere, asked over HTTP: texts in bounded batches, a bounded number of requests at a
//! time, busy answers asked for again; and questions, which get one short try and none at all for a
//! moment after a failure, so that retrieval goes on by words at once while the endpoint is away.

mod transport;
mod wire;

pub use transport::CODE_AWAY;
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

/// How often a batch of documents is asked for in all.
const TRIES: u32 = 5;
/// The wait before the second try; it doubles with each.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// After a failed question the next ones do not ask for so long.
const COOL_DOWN: Duration = Duration::from_secs(5);
/// A text with a length that any model takes, to learn how long its vectors are.
const PROBE: &str = "length";
/// How long that may take: a start waits for it.
const PROBE_PATIENCE: Duration = Duration::from_secs(10);

/// What an endpoint is asked with.
#[derive(Debug, Clone)]
pub struct EndpointSettings {
    /// How it is spoken to.
    pub wire: EndpointWire,
    /// Where its API begins: OpenAI's ends in `/v1`, Ollama's does not.
    pub base_url: String,
    /// The model's name there.
    pub model: String,
    /// The key; local servers have none.
    pub key: Option<SecretString>,
    /// The length that is asked for; `None`: the model's own.
    pub dimensions: Option<usize>,
    /// How many texts one request has.
    pub batch_texts: usize,
    /// How many requests with documents are under way at once.
    pub concurrency: usize,
    /// Longer texts are cut.
    pub max_text_chars: usize,
    /// How long it may take.
    pub timeouts: EndpointTimeouts,
}

/// How long an endpoint may take.
#[derive(Debug, Clone, Copy)]
pub struct EndpointTimeouts {
    /// A request with documents.
    pub documents: Duration,
    /// A question.
    pub question: Duration,
}

/// A model elsewhere; cheap to clone.
#[derive(Clone)]
pub struct Endpoint(Arc<Shared>);

struct Shared {
    settings: EndpointSettings,
    model_id: String,
    dimension: usize,
    transport: Transport,
    turns: Semaphore,
    clock: Clock,
    trouble: Mutex<Option<Trouble>>,
}

/// The last failure, while no success has come after it.
struct Trouble {
    reason: String,
    /// Until then questions do not ask.
    until: DateTime<Utc>,
}

/// The id of the vectors that a model elsewhere makes: the same wherever it runs. Ollama's `latest`
/// is what a name without a tag means.
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
    /// The endpoint, whose vectors have `dimension` numbers. Nothing is asked yet.
    ///
    /// # Errors
    /// `Invalid` when the address is none, or the key cannot be sent.
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
            turns: Semaphore::new(settings.concurrency.max(1)),
            clock,
            trouble: Mutex::new(None),
            settings,
        })))
    }

    /// As [`Endpoint::new`]; asks the endpoint once how long its vectors are.
    ///
    /// # Errors
    /// As [`Endpoint::new`] and those of a question.
    pub async fn connect(settings: EndpointSettings, http: Client, clock: Clock) -> Result<Self> {
        let unknown = Self::new(settings.clone(), 0, http.clone(), clock.clone())?;
        let patience = settings.timeouts.documents.min(PROBE_PATIENCE);
        let vectors = unknown.asked(&[PROBE], patience).await;
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

    /// Where it is asked.
    pub fn address(&self) -> &str {
        self.0.transport.url.as_str()
    }

    /// See [`Embedder::embed`](super::Embedder::embed).
    pub(super) async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
        let batches = texts.chunks(self.0.settings.batch_texts.max(1));
        let batches: Vec<Vec<String>> = batches.map(<[String]>::to_vec).collect();
        let vectors: Vec<Vec<Vec<f32>>> = stream::iter(batches)
            .map(|batch| self.patiently(batch))
            .buffered(self.0.settings.concurrency.max(1))
            .try_collect()
            .await?;
        Ok(vectors.into_iter().flatten().collect())
    }

    /// See [`Embedder::embed_at_once`](super::Embedder::embed_at_once).
    pub(super) async fn embed_at_once(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
        self.refuse_while_away()?;
        let mut vectors = Vec::with_capacity(texts.len());
        for batch in texts.chunks(self.0.settings.batch_texts.max(1)) {
            let batch: Vec<&str> = batch.iter().map(String::as_str).collect();
            let patience = self.0.settings.timeouts.question;
            vectors.extend(
                self.once(&batch, patience)
                    .await
                    .map_err(|failure| failure.error)?,
            );
        }
        Ok(vectors)
    }

    /// See [`Embedder::embed_query`](super::Embedder::embed_query).
    pub(super) async fn embed_query(&self, text: &str) -> Result<Vec<f32>> {
        let vectors = self.embed_at_once(vec![text.to_owned()]).await?;
        let vector = vectors.into_iter().next();
        vector.ok_or_else(|| Error::internal("the endpoint gave no vector"))
    }

    /// See [`Embedder::trouble`](super::Embedder::trouble).
    pub(super) fn trouble(&self) -> Option<String> {
        self.last_trouble()
            .as_ref()
            .map(|trouble| trouble.reason.clone())
    }

    /// One batch of documents, asked for again while that can help.
    async fn patiently(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let mut wait = FIRST_WAIT;
        let mut tries = 1;
        loop {
            let turn = self.0.turns.acquire().await;
            let turn =
                turn.map_err(|error| Error::internal("the endpoint is closed").with_source(error))?;
            let asked = self.once(&texts, self.0.settings.timeouts.documents).await;
            drop(turn);
            match asked {
                Ok(vectors) => return Ok(vectors),
                Err(failure) if failure.passing && tries < TRIES => {
                    let wait = failure.retry_after.unwrap_or(wait);
                    tracing::warn!(
                        tries,
                        wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
                        "{}; it is asked again",
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

    /// One request, whose outcome is remembered.
    async fn once(&self, texts: &[&str], patience: Duration) -> Result<Vec<Vec<f32>>, Failure> {
        let outcome = self
            .asked(texts, patience)
            .await
            .and_then(|vectors| self.checked(vectors));
        *self.last_trouble() = outcome.as_ref().err().map(|failure| {
            let pause = failure.retry_after.unwrap_or(COOL_DOWN);
            // A refusal is about what was asked; the next question may fare better.
            let pause = if failure.passing {
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

    async fn asked(&self, texts: &[&str], patience: Duration) -> Result<Vec<Vec<f32>>, Failure> {
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
            body.map_err(|error| transport.malformed(&format!("cannot be asked: {error}")))?;
        let reply = transport.post(body, patience).await?;
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
                "gives vectors of {} numbers now; those of this installation have {} \
                 (EMBEDDING_DIMENSION): `ragd index reembed` makes all of them anew",
                wrong.len(),
                self.0.dimension
            ))),
        }
    }

    fn refuse_while_away(&self) -> Result<()> {
        match &*self.last_trouble() {
            Some(trouble) if self.0.clock.now() < trouble.until => {
                let error = Error::new(ErrorKind::Unavailable, trouble.reason.clone());
                Err(error.with_code(CODE_AWAY))
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

/// The first `limit` characters; a text without any is a space, because servers refuse an empty one.
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
        "http" | "https" => Err(refused("must not hold a user name or password")),
        _ => Err(refused("must begin with http:// or https://")),
    }
}

/// The key, if a header can carry it; a blank one is none.
fn sendable(key: Option<&SecretString>) -> Result<Option<SecretString>> {
    match key.filter(|key| !key.expose_secret().trim().is_empty()) {
        Some(key)
            if !key
                .expose_secret()
                .bytes()
                .all(|byte| byte.is_ascii_graphic()) =>
        {
            Err(Error::invalid(
                "EMBEDDING_API_KEY: holds a space, a line end or another character that no key has",
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
