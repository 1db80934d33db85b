//! The answer of the `extractive` provider: the sources' own sentences, rated by their words and,
//! where there is an embedding model, by their meaning.

use super::source::RetrievedSources;
use super::{Chat, Source};
use ragd_core::error::{Error, Result};
use ragd_index::QueryVector;
use ragd_language::extractive::{self, ExtractiveSource, Sentence, Signals};
use ragd_llm::{CallCost, CallOutcome};
use std::time::Instant;

/// The most sentences whose meaning is compared. Ordinary sources stay far below it; a document of
/// thousands of fragments does not.
const MAX_EMBEDDED: usize = 160;

/// The name of the provider that needs no model.
pub(super) const EXTRACTIVE: &str = "extractive";

impl Chat {
    /// The sentences of `retrieved` that answer `question`, with their markers.
    ///
    /// # Errors
    /// `Internal` when the work is interrupted.
    pub(super) async fn extract_answer(
        &self,
        question: &str,
        retrieved: &RetrievedSources,
    ) -> Result<String> {
        let begun = Instant::now();
        let sentences = extractive::candidates(&as_extractive(&retrieved.sources));
        let question_vector = retrieved.question_vector.as_ref();
        let similarities = self.similarities(&sentences, question_vector).await;
        let question = question.to_owned();
        // Scoring blocks: a hostile source can be long.
        let answer = tokio::task::spawn_blocking(move || {
            let signals = Signals {
                similarities: similarities.as_deref(),
                weights: None,
            };
            extractive::select(&question, &sentences, signals)
        })
        .await
        .map_err(|error| Error::internal("answering was interrupted").with_source(error))?;
        let cost = CallCost {
            seconds: begun.elapsed().as_secs_f64(),
            ..CallCost::default()
        };
        let series = &self.parts.extractive_series;
        series.record(CallOutcome::Success, cost);
        Ok(answer.text)
    }

    /// The cosine of the question and each sentence; `None` when there is no model, or it fails:
    /// words alone then decide.
    async fn similarities(
        &self,
        sentences: &[Sentence],
        question_vector: Option<&QueryVector>,
    ) -> Option<Vec<f32>> {
        let (embedder, question) = (self.parts.embedder.get()?, question_vector?);
        // The model may have been switched since the question was embedded.
        if sentences.len() > MAX_EMBEDDED || embedder.model_id() != question.model {
            return None;
        }
        let texts = sentences.iter().map(Sentence::text_to_embed).collect();
        match embedder.embed_at_once(texts).await {
            Ok(vectors) => {
                let cosine = |vector: &Vec<f32>| dot(&question.values, vector);
                Some(vectors.iter().map(cosine).collect())
            }
            Err(error) => {
                tracing::error!(error = error.chain(), "the sentences were not embedded");
                None
            }
        }
    }
}

fn as_extractive(sources: &[Source]) -> Vec<ExtractiveSource<'_>> {
    sources
        .iter()
        .map(|source| ExtractiveSource {
            index: source.citation_index,
            title: &source.title,
            heading: &source.heading,
            text: &source.text,
        })
        .collect()
}

/// The cosine of two vectors of unit length.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}
