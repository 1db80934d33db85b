//! One embedder over both sources, with one behaviour: unit vectors of one length, in the order of
//! the texts, and a question that does not wait behind documents.

use super::endpoint::Endpoint;
use super::local::Local;
use ragd_core::error::Result;
use std::num::NonZeroUsize;
use std::path::Path;

/// Makes vectors; cheap to clone.
#[derive(Debug, Clone)]
pub enum Embedder {
    /// The model in this process.
    Local(Local),
    /// A model elsewhere.
    Endpoint(Endpoint),
}

impl Embedder {
    /// The local model installed under the folder `models`: see [`Local::load`].
    ///
    /// # Errors
    /// As [`Local::load`].
    pub fn load(models: &Path, threads: NonZeroUsize) -> Result<Self> {
        Local::load(models, threads).map(Self::Local)
    }

    /// The model with all that decides its vectors: those of different ids do not compare.
    pub fn model_id(&self) -> &str {
        match self {
            Self::Local(local) => local.model_id(),
            Self::Endpoint(endpoint) => endpoint.model_id(),
        }
    }

    /// The length of a vector.
    pub fn dimension(&self) -> usize {
        match self {
            Self::Local(local) => local.dimension(),
            Self::Endpoint(endpoint) => endpoint.dimension(),
        }
    }

    /// The unit vectors of `texts`, in order. It takes its time: an endpoint that is busy or away
    /// is asked again before it fails. Dropping the future stops it.
    ///
    /// # Errors
    /// `Internal` if the local model fails, which no text makes it; `Unavailable` when the endpoint
    /// is not there or too busy; `Upstream` when it answers with anything but such vectors.
    pub async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
        match self {
            Self::Local(local) => local.embed(texts).await,
            Self::Endpoint(endpoint) => endpoint.embed(texts).await,
        }
    }

    /// As [`Self::embed`], for somebody who waits for an answer: an endpoint is asked once, with
    /// the patience of a question.
    ///
    /// # Errors
    /// As [`Self::embed_query`].
    pub async fn embed_at_once(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
        match self {
            Self::Local(local) => local.embed(texts).await,
            Self::Endpoint(endpoint) => endpoint.embed_at_once(texts).await,
        }
    }

    /// The unit vector of a question. It does not wait for documents that are being embedded, and
    /// not for an endpoint that failed a moment ago.
    ///
    /// # Errors
    /// As [`Self::embed`]; from an endpoint `Unavailable` after the time that a question may take.
    pub async fn embed_query(&self, text: &str) -> Result<Vec<f32>> {
        match self {
            Self::Local(local) => local.embed_query(text).await,
            Self::Endpoint(endpoint) => endpoint.embed_query(text).await,
        }
    }

    /// Why the last request failed, while none has succeeded since; `None`: all is well.
    pub fn trouble(&self) -> Option<String> {
        match self {
            Self::Local(_) => None,
            Self::Endpoint(endpoint) => endpoint.trouble(),
        }
    }
}
