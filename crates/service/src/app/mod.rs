//! The application: builds every service from the configuration and owns them. HTTP handlers, commands
//! and jobs use it; services never see it.

mod audit;
mod data_folder;
mod embedding;
mod foundation;
mod health;
mod index;
mod metrics;
mod notice;
mod open;
mod overrides;
mod providers;
mod reembed;
mod reembed_status;
mod running;
mod storage;

pub use data_folder::{DataFolder, RunningServer};
pub use embedding::CODE_OTHER_MODEL;
pub use foundation::{create_admin_beside, open_database};
pub use health::{ComponentHealth, HealthReport, HealthStatus};
pub use metrics::AppMetrics;
pub use notice::StartupNotice;
pub use open::OpenedApp;
pub use overrides::{Change, OverrideName};
pub use reembed_status::{CODE_REEMBEDDING, ReembedStage, ReembedState, ReembedStatus};
pub use running::CaughtUp;

use crate::auth::Auth;
use crate::cache::Cache;
use crate::chat::Chat;
use crate::config::Config;
use crate::indexing::Follower;
use crate::ingest::Ingest;
use crate::retrieval::Retrieval;
use crate::secret::Sealer;
use ragd_core::clock::Clock;
use ragd_core::telemetry::{AuditFile, MetricsRegistry, SharedMetrics};
use ragd_embed::{CurrentEmbedder, Embedder};
use ragd_llm::Router;
use ragd_store::Store;
use reembed_status::Reembedding;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// The application; cheap to clone, every clone is the same one.
#[derive(Debug, Clone)]
pub struct App(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    config: Config,
    clock: Clock,
    registry: MetricsRegistry,
    shared_metrics: SharedMetrics,
    metrics: AppMetrics,
    folder: DataFolder,
    installation: uuid::Uuid,
    audit_file: AuditFile,
    store: Store,
    cache: Cache,
    sealer: Sealer,
    embedder: CurrentEmbedder,
    /// An endpoint is configured that did not answer at the start, so the length of its vectors is not
    /// known.
    model_unknown: bool,
    reembedding: Reembedding,
    follower: Follower,
    auth: Auth,
    retrieval: Retrieval,
    ingest: Ingest,
    chat: Chat,
    /// Whether the index has caught up with SQL and was compared with it since the start.
    caught_up: AtomicBool,
}

impl App {
    /// The settings in force.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// The clock.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Every metric of this process.
    pub fn registry(&self) -> &MetricsRegistry {
        &self.0.registry
    }

    /// The families that several layers count into.
    pub fn shared_metrics(&self) -> &SharedMetrics {
        &self.0.shared_metrics
    }

    /// The application's own metrics.
    pub fn metrics(&self) -> &AppMetrics {
        &self.0.metrics
    }

    /// The data folder.
    pub fn folder(&self) -> &DataFolder {
        &self.0.folder
    }

    /// The id of this installation: what holds its leases on jobs.
    pub fn installation(&self) -> uuid::Uuid {
        self.0.installation
    }

    /// The database.
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// The cache.
    pub fn cache(&self) -> &Cache {
        &self.0.cache
    }

    /// Encrypts private text.
    pub fn sealer(&self) -> &Sealer {
        &self.0.sealer
    }

    /// Authentication.
    pub fn auth(&self) -> &Auth {
        &self.0.auth
    }

    /// The embedding model in use; `None`: retrieval by words alone.
    pub fn embedder(&self) -> Option<Embedder> {
        self.0.embedder.get()
    }

    /// Why no vectors can be made now; `None`: they can.
    pub fn embedding_trouble(&self) -> Option<String> {
        self.0.embedder.trouble()
    }

    /// The index, and what keeps it up to date.
    pub fn follower(&self) -> &Follower {
        &self.0.follower
    }

    /// Finds passages.
    pub fn retrieval(&self) -> &Retrieval {
        &self.0.retrieval
    }

    /// Takes documents in.
    pub fn ingest(&self) -> &Ingest {
        &self.0.ingest
    }

    /// Answers questions.
    pub fn chat(&self) -> &Chat {
        &self.0.chat
    }

    /// The providers of language models, and the order in which they are asked.
    pub fn router(&self) -> &Router {
        self.0.chat.router()
    }
}
