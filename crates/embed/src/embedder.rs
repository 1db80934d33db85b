//! One embedder over both sources, with the same behaviour: unit vectors of one length, in the
//! order of the texts, and a question that does not wait behind documents.

use super::endpoint::Endpoint;
use super::local::Local;
use futures_util::future::BoxFuture;
use ragd_core::error::Result;
use std::num::NonZeroUsize;
use std::path::Path;

/// Makes vectors; cheap to clone.
#[derive(Debug, Clone)]
pub enum Embedder {
    /// The model in this process.
    Local(Local),
    /// A model behind an HTTP endpoint.
    Endpoint(Endpoint),
}

impl Embedder {
    /// Loads the local model installed under the folder `models`, to compute on `threads` threads.
    /// Blocks for about a tenth of a second.
    ///
    /// # Errors
    /// `Unavailable` if the model is missing or damaged; the message says what to run.
    pub fn load(models: &Path, threads: NonZeroUsize) -> Result<Self> {
        Local::load(models, threads).map(Self::Local)
    }

    /// The id of the model with everything that determines its vectors: vectors of different ids
    /// cannot be compared.
    pub fn model_id(&self) -> &str {
        match self {
            Self::Local(local) => local.model_id(),
            Self::Endpoint(endpoint) => endpoint.model_id(),
        }
    }

    /// Whether the model reads English alone: the one in this process does. What an endpoint's model reads
    /// is not known, so it is taken to read everything.
    pub fn is_english(&self) -> bool {
        matches!(self, Self::Local(_))
    }

    /// The length of a vector.
    pub fn dimension(&self) -> usize {
        match self {
            Self::Local(local) => local.dimension(),
            Self::Endpoint(endpoint) => endpoint.dimension(),
        }
    }

    /// The unit vectors of `texts`, in order, for background work: requests to an endpoint that is
    /// busy or unavailable are retried. Dropping the future stops it.
    ///
    /// # Errors
    /// `Internal` if the local model fails, which does not depend on the texts; `Unavailable` when
    /// the endpoint cannot be reached or is too busy; `Upstream` when its answer is malformed.
    pub fn embed(&self, texts: Vec<String>) -> BoxFuture<'_, Result<Vec<Vec<f32>>>> {
        Box::pin(async move {
            match self {
                Self::Local(local) => local.embed(texts).await,
                Self::Endpoint(endpoint) => endpoint.embed(texts).await,
            }
        })
    }

    /// As [`Self::embed`], for a caller that waits for the answer: requests to an endpoint are not
    /// retried and have the timeout of a question.
    ///
    /// # Errors
    /// As [`Self::embed_query`].
    pub fn embed_at_once(&self, texts: Vec<String>) -> BoxFuture<'_, Result<Vec<Vec<f32>>>> {
        Box::pin(async move {
            match self {
                Self::Local(local) => local.embed(texts).await,
                Self::Endpoint(endpoint) => endpoint.embed_at_once(texts).await,
            }
        })
    }

    /// The unit vector of a question. It does not wait for documents that are being embedded, and
    /// fails at once while an endpoint is in its cool-down after a failure.
    ///
    /// # Errors
    /// As [`Self::embed`]; from an endpoint `Unavailable` after the timeout of a question.
    pub fn embed_query<'a>(&'a self, text: &'a str) -> BoxFuture<'a, Result<Vec<f32>>> {
        Box::pin(async move {
            match self {
                Self::Local(local) => local.embed_query(text).await,
                Self::Endpoint(endpoint) => endpoint.embed_query(text).await,
            }
        })
    }

    /// Why the last request failed, as long as none has succeeded since; else `None`.
    pub fn trouble(&self) -> Option<String> {
        match self {
            Self::Local(_) => None,
            Self::Endpoint(endpoint) => endpoint.trouble(),
        }
    }
}
