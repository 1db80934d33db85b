//! Opens the application: builds each service from the configuration, in the order in which they need
//! each other.

use super::data_folder::FolderLock;
use super::embedding::{Models as EmbeddingModels, OpenMode, OpenedEmbedding, threads};
use super::foundation::Foundation;
use super::index::open_configured_index;
use super::notice::StartupNotice;
use super::overrides::open_overrides;
use super::providers::open_router;
use super::reembed_status::Reembedding;
use super::{App, AppMetrics, Parts};
use crate::auth::{Auth, AuthSettings};
use crate::blob::Blobs;
use crate::chat::{Chat, ChatMetrics, ChatParts, ResponseCache};
use crate::config::{Config, OcrMode, RerankProvider};
use crate::indexing::{Follower, FollowerParts};
use crate::ingest::{Ingest, IngestParts};
use crate::memory::MessageTexts;
use crate::retrieval::{Reranking, Retrieval, RetrievalMetrics, RetrievalParts};
use futures_util::future::BoxFuture;
use ragd_core::clock::Clock;
use ragd_core::error::Result;
use ragd_core::outbound::ModelClient;
use ragd_embed::CurrentEmbedder;
use ragd_index::{Index, TermCounter, VectorSpace};
use ragd_llm::{RerankWire, Reranker, RerankerSettings, UpstreamParts};
use ragd_text::{ExtractLimits, Extractor, OcrReader, OcrSettings};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// The provider that needs no model.
const EXTRACTIVE: &str = "extractive";

/// An opened application, with what only its opener needs.
#[derive(Debug)]
pub struct OpenedApp {
    /// The application.
    pub app: App,
    /// The lock on the data folder, held until it is dropped.
    pub lock: FolderLock,
    /// What a person should know.
    pub notices: Vec<StartupNotice>,
}

impl App {
    /// As [`App::open`], to move to the configured model: the stored vectors may be of another one,
    /// which is not used then.
    ///
    /// # Errors
    /// As [`App::open`].
    pub fn open_to_reembed(
        config: Config,
        clock: Clock,
        program: PathBuf,
    ) -> BoxFuture<'static, Result<OpenedApp>> {
        Box::pin(Self::open_for(OpenMode::Reembed, config, clock, program))
    }

    /// Opens everything that `config` names. `program` is the ragd binary, which reads documents in
    /// child processes. No background task runs yet: see [`App::start`].
    ///
    /// # Errors
    /// `Conflict` when another process uses the data folder, and with code
    /// [`CODE_OTHER_MODEL`](super::CODE_OTHER_MODEL) when the stored vectors are of another model
    /// than the configured one; `Unavailable` when the database does not answer or is not migrated;
    /// `Invalid` for a wrong key; `Internal` for a fault of the machine.
    pub fn open(
        config: Config,
        clock: Clock,
        program: PathBuf,
    ) -> BoxFuture<'static, Result<OpenedApp>> {
        Box::pin(Self::open_for(OpenMode::Use, config, clock, program))
    }

    async fn open_for(
        mode: OpenMode,
        config: Config,
        clock: Clock,
        program: PathBuf,
    ) -> Result<OpenedApp> {
        let (base, lock, mut notices) = Box::pin(Foundation::open(&config, &clock)).await?;
        let models = EmbeddingModels {
            config: &config,
            folder: &base.folder,
            store: &base.store,
            clock: &clock,
        };
        let embedding = models.open(mode).await?;
        notices.extend(embedding_notices(&embedding));
        let OpenedEmbedding {
            current: embedder,
            space,
            unknown: model_unknown,
            ..
        } = embedding;
        let services = Box::pin(Services::open(&config, &clock, &base, embedder, space)).await?;
        let retrieval = services.retrieval()?;
        let ingest = services.ingest(program).await?;
        let chat = services.chat(&retrieval).await?;
        let auth = services.auth()?;
        let (embedder, follower) = (services.embedder, services.follower);
        let app = Self(Arc::new(Parts {
            metrics: AppMetrics::register(&base.registry)?,
            registry: base.registry,
            shared_metrics: base.shared_metrics,
            folder: base.folder,
            installation: base.installation,
            audit_file: base.audit_file,
            store: base.store,
            cache: base.cache,
            sealer: base.sealer,
            config,
            clock,
            embedder,
            follower,
            auth,
            retrieval,
            ingest,
            chat,
            reembedding: Reembedding::default(),
            model_unknown,
            caught_up: AtomicBool::new(false),
        }));
        Ok(OpenedApp { app, lock, notices })
    }
}

/// What a person should know about the embedding model.
fn embedding_notices(embedding: &OpenedEmbedding) -> Vec<StartupNotice> {
    let mut notices = Vec::new();
    if embedding.current.get().is_none() {
        let reason = embedding.current.trouble().unwrap_or_default();
        notices.push(StartupNotice::NoModel { reason });
    }
    notices.extend(embedding.replaced.clone().map(StartupNotice::ModelReplaced));
    notices
}

/// Builds the services, from the foundation and the parts that several of them share.
struct Services<'a> {
    config: &'a Config,
    clock: &'a Clock,
    base: &'a Foundation,
    embedder: CurrentEmbedder,
    texts: MessageTexts,
    counter: TermCounter,
    index: Index,
    follower: Follower,
    upstreams: UpstreamParts,
}

impl<'a> Services<'a> {
    /// Opens the index, with its follower.
    async fn open(
        config: &'a Config,
        clock: &'a Clock,
        base: &'a Foundation,
        embedder: CurrentEmbedder,
        space: Option<VectorSpace>,
    ) -> Result<Self> {
        let store = &base.store;
        let index =
            open_configured_index(config, &base.folder, space.clone(), store, clock).await?;
        let texts = MessageTexts::new(store.clone(), base.sealer.clone());
        let counter = TermCounter::new()?;
        let follower = Follower::new(FollowerParts {
            store: store.clone(),
            texts: texts.clone(),
            index: index.clone(),
            space,
            counter: counter.clone(),
            clock: clock.clone(),
        });
        let upstreams = UpstreamParts {
            http: ModelClient::new()?,
            clock: clock.clone(),
            metrics: base.llm_metrics.clone(),
            shared_metrics: base.shared_metrics.clone(),
        };
        Ok(Self {
            upstreams,
            config,
            clock,
            base,
            embedder,
            texts,
            counter,
            index,
            follower,
        })
    }

    fn retrieval(&self) -> Result<Retrieval> {
        let shared_metrics = &self.base.shared_metrics;
        let parts = RetrievalParts {
            store: self.base.store.clone(),
            texts: self.texts.clone(),
            index: self.index.clone(),
            counter: self.counter.clone(),
            embedder: self.embedder.clone(),
            reranking: open_reranking(self.config, &self.upstreams)?,
            clock: self.clock.clone(),
            metrics: RetrievalMetrics::register(&self.base.registry, shared_metrics)?,
            shared_metrics: shared_metrics.clone(),
        };
        Ok(Retrieval::new(parts, self.config.retrieval.clone()))
    }

    async fn ingest(&self, program: PathBuf) -> Result<Ingest> {
        let folder = &self.base.folder;
        let ocr = OcrReader::find(ocr_settings(self.config)).await;
        let extractor = Extractor::new(program, extract_limits(self.config), threads(0).get());
        let parts = IngestParts {
            store: self.base.store.clone(),
            blobs: Blobs::open(folder.blobs().to_owned())?,
            texts: self.texts.clone(),
            extractor: extractor.with_ocr(ocr),
            embedder: self.embedder.clone(),
            follower: self.follower.clone(),
            clock: self.clock.clone(),
            shared_metrics: self.base.shared_metrics.clone(),
        };
        let documents = folder.documents().to_owned();
        Ok(Ingest::new(parts, self.config.ingest.clone(), documents))
    }

    /// Opens the providers, with the stored overrides, and what answers with them.
    async fn chat(&self, retrieval: &Retrieval) -> Result<Chat> {
        let (config, clock, base) = (self.config, self.clock, self.base);
        let (llm_metrics, shared_metrics) = (&base.llm_metrics, &base.shared_metrics);
        let router = open_router(&config.llm, &self.upstreams)?;
        open_overrides(&base.store, &router, &config.llm, clock.now()).await?;
        let responses = ResponseCache::new(
            base.cache.clone(),
            base.sealer.clone(),
            config.cache.response_ttl(),
        );
        let parts = ChatParts {
            store: base.store.clone(),
            retrieval: retrieval.clone(),
            embedder: self.embedder.clone(),
            counter: self.counter.clone(),
            router,
            texts: self.texts.clone(),
            follower: self.follower.clone(),
            responses,
            sealer: base.sealer.clone(),
            sessions: config.sessions.clone(),
            memory: config.memory.clone(),
            clock: clock.clone(),
            metrics: ChatMetrics::register(&base.registry, shared_metrics)?,
            shared_metrics: shared_metrics.clone(),
            extractive_series: llm_metrics.provider_series(EXTRACTIVE, EXTRACTIVE, "chat"),
        };
        Ok(Chat::new(parts, config.chat.clone()))
    }

    fn auth(&self) -> Result<Auth> {
        let secrets = &self.base.secrets;
        let settings = AuthSettings {
            keys: secrets.api_keys.clone(),
            signing_secret: secrets.signing.clone(),
            token_minutes: self.config.auth.token_minutes,
            local_token: Some(crate::auth::issue_local_token(self.base.folder.root())?),
        };
        Auth::new(self.base.store.clone(), &settings, self.clock.clone())
    }
}

/// The configured reranker, with its breaker.
fn open_reranking(config: &Config, upstreams: &UpstreamParts) -> Result<Option<Reranking>> {
    let rerank = &config.rerank;
    let wire = match rerank.provider {
        RerankProvider::Off => return Ok(None),
        RerankProvider::Cohere => RerankWire::Cohere,
        RerankProvider::Jina => RerankWire::Jina,
        RerankProvider::Tei => RerankWire::Tei,
    };
    let settings = RerankerSettings {
        wire,
        url: rerank.url.clone(),
        api_key: rerank.api_key.clone(),
        model: rerank.model.clone(),
        timeout: Duration::from_millis(rerank.timeout_ms),
    };
    let reranker = Reranker::new(settings, upstreams.clone())?;
    Ok(Some(Reranking::new(reranker, rerank.top)))
}

fn ocr_settings(config: &Config) -> OcrSettings {
    let ingest = &config.ingest;
    OcrSettings {
        automatic: ingest.ocr == OcrMode::Auto,
        languages: ingest.ocr_languages.clone(),
        pages: ingest.ocr_pages,
        page_seconds: ingest.ocr_page_seconds,
        pixels: ingest.ocr_megapixels * 1_000_000,
    }
}

fn extract_limits(config: &Config) -> ExtractLimits {
    const MEGABYTE: u64 = 1_024 * 1_024;
    let ingest = &config.ingest;
    ExtractLimits {
        file_bytes: ingest.max_upload_bytes(),
        memory_bytes: ingest.extract_memory_megabytes * MEGABYTE,
        cpu_seconds: ingest.extract_cpu_seconds,
        wall_ms: ingest.extract_wall_seconds * 1_000,
        text_chars: usize::try_from(ingest.max_text_megabytes * MEGABYTE).unwrap_or(usize::MAX),
        pages: ingest.max_pages,
        archive_entries: ingest.max_archive_entries,
        archive_bytes: ingest.max_archive_megabytes * MEGABYTE,
        archive_ratio: ingest.max_archive_ratio,
        ..ExtractLimits::default()
    }
}
