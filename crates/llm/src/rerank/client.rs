//! Rerankers over HTTP: a question and texts go out, a score for each text comes back, or a failure
//! that says why. It does not decide when one is called.

use super::wire::RerankWire;
use crate::call::checked;
use crate::transport::Transport;
use crate::{ProviderError, ProviderErrorKind, Wire};
use ragd_core::error::{Error, Result};
use ragd_core::outbound::{ModelClient, Target};
use reqwest::Url;
use secrecy::SecretString;
use std::time::Duration;
use tokio::time::Instant;

/// One reranker's settings.
#[derive(Debug, Clone)]
pub struct RerankerSettings {
    /// Its wire format.
    pub wire: RerankWire,
    /// Where it is; an address without a path gets the wire's usual one, and a wire with a usual
    /// place needs no address.
    pub url: Option<String>,
    /// Its key; local ones have none.
    pub api_key: Option<SecretString>,
    /// Its model; a wire with a usual model needs none.
    pub model: Option<String>,
    /// How long an answer may take.
    pub timeout: Duration,
}

/// Calls one configured reranker; cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct RerankClient {
    wire: RerankWire,
    model: Option<String>,
    timeout: Duration,
    target: Target,
    transport: Transport,
}

impl RerankClient {
    /// A reranker at its address.
    ///
    /// # Errors
    /// `Invalid` when the address is malformed or the key cannot be sent.
    pub(super) fn new(settings: RerankerSettings, http: ModelClient) -> Result<Self> {
        let wire = settings.wire;
        let name = wire.as_str();
        let credentials = settings.api_key.map(|key| ("authorization", key));
        let credentials = credentials.into_iter().collect();
        // Rerankers write their errors in the shapes that this wire reads.
        let transport = Transport::new(name, Wire::OpenAi, credentials, http)?;
        Ok(Self {
            wire,
            model: settings
                .model
                .or_else(|| wire.usual_model().map(str::to_owned)),
            timeout: settings.timeout,
            target: Target::new(endpoint(wire, settings.url.as_deref())?),
            transport,
        })
    }

    /// The name of its wire.
    pub(super) fn name(&self) -> &'static str {
        self.wire.as_str()
    }

    /// How well each of `texts` answers `query`, in the order of `texts`; greater is better.
    ///
    /// # Errors
    /// [`ProviderError`] for everything but one finite score for each text.
    pub(super) async fn rank(
        &self,
        query: &str,
        texts: &[String],
    ) -> Result<Vec<f64>, ProviderError> {
        let deadline = Instant::now() + self.timeout;
        let body = self
            .wire
            .body(self.model.as_deref(), query, texts)
            .map_err(|error| {
                let kind = ProviderErrorKind::Misconfigured;
                let blame = &self.transport.blame;
                blame
                    .error(kind, "the request could not be written")
                    .with_source(error)
            })?;
        let response = self
            .transport
            .post(&self.target, body, "application/json", deadline)
            .await?;
        let body = self.transport.read(response, deadline).await?;
        self.wire
            .parse(&body, texts.len())
            .map_err(|refusal| self.transport.blame.refused(&refusal))
    }
}

fn endpoint(wire: RerankWire, url: Option<&str>) -> Result<Url> {
    let name = wire.as_str();
    let url = url.or_else(|| wire.usual_url()).ok_or_else(|| {
        Error::invalid(format!(
            "RERANK_PROVIDER is {name}, which needs RERANK_URL as well"
        ))
    })?;
    let mut url = Url::parse(url.trim())
        .map_err(|error| Error::invalid("RERANK_URL is not a URL").with_source(error))?;
    if url.path() == "/" {
        url.set_path(wire.usual_path());
    }
    checked(name, url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_without_a_path_gets_the_usual_one() {
        let url = |wire, url| endpoint(wire, url).map(|url| url.to_string());
        let tei = RerankWire::Tei;
        assert_eq!(
            url(tei, Some("http://127.0.0.1:8080")).unwrap(),
            "http://127.0.0.1:8080/rerank"
        );
        assert_eq!(
            url(tei, Some("http://tei/a/b?c=d")).unwrap(),
            "http://tei/a/b?c=d"
        );
        let cohere = url(RerankWire::Cohere, None).unwrap();
        assert_eq!(cohere, "https://api.cohere.com/v2/rerank");
        assert_eq!(
            url(RerankWire::Jina, None).unwrap(),
            "https://api.jina.ai/v1/rerank"
        );
        assert!(url(tei, None).is_err());
        assert!(url(tei, Some("tei:8080/rerank")).is_err());
        assert!(url(tei, Some("http://me:pass@tei")).is_err());
    }
}
