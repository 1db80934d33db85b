//! The request and the result of a retrieval.

use super::score::{SideScore, Weights};
use crate::config::Fusion;
use ragd_core::domain::{Collection, PassageId, PassageKind, ReadScope, RoomId, SearchQuery};
use ragd_index::QueryVector;
use ragd_store::StoredPassage;
use serde::Serialize;

/// Which kinds of passages are searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum RetrievalScope {
    /// Messages of rooms.
    Memory,
    /// Chunks of documents.
    Documents,
    /// Both.
    All,
}

impl RetrievalScope {
    /// Parses the name that a request uses; `None` for another.
    pub fn parse(name: &str) -> Option<Self> {
        name.parse().ok()
    }

    pub(super) const fn kind(self) -> Option<PassageKind> {
        match self {
            Self::Memory => Some(PassageKind::Message),
            Self::Documents => Some(PassageKind::Document),
            Self::All => None,
        }
    }
}

/// What to retrieve.
#[derive(Debug, Clone)]
pub struct RetrievalRequest {
    /// What to search for.
    pub query: SearchQuery,
    /// What the caller may read.
    pub read: ReadScope,
    /// Only this collection's documents.
    pub collection: Option<Collection>,
    /// Which kinds of passages.
    pub scope: RetrievalScope,
    /// The room whose memory is searched, with that of the rooms above it.
    pub rooms: Option<Vec<RoomId>>,
    /// How many hits at most.
    pub limit: usize,
}

/// A retrieved passage, with every part of its score.
#[derive(Debug, Clone)]
pub struct Hit {
    /// The passage with its document's title and address.
    pub stored: StoredPassage,
    /// The fused score, with the factor of age; it decides the order unless a reranker did.
    pub score: f64,
    /// By words.
    pub bm25: SideScore,
    /// By meaning.
    pub vector: SideScore,
    /// The factor of age: 1 for documents.
    pub decay: f64,
    /// The age of the passage, in days.
    pub age_days: f64,
    /// The reranker's score; `None` without a reranker, and for hits that it was not given.
    pub rerank: Option<f64>,
}

impl Hit {
    /// The passage's id.
    pub fn id(&self) -> PassageId {
        self.stored.passage.id
    }
}

/// How long each stage took, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct TimingsMs {
    /// Making the question's vector.
    pub embed: f64,
    /// The index query, with the completion of scores.
    pub search: f64,
    /// Fusing the lists.
    pub fuse: f64,
    /// Reading the passages from SQL.
    pub hydrate: f64,
    /// Having the best reranked; 0 without a reranker.
    pub rerank: f64,
    /// All of it.
    pub total: f64,
}

/// The result of a retrieval.
#[derive(Debug, Clone)]
pub struct Retrieved {
    /// The hits, best first.
    pub hits: Vec<Hit>,
    /// How many candidates there were by words.
    pub bm25_candidates: usize,
    /// How many candidates there were by meaning.
    pub vector_candidates: usize,
    /// How long it took.
    pub timings: TimingsMs,
    /// The weights in force.
    pub weights: Weights,
    /// The fusion in force.
    pub fusion: Fusion,
    /// Every hit that was reranked with its score, in the reranker's order, whether it is among
    /// the hits or fell behind them.
    pub reranked: Vec<(PassageId, f64)>,
    /// What was missing: `vector` without a model, `rerank` without the reranker's answer.
    pub degraded: Vec<&'static str>,
    /// The question's vector, for further comparisons. Every score by meaning is of its model.
    pub query_vector: Option<QueryVector>,
}
