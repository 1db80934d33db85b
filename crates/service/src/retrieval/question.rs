//! A question becomes a query of the index: its terms, its vector, its filter. When the installation
//! moves to another model in the middle of an answer, the whole answer is begun again with the new
//! one's vector, so that none is ever made of two models and none fails.

use super::{Retrieval, RetrievalRequest};
use ragd_core::error::{Error, Result};
use ragd_index::{CODE_MISMATCH, CODE_MOVED, IndexFilter, Query, QueryVector};
use std::time::Duration;

/// How often an answer is begun again before it is made by words alone.
const FRESH_STARTS: usize = 3;
/// How long the index and the embedder may be of two models: the index changes a moment earlier.
const PATIENCE: Duration = Duration::from_secs(2);

/// A query, and how often its answer may still be begun again with another vector.
pub(super) struct Asked {
    pub(super) query: Query,
    fresh_starts: usize,
}

impl Retrieval {
    /// The query of `request`, with the vector of the present model.
    pub(super) async fn ask(&self, request: &RetrievalRequest) -> Asked {
        let vector = self.vector(request).await;
        self.ask_with(request, vector)
    }

    /// The query of `request` with this vector.
    pub(super) fn ask_with(
        &self,
        request: &RetrievalRequest,
        vector: Option<QueryVector>,
    ) -> Asked {
        Asked {
            query: self.query(request, vector),
            fresh_starts: FRESH_STARTS,
        }
    }

    /// The query to begin again with after `error`: with the next model's vector when the index has
    /// moved on, and at last by words alone, which are of no model.
    ///
    /// # Errors
    /// `error`, when it is about anything else.
    pub(super) async fn ask_again(
        &self,
        request: &RetrievalRequest,
        asked: Asked,
        error: Error,
    ) -> Result<Asked> {
        let moved_on = [CODE_MISMATCH, CODE_MOVED].contains(&error.code());
        let (Some(former), true) = (asked.query.dense, moved_on) else {
            return Err(error);
        };
        let vector = if asked.fresh_starts == 0 {
            None
        } else {
            let moved = self.embedder.changes_from(&former.model, PATIENCE).await;
            tracing::debug!(
                former = former.model,
                moved,
                "the index is of another model now"
            );
            self.vector(request).await
        };
        Ok(Asked {
            query: self.query(request, vector),
            fresh_starts: asked.fresh_starts.saturating_sub(1),
        })
    }

    async fn vector(&self, request: &RetrievalRequest) -> Option<QueryVector> {
        let embedder = self.embedder.get()?;
        if self.settings.vec_weight <= 0.0 {
            return None;
        }
        match embedder.embed_query(request.query.as_str()).await {
            Ok(values) => Some(QueryVector {
                model: embedder.model_id().to_owned(),
                values,
            }),
            Err(error) => {
                tracing::error!(error = error.chain(), "the question was not embedded");
                self.shared_metrics.internal_error("embeddings");
                None
            }
        }
    }

    fn query(&self, request: &RetrievalRequest, dense: Option<QueryVector>) -> Query {
        let depth = self.depth(request);
        let lexical_limit = if self.settings.bm25_weight > 0.0 || dense.is_none() {
            self.settings.topk_bm25.max(depth)
        } else {
            0
        };
        Query {
            terms: self.counter.count_question(request.query.as_str()),
            dense,
            filter: IndexFilter {
                kind: request.scope.kind(),
                read: Some(request.read.clone()),
                collection: request.collection.clone(),
                document: None,
                rooms: request.rooms.clone(),
            },
            lexical_limit,
            dense_limit: self.settings.topk_vec.max(depth),
        }
    }
}
