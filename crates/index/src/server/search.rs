//! Searches on the server: the two lists of the best passages in one request, both scores of given
//! passages in another, and counts. They return neither text, payload nor vectors.

use super::super::completion::{Gaps, both};
use super::super::payload::{DENSE, LEXICAL};
use super::super::query::{Candidates, IndexFilter, Query, Scored, ScoredCandidates, Scores};
use super::super::shape::{OVERSAMPLING, search_ef};
use super::super::space::check_question;
use super::filter::{among, server_filter};
use super::index::Server;
use super::shared::{Serving, no_build};
use qdrant_client::qdrant::point_id::PointIdOptions;
use qdrant_client::qdrant::{
    CountPoints, DenseVector, Filter, QuantizationSearchParams, Query as ServerQuery,
    QueryBatchPoints, QueryPoints, ScoredPoint, SearchParams, SparseVector, VectorInput, query,
    vector_input,
};
use ragd_core::domain::PassageId;
use ragd_core::error::Result;
use uuid::Uuid;

/// The keyword or the vector part of a query: how many passages, which may be found, and whether
/// all are compared without the graph.
struct Side {
    limit: usize,
    filter: Option<Filter>,
    exact: bool,
}

impl Server {
    pub(crate) async fn search(&self, query: Query) -> Result<Candidates> {
        self.best(&query).await
    }

    pub(crate) async fn search_and_score(&self, query: Query) -> Result<ScoredCandidates> {
        let candidates = self.best(&query).await?;
        let gaps = Gaps::of(&query, &candidates);
        // The query's filter was already applied to these passages.
        let rest = self
            .query(&query, given(&gaps.lexical, None), given(&gaps.dense, None))
            .await?;
        Ok(gaps.fill(candidates, &rest))
    }

    pub(crate) async fn score(&self, query: Query, ids: Vec<PassageId>) -> Result<Vec<Scores>> {
        Query::check_count(&ids)?;
        let allowed = server_filter(&query.filter);
        let found = self
            .query(&query, given(&ids, allowed.clone()), given(&ids, allowed))
            .await?;
        Ok(both(&ids, &[&found]))
    }

    pub(crate) async fn count(&self, filter: IndexFilter) -> Result<usize> {
        let request = CountPoints {
            collection_name: self.serving_build().await?.target.name,
            filter: server_filter(&filter),
            exact: Some(true),
            timeout: Some(self.0.connection.timeout_seconds()),
            ..CountPoints::default()
        };
        let client = self.0.connection.client();
        let answer = self.read(|| client.count(request.clone())).await?;
        let count = answer.result.map_or(0, |result| result.count);
        Ok(usize::try_from(count).unwrap_or(usize::MAX))
    }

    /// The target that serves, if it has a build: before the first build the alias may belong to
    /// another database.
    async fn serving_build(&self) -> Result<Serving> {
        let serving = self.serving();
        if serving.position().build > 0 {
            return Ok(serving);
        }
        // If the server cannot be reached, that is the more useful error.
        self.0.ping().await?;
        Err(no_build())
    }

    async fn best(&self, query: &Query) -> Result<Candidates> {
        let filter = server_filter(&query.filter);
        let side = |limit| Side {
            limit,
            filter: filter.clone(),
            exact: false,
        };
        self.query(query, side(query.lexical_limit), side(query.dense_limit))
            .await
    }

    /// Runs both parts; one without terms or a vector, or with a limit of 0, finds nothing.
    async fn query(&self, query: &Query, lexical: Side, dense: Side) -> Result<Candidates> {
        let serving = self.serving_build().await?;
        let mut requests = Vec::with_capacity(2);
        let has_lexical = !query.terms.is_empty() && lexical.limit > 0;
        if has_lexical {
            let sparse = query.terms.question_weights();
            let terms = vector_input::Variant::Sparse(SparseVector {
                values: sparse.weights,
                indices: sparse.terms,
            });
            requests.push(self.request(&serving, LEXICAL, terms, lexical));
        }
        if let Some(vector) = &query.dense {
            check_question(serving.target.space.as_ref(), vector)?;
            if dense.limit > 0 {
                let data = vector.values.clone();
                let vector = vector_input::Variant::Dense(DenseVector { data });
                requests.push(self.request(&serving, DENSE, vector, dense));
            }
        }
        if requests.is_empty() {
            return Ok(Candidates::default());
        }
        let request = QueryBatchPoints {
            collection_name: serving.target.name,
            query_points: requests,
            timeout: Some(self.0.connection.timeout_seconds()),
            ..QueryBatchPoints::default()
        };
        let client = self.0.connection.client();
        let answer = self.read(|| client.query_batch(request.clone())).await?;
        let mut lists = answer
            .result
            .into_iter()
            .map(|list| list.result.into_iter().filter_map(scored).collect());
        let lexical = if has_lexical { lists.next() } else { None };
        Ok(Candidates {
            lexical: lexical.unwrap_or_default(),
            dense: lists.next().unwrap_or_default(),
        })
    }

    fn request(
        &self,
        serving: &Serving,
        name: &str,
        vector: vector_input::Variant,
        side: Side,
    ) -> QueryPoints {
        let limit = side.limit.min(Query::MAX_LIMIT);
        QueryPoints {
            collection_name: serving.target.name.clone(),
            query: Some(ServerQuery {
                variant: Some(query::Variant::Nearest(VectorInput {
                    variant: Some(vector),
                })),
            }),
            using: Some(name.to_owned()),
            filter: side.filter,
            params: Some(SearchParams {
                hnsw_ef: Some(search_ef(serving.added_passages())),
                exact: Some(side.exact),
                quantization: Some(QuantizationSearchParams {
                    ignore: Some(false),
                    rescore: Some(true),
                    oversampling: Some(OVERSAMPLING),
                }),
                ..SearchParams::default()
            }),
            limit: Some(limit as u64),
            with_payload: Some(false.into()),
            with_vectors: Some(false.into()),
            timeout: Some(self.0.connection.timeout_seconds()),
            ..QueryPoints::default()
        }
    }
}

/// Exactly these passages, as far as `allowed` matches them.
fn given(ids: &[PassageId], allowed: Option<Filter>) -> Side {
    Side {
        limit: ids.len(),
        filter: Some(among(ids, allowed)),
        exact: true,
    }
}

fn scored(point: ScoredPoint) -> Option<Scored> {
    // Points never have numeric ids.
    let Some(PointIdOptions::Uuid(id)) = point.id?.point_id_options else {
        return None;
    };
    Some(Scored {
        id: PassageId::from_uuid(Uuid::parse_str(&id).ok()?),
        score: point.score,
    })
}
