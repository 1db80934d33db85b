//! Builds the application from its configuration, from the ground up.

use super::data_folder::FolderLock;
use super::embedding::{Models as EmbeddingModels, OpenedEmbedding, Purpose, threads};
use super::foundation::{open_cache, open_sealer, open_secrets, open_store};
use super::index::open_configured_index;
use super::overrides::open_overrides;
use super::providers::open_router;
use super::reembed::Reembedding;
use super::{App, AppMetrics, DataFolder, Parts};
use crate::auth::{Auth, AuthSettings};
use crate::blob::Blobs;
use crate::chat::{Chat, ChatMetrics, ChatParts, ResponseCache};
use crate::config::{Config, OcrMode, RerankProvider};
use crate::indexing::{Follower, FollowerParts};
use crate::ingest::{Ingest, IngestParts};
use crate::memory::MessageTexts;
use crate::retrieval::{Reranking, Retrieval, RetrievalMetrics, RetrievalParts};
use ragd_core::clock::Clock;
use ragd_core::error::{Error, Result};
use ragd_core::outbound::ModelClient;
use ragd_core::resilience::arm_failpoint;
use ragd_core::telemetry::{AuditFile, MetricsRegistry, SharedMetrics};
use ragd_index::TermCounter;
use ragd_llm::{LlmMetrics, RerankWire, Reranker, RerankerSettings, UpstreamParts};
use ragd_text::{ExtractLimits, Extractor, OcrReader, OcrSettings};
use secrecy::SecretString;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// The provider that needs no model.
const EXTRACTIVE: &str = "extractive";

/// Something that a person should be told at start, once.
#[derive(Debug)]
pub enum Notice {
    /// A first API key was made.
    NewApiKey {
        /// The key.
        key: SecretString,
        /// Where it is kept.
        path: PathBuf,
    },
    /// There is no embedding model: retrieval is by words alone.
    NoModel {
        /// Why, and what to run.
        reason: String,
    },
    /// The configuration names a model that another one has replaced.
    ModelReplaced(String),
}

/// An opened application, with what only its opener needs.
#[derive(Debug)]
pub struct OpenedApp {
    /// The application.
    pub app: App,
    /// The hold on the data folder; it ends when this is dropped.
    pub lock: FolderLock,
    /// What to tell.
    pub notices: Vec<Notice>,
}

impl App {
    /// As [`App::open`], to move to the configured model: the present vectors may be of another
    /// one, which is not used then.
    ///
    /// # Errors
    /// As [`App::open`].
    pub async fn open_to_reembed(
        config: Config,
        clock: Clock,
        program: PathBuf,
    ) -> Result<OpenedApp> {
        Box::pin(Self::open_for(Purpose::Reembed, config, clock, program)).await
    }

    /// Opens everything that `config` names. `program` is the ragd binary, which reads documents in
    /// processes of its own. Nothing runs in the background yet: see [`App::start`].
    ///
    /// # Errors
    /// `Conflict` when another process uses the data folder, and with code
    /// [`CODE_OTHER_MODEL`](super::CODE_OTHER_MODEL) when the stored vectors are of another model
    /// than the configured one; `Unavailable` when the database is
    /// not there or not migrated; `Invalid` for a wrong key; `Internal` for a fault of the machine.
    pub async fn open(config: Config, clock: Clock, program: PathBuf) -> Result<OpenedApp> {
        // Boxed: the future holds a whole application.
        Box::pin(Self::open_for(Purpose::Use, config, clock, program)).await
    }

    async fn open_for(
        purpose: Purpose,
        config: Config,
        clock: Clock,
        program: PathBuf,
    ) -> Result<OpenedApp> {
        let folder = DataFolder::of(&config);
        folder.create()?;
        let lock = folder.lock()?;
        let installation = folder.installation()?;
        if let Some(place) = &config.jobs.failpoint {
            arm_failpoint(place)
                .map_err(|place| Error::invalid(format!("RAGD_FAILPOINT: no '{place}'")))?;
        }
        let mut notices = Vec::new();
        let registry = MetricsRegistry::new();
        let shared_metrics = SharedMetrics::register(&registry)?;
        shared_metrics.start_errors(&["ingest"]);
        let llm_metrics = LlmMetrics::register(&registry, &shared_metrics)?;
        let audit_file = AuditFile::open(folder.logs()).map_err(|error| {
            Error::internal(format!(
                "cannot write audit.log in '{}'",
                folder.logs().display()
            ))
            .with_source(error)
        })?;
        let secrets = open_secrets(&config, &folder, &mut notices)?;
        let store = open_store(&config, &folder).await?;
        let sealer = open_sealer(&store, &secrets.encryption, clock.now()).await?;
        let cache = open_cache(&config, &clock)?;
        let models = EmbeddingModels {
            config: &config,
            folder: &folder,
            store: &store,
            clock: &clock,
        };
        let OpenedEmbedding {
            current: embedder,
            space,
            unknown,
            remark,
        } = models.open(purpose).await?;
        if embedder.get().is_none() {
            let reason = embedder.trouble().unwrap_or_default();
            notices.push(Notice::NoModel { reason });
        }
        notices.extend(remark.map(Notice::ModelReplaced));
        let upstreams = UpstreamParts {
            http: ModelClient::new()?,
            clock: clock.clone(),
            metrics: llm_metrics.clone(),
            shared_metrics: shared_metrics.clone(),
        };
        let counter = TermCounter::new()?;
        // Boxed: connecting to a server is a large future, which every command would carry.
        let index = Box::pin(open_configured_index(
            &config,
            &folder,
            space.clone(),
            (&store, &clock),
        ))
        .await?;
        let texts = MessageTexts::new(store.clone(), sealer.clone());
        let follower = Follower::new(FollowerParts {
            store: store.clone(),
            texts: texts.clone(),
            index: index.clone(),
            space,
            counter: counter.clone(),
            clock: clock.clone(),
        });
        let retrieval = Retrieval::new(
            RetrievalParts {
                store: store.clone(),
                texts: texts.clone(),
                index,
                counter: counter.clone(),
                embedder: embedder.clone(),
                reranking: open_reranking(&config, &upstreams)?,
                clock: clock.clone(),
                metrics: RetrievalMetrics::register(&registry, &shared_metrics)?,
                shared_metrics: shared_metrics.clone(),
            },
            config.retrieval.clone(),
        );
        let ingest = Ingest::new(
            IngestParts {
                store: store.clone(),
                blobs: Blobs::open(folder.blobs().to_owned())?,
                texts: texts.clone(),
                extractor: Extractor::new(program, extract_limits(&config), threads(0).get())
                    .with_ocr(OcrReader::find(ocr_settings(&config)).await),
                embedder: embedder.clone(),
                follower: follower.clone(),
                clock: clock.clone(),
                shared_metrics: shared_metrics.clone(),
            },
            config.ingest.clone(),
            folder.documents().to_owned(),
        );
        let router = open_router(&config.llm, &upstreams)?;
        open_overrides((&store, &router), &config.llm, clock.now()).await?;
        let chat = Chat::new(
            ChatParts {
                store: store.clone(),
                retrieval: retrieval.clone(),
                embedder: embedder.clone(),
                counter,
                router,
                texts,
                follower: follower.clone(),
                responses: ResponseCache::new(
                    cache.clone(),
                    sealer.clone(),
                    config.cache.response_ttl(),
                ),
                sealer: sealer.clone(),
                sessions: config.sessions.clone(),
                memory: config.memory.clone(),
                clock: clock.clone(),
                metrics: ChatMetrics::register(&registry, &shared_metrics)?,
                shared_metrics: shared_metrics.clone(),
                extractive_series: llm_metrics.provider_series(EXTRACTIVE, EXTRACTIVE, "chat"),
            },
            config.chat.clone(),
        );
        let local_token = crate::auth::issue_local_token(folder.root())?;
        let auth = Auth::new(
            store.clone(),
            &AuthSettings {
                keys: secrets.api_keys,
                signing_secret: secrets.signing,
                token_minutes: config.auth.token_minutes,
                local_token: Some(local_token),
            },
            clock.clone(),
        )?;
        let app = Self(Arc::new(Parts {
            metrics: AppMetrics::register(&registry)?,
            config,
            clock,
            registry,
            shared_metrics,
            folder,
            installation,
            audit_file,
            store,
            cache,
            sealer,
            embedder,
            follower,
            auth,
            retrieval,
            ingest,
            chat,
            reembedding: Reembedding::default(),
            model_unknown: unknown,
            settled: AtomicBool::new(false),
        }));
        Ok(OpenedApp { app, lock, notices })
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
