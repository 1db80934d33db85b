//! Ingest: a document's bytes become searchable passages. Accepting makes bytes, row and job durable;
//! the work (extract → chunk → embed → one transaction → index) depends only on what was accepted, so
//! any worker can do it, and repeat it after a crash. Documents beyond the limits are refused before
//! any work is done.

mod accept;
mod commit;
mod document;
mod embedding;
mod filling;
mod fingerprint;
mod folder;
mod message;
mod passages;
mod progress;
mod source;
mod title;
mod work;

pub use document::Removal;
pub use filling::FillingTurn;
pub use folder::{FolderJob, FolderReport, Skipped};
pub use source::{Accepted, NewSource, source_of_file};

use crate::blob::Blobs;
use crate::config::IngestConfig;
use crate::indexing::Follower;
use crate::memory::MessageTexts;
use filling::Filling;
use futures_util::future::BoxFuture;
use ragd_core::clock::Clock;
use ragd_core::domain::JobKind;
use ragd_core::error::Result;
use ragd_core::telemetry::SharedMetrics;
use ragd_embed::CurrentEmbedder;
use ragd_store::Store;
use ragd_text::{Extractor, OcrReader};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::RwLock;

/// What ingest works with.
#[derive(Debug, Clone)]
pub struct IngestParts {
    /// Where documents and passages go.
    pub store: Store,
    /// Opens messages, to make passages of them.
    pub texts: MessageTexts,
    /// Where originals go.
    pub blobs: Blobs,
    /// Reads the text of documents.
    pub extractor: Extractor,
    /// Makes vectors; without a model passages get theirs once there is one.
    pub embedder: CurrentEmbedder,
    /// Brings passages into the index.
    pub follower: Follower,
    /// The time.
    pub clock: Clock,
    /// Where errors are counted.
    pub shared_metrics: SharedMetrics,
}

/// The ingest service; cheap to clone.
#[derive(Clone)]
pub struct Ingest {
    parts: IngestParts,
    settings: Arc<IngestConfig>,
    documents_path: Arc<PathBuf>,
    /// Read-locked while an original and its row are stored, write-locked while an unused one is
    /// removed: an original must not be removed between the two.
    originals: Arc<RwLock<()>>,
    filling: Arc<Filling>,
}

impl Ingest {
    /// The service over its parts; `documents_path` is the folder of [`Ingest::ingest_folder`].
    pub fn new(parts: IngestParts, settings: IngestConfig, documents_path: PathBuf) -> Self {
        Self {
            parts,
            settings: Arc::new(settings),
            documents_path: Arc::new(documents_path),
            originals: Arc::default(),
            filling: Arc::default(),
        }
    }

    /// The settings in force.
    pub fn settings(&self) -> &IngestConfig {
        &self.settings
    }

    /// The OCR reader, or why there is none.
    pub fn ocr(&self) -> &OcrReader {
        self.parts.extractor.ocr()
    }

    /// The folder that is ingested without naming paths.
    pub fn documents_path(&self) -> &std::path::Path {
        &self.documents_path
    }

    /// Waits until no ingest is queued or running, in any process.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub fn drain(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move { self.parts.store.jobs_end(JobKind::Ingest).await })
    }
}

impl std::fmt::Debug for Ingest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ingest")
    }
}
