//! Language models behind one door: [`Provider`] asks an upstream over a wire, whole or streamed,
//! and says honestly how it went; [`Reranker`] asks for scores; [`extractive`] answers from the sources alone, without any model.
//! A failure is never reported as a success. It does not choose between providers, does not retry,
//! and records no metrics: those belong to who calls it.

mod error;
pub mod extractive;
mod failure;
mod openai;
mod reader;
mod request;
mod rerank;
mod settings;
mod sse;
mod transport;
mod wire;

pub use error::{DEFAULT_COOL_DOWN, Fault, MAX_COOL_DOWN, ProviderError, ProviderErrorKind};
pub use request::{
    ChatMessage, ChatReply, ChatRequest, ChatStream, FinishReason, StreamEvent, Usage,
};
pub use rerank::{RerankWire, Reranker, RerankerSettings};
pub use settings::{ProviderSettings, Timeouts};
pub use wire::Wire;

use crate::error::{Error, Result};
use failure::Blame;
use futures_util::{StreamExt, stream};
use reader::{Reader, StreamDeadlines};
use reqwest::{Client, Url};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;
use transport::Transport;

/// One configured upstream; cheap to clone.
#[derive(Debug, Clone)]
pub struct Provider {
    name: String,
    model: String,
    timeouts: Timeouts,
    transport: Transport,
}

impl Provider {
    /// An upstream that speaks OpenAI's wire: OpenAI itself, Groq, Ollama, vLLM and many more.
    ///
    /// # Errors
    /// `Invalid` when the base URL is no `http` or `https` address or the key cannot be sent.
    pub fn openai_compatible(name: &str, settings: ProviderSettings, http: Client) -> Result<Self> {
        let wire = Wire::OpenAi;
        let transport = Transport {
            http,
            endpoint: endpoint(name, &settings.base_url, wire.chat_path())?,
            blame: Blame {
                provider: name.to_owned(),
                wire,
                secret: sendable(name, settings.api_key)?,
            },
        };
        Ok(Self {
            name: name.to_owned(),
            model: settings.model,
            timeouts: settings.timeouts,
            transport,
        })
    }

    /// The name it is configured under.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The model used when a request names none.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Asks for a whole answer; it ends within the total time. Dropping the future closes the
    /// connection.
    ///
    /// # Errors
    /// [`ProviderError`] for everything but an answer with text.
    pub async fn complete(&self, request: &ChatRequest) -> Result<ChatReply, ProviderError> {
        let deadline = Instant::now() + self.timeouts.total;
        let body = self.body(request, false)?;
        let response = self
            .transport
            .post(body, "application/json", deadline)
            .await?;
        let body = self.transport.read(response, deadline).await?;
        self.transport
            .wire()
            .parse_reply(&body, self.asked_model(request))
            .map_err(|refusal| self.transport.blame.refused(&refusal))
    }

    /// Asks for a streamed answer; returns when the upstream has accepted the request. The stream
    /// yields deltas and then `Done`, or an error as its last item; polled once more after `Done`
    /// it leaves the connection fit for the next call.
    ///
    /// # Errors
    /// [`ProviderError`] when the upstream does not begin a stream.
    pub async fn stream(&self, request: &ChatRequest) -> Result<ChatStream, ProviderError> {
        let now = Instant::now();
        let deadlines = StreamDeadlines {
            first_content: now + self.timeouts.first_content,
            idle: self.timeouts.idle,
            total: now + self.timeouts.total,
        };
        let body = self.body(request, true)?;
        let accept_by = deadlines.first_content.min(deadlines.total);
        let response = self
            .transport
            .post(body, "text/event-stream", accept_by)
            .await?;
        if transport::is_json(&response) {
            return Err(self.not_a_stream(response, accept_by).await);
        }
        let model = self.asked_model(request).to_owned();
        let reader = Reader::new(self.transport.clone(), response, deadlines, model);
        let events = stream::try_unfold(reader, |mut reader| async {
            Ok(reader.next().await?.map(|event| (event, reader)))
        });
        Ok(events.boxed())
    }

    fn asked_model<'a>(&'a self, request: &'a ChatRequest) -> &'a str {
        request.model.as_deref().unwrap_or(&self.model)
    }

    fn body(&self, request: &ChatRequest, stream: bool) -> Result<Vec<u8>, ProviderError> {
        self.transport
            .wire()
            .body(request, &self.model, stream)
            .map_err(|error| {
                let kind = ProviderErrorKind::Misconfigured;
                self.transport
                    .blame
                    .error(kind, "the request could not be written")
                    .with_source(error)
            })
    }

    /// A 200 with a JSON body where a stream was asked for: mostly an error.
    async fn not_a_stream(&self, response: reqwest::Response, by: Instant) -> ProviderError {
        let body = match self.transport.read(response, by).await {
            Ok(body) => body,
            Err(error) => return error,
        };
        let said = self.transport.wire().parse_reply(&body, &self.model);
        let refusal = said.err().unwrap_or_else(|| {
            wire::Refusal::malformed("a whole answer came where a stream was asked for")
        });
        self.transport.blame.refused(&refusal)
    }
}

fn endpoint(name: &str, base_url: &str, path: &str) -> Result<Url> {
    let url = format!("{}/{path}", base_url.trim().trim_end_matches('/'));
    let url = Url::parse(&url).map_err(|error| {
        Error::invalid(format!("the base URL of provider `{name}` is not a URL")).with_source(error)
    })?;
    checked(name, url)
}

/// An address that may be called: `http` or `https`, without credentials.
fn checked(name: &str, url: Url) -> Result<Url> {
    let refused = |why: &str| Error::invalid(format!("the base URL of provider `{name}` {why}"));
    match url.scheme() {
        "http" | "https" if !url.username().is_empty() || url.password().is_some() => {
            Err(refused("must not hold a user name or password"))
        }
        "http" | "https" => Ok(url),
        _ => Err(refused("must begin with http:// or https://")),
    }
}

/// The key, if a header can carry it; a blank key is none.
fn sendable(name: &str, key: Option<SecretString>) -> Result<Option<SecretString>> {
    let Some(key) = key.filter(|key| !key.expose_secret().trim().is_empty()) else {
        return Ok(None);
    };
    if key.expose_secret().bytes().all(|b| b.is_ascii_graphic()) {
        Ok(Some(key))
    } else {
        Err(Error::invalid(format!(
            "the API key of provider `{name}` holds a space, a line end or another character that \
             no key has"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_url_may_end_in_a_slash_and_must_be_http() {
        let url = |base| endpoint("groq", base, "chat/completions").map(|url| url.to_string());
        let expected = "https://api.example.com/openai/v1/chat/completions";
        assert_eq!(url("https://api.example.com/openai/v1").unwrap(), expected);
        assert_eq!(
            url(" https://api.example.com/openai/v1/ ").unwrap(),
            expected
        );
        assert!(url("api.example.com/v1").is_err());
        assert!(url("file:///etc").is_err());
        assert!(url("http://me:pass@localhost/v1").is_err());
    }

    #[test]
    fn a_key_that_no_header_can_carry_is_refused_without_being_shown() {
        let blank = sendable("groq", Some(" \n".into())).unwrap();
        assert!(blank.is_none());
        let error = sendable("groq", Some("sk-1\nsk-2".into())).unwrap_err();
        assert!(!error.chain().contains("sk-1"), "{error}");
    }
}
