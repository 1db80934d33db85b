//! From a stored original to passages: extract its text in a child process, then chunk it.

use super::Ingest;
use super::progress::Progress;
use super::title::title;
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
        let title = title_of(accepted, &extracted);
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
            heading: below_title(title.as_deref(), &chunk),
            content: chunk.text,
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

/// The document's title, if it has one of its own: a file's name says too little.
fn title_of(accepted: &Accepted, extracted: &Extracted) -> Option<String> {
    let title = title(accepted, extracted);
    (title != accepted.document.filename.as_str()).then_some(title)
}

/// The headings above a chunk below the document's title, so that a passage under a heading is found by
/// what its document is about. A title that is there already is not repeated.
fn below_title(title: Option<&str>, chunk: &Chunk) -> String {
    let begins_with = |text: &str, title: &str| {
        let text = text.trim_start_matches(|c: char| !c.is_alphanumeric());
        text.get(..title.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(title))
    };
    match title {
        Some(title) if begins_with(&chunk.heading, title) || begins_with(&chunk.text, title) => {
            chunk.heading.clone()
        }
        Some(title) if chunk.heading.is_empty() => title.to_owned(),
        Some(title) => format!("{title} › {}", chunk.heading),
        None => chunk.heading.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::below_title;
    use ragd_text::Chunk;

    #[test]
    fn a_passage_stands_below_the_title_of_its_document_once() {
        for (title, heading, text, expected) in [
            (
                Some("The Merlin"),
                "Frame",
                "Its frame is light.",
                "The Merlin › Frame",
            ),
            (Some("The Merlin"), "", "Its frame is light.", "The Merlin"),
            (
                Some("The Merlin"),
                "The Merlin › Frame",
                "Light.",
                "The Merlin › Frame",
            ),
            (Some("The Merlin"), "", "# The Merlin\n\nA bicycle.", ""),
            (None, "Frame", "Light.", "Frame"),
        ] {
            let chunk = Chunk {
                ordinal: 0,
                text: text.to_owned(),
                heading: heading.to_owned(),
                page: None,
                char_start: 0,
                char_end: 0,
                is_directory: false,
            };
            assert_eq!(below_title(title, &chunk), expected);
        }
    }
}
