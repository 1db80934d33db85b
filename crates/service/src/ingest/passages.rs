//! From a stored original to passages: extract its text in a child process, then chunk it.

use super::Ingest;
use super::progress::Progress;
use ragd_core::domain::{Passage, PassageId, PassageSource};
use ragd_core::error::{Error, Result};
use ragd_store::Accepted;
use ragd_text::{Chunk, ChunkSettings, ExtractFailure, ExtractOrder, Extracted, OcrChoice, chunk};

impl Ingest {
    /// Extracts the text of the original.
    ///
    /// # Errors
    /// Why it cannot be extracted.
    pub(super) async fn extract(
        &self,
        accepted: &Accepted,
        ocr: OcrChoice,
        progress: &Progress,
    ) -> Result<Extracted, ExtractFailure> {
        let path = self.parts.blobs.path(accepted.pending.sha256);
        let name = &accepted.document.filename;
        let number = |pages: u64| i64::try_from(pages).unwrap_or(i64::MAX);
        let note = |done, total| progress.note("ocr", number(done), number(total));
        let order = ExtractOrder {
            ocr,
            progress: Some(&note),
        };
        self.parts.extractor.extract_with(&path, name, order).await
    }

    /// The passages of the accepted generation, without vectors.
    ///
    /// # Errors
    /// `Internal` when chunking is interrupted.
    pub(super) async fn passages(
        &self,
        accepted: &Accepted,
        extracted: Extracted,
    ) -> Result<Vec<Passage>> {
        let settings = ChunkSettings {
            size_chars: self.settings.chunk_size,
            overlap_chars: self.settings.chunk_overlap,
        };
        let chunks: Vec<Chunk> = tokio::task::spawn_blocking(move || chunk(&extracted, &settings))
            .await
            .map_err(|error| Error::internal("chunking was interrupted").with_source(error))?;
        let document = &accepted.document;
        let generation = accepted.generation.number;
        let created_at = self.parts.clock.now();
        let passage = |(ordinal, chunk): (i64, Chunk)| Passage {
            id: PassageId::of_document(document.id, generation, ordinal),
            owner: document.owner,
            source: PassageSource::Document {
                document: document.id,
                collection: document.collection.clone(),
            },
            generation,
            ordinal,
            content: chunk.text,
            heading: chunk.heading,
            page: chunk.page,
            char_start: chunk.char_start,
            char_end: chunk.char_end,
            embedding: None,
            model: None,
            created_at,
        };
        Ok((0..).zip(chunks).map(passage).collect())
    }
}
