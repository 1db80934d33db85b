//! Ingest: bytes become passages that can be found. Accepting makes bytes and row durable; the work
//! itself (extract → chunk → embed → one transaction → index) is a function of what was accepted,
//! so that it can be run here, or by a worker, or again after a crash. Refuses what the limits
//! forbid before any work is done.

mod accept;
mod document;
mod embedding;
mod fingerprint;
mod folder;
mod jobs;
mod source;
mod work;

pub use document::Removal;
pub use embedding::FillingTurn;
pub use folder::{FolderJob, FolderReport, Skipped};
pub use jobs::{JobProgress, JobState, JobView};
pub use source::{Accepted, NewSource, source_of_file};

use crate::blob::Blobs;
use crate::clock::Clock;
use crate::config::IngestConfig;
use crate::embed::CurrentEmbedder;
use crate::indexing::Follower;
use crate::store::Store;
use crate::telemetry::Metrics;
use crate::text::Extractor;
use embedding::Filling;
use jobs::Jobs;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::{RwLock, Semaphore};
use tokio_util::task::TaskTracker;

/// How many documents are worked on at once: one embeds while another is extracted.
const CONCURRENT_DOCUMENTS: usize = 3;

/// What ingest works with.
#[derive(Debug, Clone)]
pub struct IngestParts {
    /// Where documents and passages go.
    pub store: Store,
    /// Where originals go.
    pub blobs: Blobs,
    /// Reads the text of documents.
    pub extractor: Extractor,
    /// Makes vectors; without a model passages get theirs when one is there.
    pub embedder: CurrentEmbedder,
    /// Brings passages into the index.
    pub follower: Follower,
    /// The time.
    pub clock: Clock,
    /// Where errors are counted.
    pub metrics: Arc<Metrics>,
}

/// The ingest service; cheap to clone.
#[derive(Clone)]
pub struct Ingest {
    parts: IngestParts,
    settings: Arc<IngestConfig>,
    documents_path: Arc<PathBuf>,
    jobs: Arc<Jobs>,
    places: Arc<Semaphore>,
    /// Read while an original is stored and its row made, written while unused ones are removed:
    /// an original must not vanish between the two.
    originals: Arc<RwLock<()>>,
    filling: Arc<Filling>,
    tasks: TaskTracker,
}

impl Ingest {
    /// The service over its parts; `documents_path` is the folder of [`Ingest::ingest_folder`].
    pub fn new(parts: IngestParts, settings: IngestConfig, documents_path: PathBuf) -> Self {
        Self {
            parts,
            settings: Arc::new(settings),
            documents_path: Arc::new(documents_path),
            jobs: Arc::new(Jobs::default()),
            places: Arc::new(Semaphore::new(CONCURRENT_DOCUMENTS)),
            originals: Arc::default(),
            filling: Arc::default(),
            tasks: TaskTracker::new(),
        }
    }

    /// The settings in force.
    pub fn settings(&self) -> &IngestConfig {
        &self.settings
    }

    /// The folder that is ingested without naming paths.
    pub fn documents_path(&self) -> &std::path::Path {
        &self.documents_path
    }

    /// Waits until everything that was accepted is indexed or failed. Tests drain it; a server that
    /// stops does not wait, because a start takes up what is left.
    pub async fn drain(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        self.tasks.reopen();
    }

    /// How many documents are being worked on, or wait to be.
    pub fn pending(&self) -> usize {
        self.tasks.len()
    }
}

impl std::fmt::Debug for Ingest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ingest({} pending)", self.pending())
    }
}
