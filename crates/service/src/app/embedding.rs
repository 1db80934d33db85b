//! Which model makes the vectors of this installation. The database stores it; the configuration may
//! name another one only while there are no vectors yet. Otherwise the start fails with the command
//! that re-embeds, because vectors of two models cannot be compared.

use super::DataFolder;
use crate::config::{Config, EmbeddingConfig, EmbeddingProvider, EmbeddingSource};
use ragd_core::clock::Clock;
use ragd_core::error::{Error, ErrorKind, Result};
use ragd_core::outbound;
use ragd_embed::{
    CurrentEmbedder, Embedder, Endpoint, EndpointSettings, EndpointTimeouts, EndpointWire,
    LOCAL_DIMENSION, MODEL_ID, MODEL_NAME, endpoint_model_id,
};
use ragd_index::VectorSpace;
use ragd_store::{EmbeddingModel, ModelRole, Store};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

/// The machine-readable code of an error that says that the stored vectors are another model's.
pub const CODE_OTHER_MODEL: &str = "embedding_model_differs";

/// What the application is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OpenMode {
    /// To serve: the stored vectors must be of the configured model.
    Use,
    /// To move to the configured model, whichever the present one is.
    Reembed,
}

/// The model in use, and what the opener needs to know about it.
pub(super) struct OpenedEmbedding {
    pub(super) current: CurrentEmbedder,
    /// The space of the stored vectors, whether or not its model can be used now.
    pub(super) space: Option<VectorSpace>,
    /// The endpoint has not answered yet, so the length of its vectors is not known.
    pub(super) unknown: bool,
    /// The configured model was replaced: which one is used, and how to change that.
    pub(super) replaced: Option<String>,
}

/// Opens embedding models.
pub(super) struct Models<'a> {
    pub(super) config: &'a Config,
    pub(super) folder: &'a DataFolder,
    pub(super) store: &'a Store,
    pub(super) clock: &'a Clock,
}

impl Models<'_> {
    /// The model that serves.
    ///
    /// # Errors
    /// `Conflict` with code [`CODE_OTHER_MODEL`] when there are vectors and the configuration names
    /// another model than theirs; `Unavailable` without a database.
    pub(super) async fn open(&self, mode: OpenMode) -> Result<OpenedEmbedding> {
        let stored = self.stored().await?;
        let Some(configured) = self.config.embedding.source(&self.config.llm) else {
            let reason = "EMBEDDING_PROVIDER is off".to_owned();
            return Ok(without_model(reason, stored.as_ref()));
        };
        let Some(stored) = stored else {
            return self.begin_with(&configured).await;
        };
        if matches_model(&configured, &stored) {
            self.set(ModelRole::Superseded, None).await?;
            return self.go_on_with(&configured, stored, mode).await;
        }
        if !self.store.has_embeddings().await? {
            self.set(ModelRole::Serving, None).await?;
            self.set(ModelRole::Superseded, None).await?;
            return self.begin_with(&configured).await;
        }
        let superseded = self.store.embedding_model(ModelRole::Superseded).await?;
        if superseded.is_some_and(|old| matches_model(&configured, &old)) {
            let source = read_source(&stored)?;
            let message = format!(
                "The configuration names {configured}, which `ragd index reembed` has replaced: {source} \
                 is used. Set EMBEDDING_PROVIDER, EMBEDDING_MODEL (and EMBEDDING_BASE_URL, \
                 EMBEDDING_DIMENSION where they are needed) to it, or run `ragd index reembed` to go back."
            );
            let opened = self.go_on_with(&source, stored, mode).await?;
            return Ok(OpenedEmbedding {
                replaced: Some(message),
                ..opened
            });
        }
        match mode {
            OpenMode::Use => Err(differs(&configured.to_string(), &stored)),
            OpenMode::Reembed => Ok(without_model(
                "it is about to change".to_owned(),
                Some(&stored),
            )),
        }
    }

    /// The embedder of `source`, asked for the length of its vectors where it is not known.
    ///
    /// # Errors
    /// `Unavailable` when the local model is not installed or the endpoint is unavailable;
    /// `Invalid` when the source cannot be used.
    pub(super) async fn embedder(
        &self,
        section: &EmbeddingConfig,
        source: &EmbeddingSource,
    ) -> Result<Embedder> {
        let chosen = (source.dimension > 0).then_some(source.dimension);
        self.embedder_of_length(section, source, chosen).await
    }

    async fn embedder_of_length(
        &self,
        section: &EmbeddingConfig,
        source: &EmbeddingSource,
        length: Option<usize>,
    ) -> Result<Embedder> {
        let Some(settings) = self.endpoint(section, source)? else {
            return self.load_local(section).await;
        };
        let (http, clock) = (outbound::api_client()?, self.clock.clone());
        let endpoint = match length {
            None => Endpoint::connect(settings, http, clock).await,
            Some(length) => Endpoint::new(settings, length, http, clock),
        };
        endpoint.map(Embedder::Endpoint)
    }

    /// The first model of an installation without vectors.
    async fn begin_with(&self, source: &EmbeddingSource) -> Result<OpenedEmbedding> {
        match self.embedder(&self.config.embedding, source).await {
            Ok(embedder) => {
                let model = remembered(&embedder, source)?;
                self.set(ModelRole::Serving, Some(&model)).await?;
                Ok(with_model(embedder, &model))
            }
            Err(error) if error.kind() == ErrorKind::Invalid => Err(error),
            Err(error) => Ok(OpenedEmbedding {
                unknown: source.provider != EmbeddingProvider::Local,
                ..without_model(error.chain(), None)
            }),
        }
    }

    /// The model whose vectors are stored, reached as `source` says.
    async fn go_on_with(
        &self,
        source: &EmbeddingSource,
        stored: EmbeddingModel,
        mode: OpenMode,
    ) -> Result<OpenedEmbedding> {
        let embedder = match self.embedder(&self.config.embedding, source).await {
            Ok(embedder) if embedder.dimension() == stored.dimension => embedder,
            Ok(embedder) if mode == OpenMode::Use => {
                let named = format!("{source}, which gives {} numbers", embedder.dimension());
                return Err(differs(&named, &stored));
            }
            Ok(_) => {
                return Ok(without_model(
                    "it is about to change".to_owned(),
                    Some(&stored),
                ));
            }
            Err(error) if error.kind() == ErrorKind::Invalid => return Err(error),
            Err(error) if source.provider == EmbeddingProvider::Local => {
                return Ok(without_model(error.chain(), Some(&stored)));
            }
            Err(error) => {
                // Unavailable now; every question asks it again.
                tracing::warn!(
                    error = error.chain(),
                    "the embedding endpoint is unavailable"
                );
                let (section, length) = (&self.config.embedding, Some(stored.dimension));
                self.embedder_of_length(section, source, length).await?
            }
        };
        let model = remembered(&embedder, source)?;
        if model != stored {
            self.set(ModelRole::Serving, Some(&model)).await?;
        }
        Ok(with_model(embedder, &model))
    }

    /// The stored model. A database of an older ragd stores none, and has vectors of the local model
    /// only.
    async fn stored(&self) -> Result<Option<EmbeddingModel>> {
        if let Some(model) = self.store.embedding_model(ModelRole::Serving).await? {
            return Ok(Some(model));
        }
        let Some((id, dimension)) = self.store.most_used_model().await? else {
            return Ok(None);
        };
        let source = EmbeddingSource {
            provider: EmbeddingProvider::Local,
            model: MODEL_NAME.to_owned(),
            base_url: None,
            dimension: 0,
        };
        let model = EmbeddingModel {
            id,
            dimension,
            source: to_json(&source)?,
        };
        self.set(ModelRole::Serving, Some(&model)).await?;
        Ok(Some(model))
    }

    async fn set(&self, role: ModelRole, model: Option<&EmbeddingModel>) -> Result<()> {
        let now = self.clock.now();
        self.store.set_embedding_model(role, model, now).await
    }

    fn endpoint(
        &self,
        section: &EmbeddingConfig,
        source: &EmbeddingSource,
    ) -> Result<Option<EndpointSettings>> {
        let wire = match source.provider {
            EmbeddingProvider::Local | EmbeddingProvider::Off => return Ok(None),
            EmbeddingProvider::Ollama => EndpointWire::Ollama,
            EmbeddingProvider::OpenAi | EmbeddingProvider::OpenAiCompatible => EndpointWire::OpenAi,
        };
        let base_url = source.base_url.clone();
        Ok(Some(EndpointSettings {
            wire,
            base_url: base_url.ok_or_else(|| Error::invalid("EMBEDDING_BASE_URL: is needed"))?,
            model: source.model.clone(),
            key: self.config.embedding.key_for(source, &self.config.llm),
            dimensions: (source.dimension > 0).then_some(source.dimension),
            batch_texts: section.batch_size,
            concurrency: section.concurrency,
            max_text_chars: section.max_text_characters,
            timeouts: EndpointTimeouts {
                documents: Duration::from_secs(section.timeout_seconds),
                question: Duration::from_millis(section.question_timeout_ms),
            },
        }))
    }

    async fn load_local(&self, section: &EmbeddingConfig) -> Result<Embedder> {
        let models = match &section.model_path {
            // The model's own folder has its name; the folder of models is the one above.
            Some(path) => path.parent().map_or_else(|| path.clone(), PathBuf::from),
            None => self.folder.models().to_owned(),
        };
        let threads = threads(section.threads);
        let loading = tokio::task::spawn_blocking(move || Embedder::load(&models, threads));
        loading.await.map_err(|error| {
            Error::internal("loading the model was interrupted").with_source(error)
        })?
    }
}

/// The stored vectors' space.
pub(super) fn space_of(model: &EmbeddingModel) -> VectorSpace {
    VectorSpace {
        model: model.id.clone(),
        dimension: model.dimension,
    }
}

/// What is remembered of an embedder: its id, and how it is reached.
pub(super) fn remembered(embedder: &Embedder, source: &EmbeddingSource) -> Result<EmbeddingModel> {
    Ok(EmbeddingModel {
        id: embedder.model_id().to_owned(),
        dimension: embedder.dimension(),
        source: to_json(source)?,
    })
}

/// How a remembered model is reached.
pub(super) fn read_source(model: &EmbeddingModel) -> Result<EmbeddingSource> {
    serde_json::from_value(model.source.clone()).map_err(|error| {
        Error::internal(format!("how {} is reached is not known", model.id)).with_source(error)
    })
}

/// One thread a core, unless so many are configured.
pub(super) fn threads(configured: usize) -> NonZeroUsize {
    NonZeroUsize::new(configured)
        .or_else(|| std::thread::available_parallelism().ok())
        .unwrap_or(NonZeroUsize::MIN)
}

fn with_model(embedder: Embedder, model: &EmbeddingModel) -> OpenedEmbedding {
    OpenedEmbedding {
        current: CurrentEmbedder::new(Ok(embedder)),
        space: Some(space_of(model)),
        unknown: false,
        replaced: None,
    }
}

fn without_model(reason: String, stored: Option<&EmbeddingModel>) -> OpenedEmbedding {
    OpenedEmbedding {
        current: CurrentEmbedder::new(Err(reason)),
        space: stored.map(space_of),
        unknown: false,
        replaced: None,
    }
}

/// Whether the vectors that `source` gives are `model`'s. A length that is not configured is the
/// model's own.
fn matches_model(source: &EmbeddingSource, model: &EmbeddingModel) -> bool {
    match source.provider {
        EmbeddingProvider::Local => {
            (model.id.as_str(), model.dimension) == (MODEL_ID, LOCAL_DIMENSION)
        }
        EmbeddingProvider::Off => false,
        _ => {
            let length = [0, model.dimension].contains(&source.dimension);
            length && model.id == endpoint_model_id(&source.model, model.dimension)
        }
    }
}

fn differs(configured: &str, stored: &EmbeddingModel) -> Error {
    let message = format!(
        "the stored vectors are of {}, and the configuration names {configured} (EMBEDDING_PROVIDER, \
         EMBEDDING_MODEL, EMBEDDING_DIMENSION). Run `ragd index reembed` to make the vectors of the \
         configured model, or set these back",
        space_of(stored)
    );
    Error::new(ErrorKind::Conflict, message).with_code(CODE_OTHER_MODEL)
}

fn to_json(source: &EmbeddingSource) -> Result<serde_json::Value> {
    serde_json::to_value(source)
        .map_err(|error| Error::internal("a model's address is not JSON").with_source(error))
}
