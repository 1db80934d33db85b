//! A scratch application in a temporary folder that holds one collection, a passage a document. It
//! goes through the same store, follower and index as any document.

use super::super::connection::open_app;
use super::super::output;
use super::collection::Collection;
use indicatif::ProgressBar;
use ragd_core::domain::{
    Collection as CollectionName, DocumentId, FileName, OwnerId, Passage, PassageId, PassageSource,
    ReadScope, Sha256,
};
use ragd_core::error::{Error, Result};
use ragd_service::app::{App, OpenedApp};
use ragd_service::config::Config;
use ragd_store::{Accepted, GenerationCommit, NewDocument};
use std::collections::HashMap;

/// How many texts are embedded between two steps of the bar.
const BATCH_TEXTS: usize = 128;

/// The scratch application with its collection.
pub(super) struct Scratch {
    pub(super) app: App,
    documents: HashMap<PassageId, String>,
    _opened: OpenedApp,
    _folder: tempfile::TempDir,
}

impl Scratch {
    /// Opens the application, empty.
    pub(super) async fn open(mut config: Config) -> Result<Self> {
        let folder = tempfile::tempdir().map_err(|error| {
            Error::internal("a temporary folder cannot be made").with_source(error)
        })?;
        config.server.data_dir = folder.path().to_owned();
        config.index.path = None;
        // With QDRANT_URL: collections of its own, which go when it is closed.
        let name = folder.path().file_name().unwrap_or_default();
        let name: String = name
            .to_string_lossy()
            .to_lowercase()
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .collect();
        config.index.qdrant_prefix = format!("ragd-eval-{name}");
        config.database.url = None;
        config.log.dir = None;
        config.ingest.documents_path = None;
        let opened = open_app(config).await?;
        Ok(Self {
            app: opened.app.clone(),
            documents: HashMap::new(),
            _opened: opened,
            _folder: folder,
        })
    }

    /// Ingests the collection.
    pub(super) async fn fill(&mut self, collection: &Collection) -> Result<()> {
        let app = self.app.clone();
        let accepted = accept(&app).await?;
        let mut passages = Vec::with_capacity(collection.documents.len());
        for (ordinal, document) in (0_i64..).zip(&collection.documents) {
            let passage = passage(&accepted, ordinal, document.passage());
            self.documents.insert(passage.id, document.id.clone());
            passages.push(passage);
        }
        embed(&app, &mut passages).await?;
        let commit = GenerationCommit {
            generation: accepted.generation,
            title: "collection".to_owned(),
            content_type: "text/plain".to_owned(),
            bytes: 0,
            sha256: Sha256::of(b""),
            fingerprint: String::new(),
            metadata: None,
            passages,
            staged: 0,
        };
        app.store()
            .commit_generation(&commit, app.clock().now())
            .await?;
        // A rebuild measures the corpus, as a server does when the length has drifted.
        app.follower().catch_up().await?;
        app.follower().rebuild(|_| {}).await?;
        Ok(())
    }

    /// The collection's document of a passage.
    pub(super) fn document_of(&self, passage: PassageId) -> Option<&str> {
        self.documents.get(&passage).map(String::as_str)
    }

    pub(super) fn read_scope(&self) -> ReadScope {
        ReadScope {
            owner: OwnerId::system(),
            collections: None,
        }
    }

    /// Closes the application, and removes what it wrote to a Qdrant server.
    pub(super) async fn close(self) {
        if let Err(error) = self.app.follower().index().destroy().await {
            output::print_note(format_args!(
                "the scratch index stays on the server, as ragd-eval-…: {}",
                error.chain()
            ));
        }
        self.app.close().await;
    }
}

async fn accept(app: &App) -> Result<Accepted> {
    let new = NewDocument {
        owner: OwnerId::system(),
        collection: CollectionName::default_collection(),
        uri: "eval:///collection.txt".to_owned(),
        filename: FileName::parse("collection.txt")?,
        title: "collection".to_owned(),
        content_type: "text/plain".to_owned(),
        bytes: 0,
        sha256: Sha256::of(b""),
        metadata: serde_json::json!({}),
    };
    app.store().accept(&new, app.clock().now()).await
}

fn passage(accepted: &Accepted, ordinal: i64, content: String) -> Passage {
    let document: DocumentId = accepted.document.id;
    Passage {
        id: PassageId::of_document(document, accepted.generation.number, ordinal),
        owner: accepted.document.owner,
        source: PassageSource::Document {
            document,
            collection: accepted.document.collection.clone(),
        },
        generation: accepted.generation.number,
        ordinal,
        char_start: 0,
        char_end: i64::try_from(content.chars().count()).unwrap_or(i64::MAX),
        content,
        heading: String::new(),
        page: None,
        embedding: None,
        model: None,
        created_at: accepted.document.created_at,
    }
}

async fn embed(app: &App, passages: &mut [Passage]) -> Result<()> {
    let Some(embedder) = app.embedder() else {
        return Ok(());
    };
    let begun = std::time::Instant::now();
    let bar = ProgressBar::new(passages.len() as u64);
    for batch in passages.chunks_mut(BATCH_TEXTS) {
        let texts = batch.iter().map(Passage::indexed_text).collect();
        for (passage, vector) in batch.iter_mut().zip(embedder.embed(texts).await?) {
            passage.embedding = Some(vector);
            passage.model = Some(embedder.model_id().to_owned());
        }
        bar.inc(batch.len() as u64);
    }
    bar.finish_and_clear();
    let seconds = begun.elapsed().as_secs_f64();
    output::print_note(format_args!(
        "embedded {} texts in {seconds:.1} s ({:.1} texts/s)",
        passages.len(),
        passages.len() as f64 / seconds
    ));
    Ok(())
}
