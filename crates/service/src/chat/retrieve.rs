//! The sources of an answer: passages of documents, then messages that the room remembers, numbered
//! and rated by how relevant they are to the question.

use super::source::{RetrievedSources, Source};
use super::turn::Turn;
use super::{Chat, ChatRequest, diversity};
use crate::retrieval::{Hit, RetrievalRequest, RetrievalScope};
use ragd_core::domain::SearchQuery;
use ragd_core::error::Result;
use ragd_index::TermCounter;
use std::collections::HashSet;

impl Chat {
    /// Retrieves and chooses the sources of `turn`.
    ///
    /// # Errors
    /// `Unavailable` without a database; `Internal` when the index fails.
    pub(super) async fn retrieve_sources(
        &self,
        turn: &Turn,
        searched: String,
    ) -> Result<RetrievedSources> {
        let request = &turn.request;
        let query = SearchQuery::parse("question", &searched)
            .unwrap_or_else(|_| request.question.clone().into());
        let count = self.source_count(request);
        let mut retrieved = self
            .parts
            .retrieval
            .search(&RetrievalRequest {
                query: query.clone(),
                read: turn.read.clone(),
                collection: request.collection.clone(),
                scope: RetrievalScope::Documents,
                rooms: None,
                limit: count * diversity::CANDIDATES_PER_SOURCE,
            })
            .await?;
        retrieved.hits = diversity::choose(retrieved.hits, count);
        self.add_remembered(turn, &query, &mut retrieved, count)
            .await;
        let by_meaning = retrieved.query_vector.is_some();
        let hits = retrieved.hits.iter();
        Ok(RetrievedSources {
            relevance: hits
                .clone()
                .map(|hit| self.relevance(query.as_str(), hit, by_meaning))
                .collect(),
            sources: hits
                .enumerate()
                .map(|(at, hit)| Source::of_hit(at + 1, hit))
                .collect(),
            question_vector: retrieved.query_vector,
            degraded: retrieved.degraded,
            searched,
        })
    }

    /// How many sources the answer may use.
    pub(super) fn source_count(&self, request: &ChatRequest) -> usize {
        let by_default = usize::try_from(self.settings.top_k).unwrap_or(1);
        request.top_k.map_or(by_default, |top_k| top_k.get())
    }

    /// How relevant a hit is to the question, 0–1: by the cosine where the question has a vector,
    /// else by terms.
    pub(super) fn relevance(&self, question: &str, hit: &Hit, by_meaning: bool) -> f64 {
        match hit.vector.raw {
            Some(cosine) if by_meaning => relevance_of_cosine(cosine),
            _ => {
                let text = &hit.stored.passage.content;
                coverage(question, text, &self.parts.counter)
            }
        }
    }
}

/// Scales from the cosine of unrelated texts (about 0.1 with the local model) to that of a close
/// paraphrase.
fn relevance_of_cosine(cosine: f64) -> f64 {
    ((cosine - 0.1) / 0.6).clamp(0.0, 1.0)
}

/// The share of `question`'s distinct terms (stemmed, without stop words) that `text` contains.
fn coverage(question: &str, text: &str, counter: &TermCounter) -> f64 {
    let terms = |text: &str| -> HashSet<u32> {
        let counted = counter.count(text);
        counted.iter().map(|(term, _)| term).collect()
    };
    let wanted = terms(question);
    if wanted.is_empty() {
        return 0.0;
    }
    let present = terms(text);
    wanted.intersection(&present).count() as f64 / wanted.len() as f64
}
