//! Builds the application from its configuration, from the ground up.

use super::data_folder::FolderLock;
use super::foundation::{open_sealer, open_secrets, open_store};
use super::{App, DataFolder, Parts};
use crate::auth::{Auth, AuthSettings};
use crate::blob::Blobs;
use crate::chat::{Chat, ChatParts, Models};
use crate::clock::Clock;
use crate::config::{Config, EmbeddingProvider};
use crate::embed::Embedder;
use crate::error::{Error, Result};
use crate::index::{EdgeSettings, TermCounter, VectorSpace};
use crate::indexing::{Follower, open_index};
use crate::ingest::{Ingest, IngestParts};
use crate::outbound;
use crate::retrieval::{Retrieval, RetrievalParts};
use crate::telemetry::{AuditFile, Metrics};
use crate::text::{ExtractLimits, Extractor};
use secrecy::SecretString;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

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
    /// Opens everything that `config` names. `program` is the ragd binary, which reads documents in
    /// processes of its own. Nothing runs in the background yet: see [`App::start`].
    ///
    /// # Errors
    /// `Conflict` when another process uses the data folder; `Unavailable` when the database is
    /// not there or not migrated; `Invalid` for a wrong key; `Internal` for a fault of the machine.
    pub async fn open(config: Config, clock: Clock, program: PathBuf) -> Result<OpenedApp> {
        let folder = DataFolder::of(&config);
        folder.create()?;
        let lock = folder.lock()?;
        let mut notices = Vec::new();
        let metrics = Arc::new(Metrics::new()?);
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
        let (embedder, without_model) = open_embedder(&config, &folder).await?;
        if let Some(reason) = &without_model {
            notices.push(Notice::NoModel {
                reason: reason.clone(),
            });
        }
        let counter = TermCounter::new()?;
        let space = embedder.as_ref().map(|embedder| VectorSpace {
            model: embedder.model_id().to_owned(),
            dimension: embedder.dimension(),
        });
        let index = open_index(EdgeSettings {
            path: folder.vectors().to_owned(),
            space,
        })
        .await?;
        let follower = Follower::new(store.clone(), index.clone(), counter.clone(), clock.clone());
        let retrieval = Retrieval::new(
            RetrievalParts {
                store: store.clone(),
                index,
                counter: counter.clone(),
                embedder: embedder.clone(),
                clock: clock.clone(),
                metrics: Arc::clone(&metrics),
            },
            config.retrieval.clone(),
        );
        let ingest = Ingest::new(
            IngestParts {
                store: store.clone(),
                blobs: Blobs::open(folder.blobs())?,
                extractor: Extractor::new(program, extract_limits(&config), threads(0).get()),
                embedder: embedder.clone(),
                follower: follower.clone(),
                clock: clock.clone(),
                metrics: Arc::clone(&metrics),
            },
            config.ingest.clone(),
            folder.documents().to_owned(),
        );
        let chat = Chat::new(
            ChatParts {
                store: store.clone(),
                retrieval: retrieval.clone(),
                embedder: embedder.clone(),
                counter,
                models: Models::new(&config.llm, &outbound::api_client()?)?,
                sealer,
                clock: clock.clone(),
                metrics: Arc::clone(&metrics),
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
            config,
            clock,
            metrics,
            folder,
            audit_file,
            store,
            embedder,
            without_model,
            follower,
            auth,
            retrieval,
            ingest,
            chat,
            settled: AtomicBool::new(false),
        }));
        Ok(OpenedApp { app, lock, notices })
    }
}

/// The local model, or why there is none.
async fn open_embedder(
    config: &Config,
    folder: &DataFolder,
) -> Result<(Option<Embedder>, Option<String>)> {
    if config.embedding.provider == EmbeddingProvider::Off {
        return Ok((None, Some("EMBEDDING_PROVIDER is off".to_owned())));
    }
    let models = match &config.embedding.model_path {
        // The model's own folder has its name; the folder of models is the one above.
        Some(path) => path.parent().map_or_else(|| path.clone(), PathBuf::from),
        None => folder.models().to_owned(),
    };
    let threads = threads(config.embedding.threads);
    let loaded = tokio::task::spawn_blocking(move || Embedder::load(&models, threads))
        .await
        .map_err(|error| Error::internal("loading the model was interrupted").with_source(error))?;
    match loaded {
        Ok(embedder) => Ok((Some(embedder), None)),
        Err(error) => Ok((None, Some(error.chain()))),
    }
}

fn threads(configured: usize) -> NonZeroUsize {
    NonZeroUsize::new(configured)
        .or_else(|| std::thread::available_parallelism().ok())
        .unwrap_or(NonZeroUsize::MIN)
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
