//! Retrieved passages and their scores as JSON.

use ragd_core::domain::{PassageKind, PassageSource};
use ragd_service::retrieval::{Explanation, Hit, Retrieved, SideScore};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// The result of a search.
#[derive(Serialize, ToSchema)]
pub(crate) struct RetrievalResponse {
    room_id: Option<Uuid>,
    query: String,
    /// What was searched: the query, or how it stands without the room's last turns.
    searched: String,
    weights: RetrievalWeights,
    /// `minmax`, `zscore` or `rrf`.
    #[schema(example = "minmax")]
    fusion: &'static str,
    candidates: RetrievalCandidates,
    timings_ms: RetrievalTimings,
    results: Vec<RetrievalResult>,
    /// The model of the vector scores; null when only BM25 was used.
    #[schema(example = "all-MiniLM-L6-v2:int8:2")]
    embedding_model: Option<String>,
    /// What was unavailable: `vector` without a model, `rerank` without the reranker.
    degraded: Vec<&'static str>,
    /// Why the requested passage is, or is not, in the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<RetrievalExplanation>,
}

/// The weight of each retriever.
#[derive(Serialize, ToSchema)]
pub(crate) struct RetrievalWeights {
    bm25: f64,
    vector: f64,
}

/// The number of candidates of each retriever.
#[derive(Serialize, ToSchema)]
pub(crate) struct RetrievalCandidates {
    bm25: usize,
    vector: usize,
}

/// The duration of each stage, in milliseconds.
#[derive(Serialize, ToSchema)]
pub(crate) struct RetrievalTimings {
    embed: f64,
    search: f64,
    fuse: f64,
    hydrate: f64,
    /// 0 without a reranker.
    rerank: f64,
    total: f64,
}

/// A passage that was found.
#[derive(Serialize, ToSchema)]
pub(crate) struct RetrievalResult {
    passage_id: Uuid,
    /// `document` or `message`.
    #[schema(value_type = String, example = "document")]
    kind: PassageKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    document_id: Option<Uuid>,
    /// The document's title.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    /// Where the document came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    uri: Option<String>,
    /// The page of the passage, from 1, where the format has pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<i64>,
    content: String,
    score: f64,
    bm25: RetrievalSide,
    vector: RetrievalSide,
    /// The factor for age; 1 for documents.
    decay: f64,
    age_days: f64,
    /// The reranker's score; passages that have one are ordered by it.
    rerank: Option<f64>,
}

/// One retriever's part of a score.
#[derive(Serialize, ToSchema)]
pub(crate) struct RetrievalSide {
    /// The place in its list, from 1.
    rank: Option<usize>,
    raw: Option<f64>,
    /// The normalised score, before its weight.
    normalised: Option<f64>,
}

/// Why one passage is, or is not, in the result.
#[derive(Serialize, ToSchema)]
pub(crate) struct RetrievalExplanation {
    passage_id: Uuid,
    returned: bool,
    rank: Option<usize>,
    score: Option<f64>,
    /// The score of the last returned passage.
    threshold: Option<f64>,
    bm25: RetrievalSide,
    vector: RetrievalSide,
    /// The reranker's score, if it was reranked.
    rerank: Option<f64>,
    reason: String,
}

impl RetrievalResponse {
    pub(crate) fn new(
        room_id: Option<Uuid>,
        query: &str,
        searched: &str,
        found: Retrieved,
        explanation: Option<Explanation>,
    ) -> Self {
        let timings = found.timings;
        Self {
            room_id,
            query: query.to_owned(),
            searched: searched.to_owned(),
            weights: RetrievalWeights {
                bm25: found.weights.bm25,
                vector: found.weights.vector,
            },
            fusion: found.fusion.as_str(),
            candidates: RetrievalCandidates {
                bm25: found.bm25_candidates,
                vector: found.vector_candidates,
            },
            timings_ms: RetrievalTimings {
                embed: timings.embed,
                search: timings.search,
                fuse: timings.fuse,
                hydrate: timings.hydrate,
                rerank: timings.rerank,
                total: timings.total,
            },
            results: found.hits.into_iter().map(RetrievalResult::from).collect(),
            embedding_model: found.query_vector.map(|vector| vector.model),
            degraded: found.degraded,
            explanation: explanation.map(RetrievalExplanation::from),
        }
    }
}

impl From<Hit> for RetrievalResult {
    fn from(hit: Hit) -> Self {
        let (title, uri) = hit
            .stored
            .document
            .map(|label| (label.title, label.uri))
            .unzip();
        let passage = hit.stored.passage;
        let kind = passage.source.kind();
        let (message_id, document_id) = match passage.source {
            PassageSource::Message { message, .. } => (Some(message.uuid()), None),
            PassageSource::Document { document, .. } => (None, Some(document.uuid())),
        };
        Self {
            passage_id: passage.id.uuid(),
            kind,
            title,
            uri,
            page: passage.page,
            message_id,
            document_id,
            content: passage.content,
            score: hit.score,
            bm25: hit.bm25.into(),
            vector: hit.vector.into(),
            decay: hit.decay,
            age_days: hit.age_days,
            rerank: hit.rerank,
        }
    }
}

impl From<SideScore> for RetrievalSide {
    fn from(side: SideScore) -> Self {
        Self {
            rank: side.rank,
            raw: side.raw,
            normalised: side.normalised,
        }
    }
}

impl From<Explanation> for RetrievalExplanation {
    fn from(explanation: Explanation) -> Self {
        Self {
            passage_id: explanation.passage_id.uuid(),
            returned: explanation.returned,
            rank: explanation.rank,
            score: explanation.score,
            threshold: explanation.threshold,
            bm25: explanation.bm25.into(),
            vector: explanation.vector.into(),
            rerank: explanation.rerank,
            reason: explanation.reason,
        }
    }
}
