//! The index query of a question: its terms, its vector, its filter. When the installation switches
//! to another model during a retrieval, the retrieval begins again with the new model's vector, so
//! that none mixes two models and none fails.

use super::{Retrieval, RetrievalRequest, script};
use ragd_core::error::{Error, Result};
use ragd_index::{CODE_MISMATCH, CODE_MOVED, IndexFilter, Query, QueryVector};
use std::time::Duration;

/// How often a retrieval begins again before it searches by words alone.
const MAX_RESTARTS: usize = 3;
/// How long to wait for the embedder's switch, which comes a moment after that of the index.
const SWITCH_TIMEOUT: Duration = Duration::from_secs(2);

/// A query, and how often it may still be replaced by one with another vector.
pub(super) struct PreparedQuery {
    pub(super) query: Query,
    restarts_left: usize,
}

impl Retrieval {
    /// The query of `request`, with the vector of the present model.
    pub(super) async fn prepare(&self, request: &RetrievalRequest) -> PreparedQuery {
        let vector = self.vector(request).await;
        self.prepare_with(request, vector)
    }

    /// The query of `request` with this vector.
    pub(super) fn prepare_with(
        &self,
        request: &RetrievalRequest,
        vector: Option<QueryVector>,
    ) -> PreparedQuery {
        PreparedQuery {
            query: self.query(request, vector),
            restarts_left: MAX_RESTARTS,
        }
    }

    /// The query to begin again with after `error`: with the new model's vector when the index was
    /// switched, and at last by words alone, which depend on no model.
    ///
    /// # Errors
    /// `error`, when it is about something else.
    pub(super) async fn prepare_again(
        &self,
        request: &RetrievalRequest,
        prepared: PreparedQuery,
        error: Error,
    ) -> Result<PreparedQuery> {
        let is_switched = [CODE_MISMATCH, CODE_MOVED].contains(&error.code());
        let (Some(former), true) = (prepared.query.dense, is_switched) else {
            return Err(error);
        };
        let vector = if prepared.restarts_left == 0 {
            None
        } else {
            let moved = self
                .parts
                .embedder
                .changes_from(&former.model, SWITCH_TIMEOUT)
                .await;
            tracing::debug!(
                former = former.model,
                moved,
                "the index is of another model now"
            );
            self.vector(request).await
        };
        Ok(PreparedQuery {
            query: self.query(request, vector),
            restarts_left: prepared.restarts_left.saturating_sub(1),
        })
    }

    async fn vector(&self, request: &RetrievalRequest) -> Option<QueryVector> {
        let embedder = self.parts.embedder.get()?;
        if self.settings.vec_weight <= 0.0 {
            return None;
        }
        // What it does not read it cannot compare: words alone decide, and the answer says so.
        if embedder.is_english() && !script::is_latin(request.query.as_str()) {
            return None;
        }
        match embedder.embed_query(request.query.as_str()).await {
            Ok(values) => Some(QueryVector {
                model: embedder.model_id().to_owned(),
                values,
            }),
            Err(error) => {
                tracing::error!(error = error.chain(), "the question was not embedded");
                self.parts.shared_metrics.internal_error("embeddings");
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
            terms: self.parts.counter.count_question(request.query.as_str()),
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
