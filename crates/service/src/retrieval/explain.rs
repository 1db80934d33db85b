//! Explains why a passage is, or is not, in a result.

use super::fusion::Fused;
use super::{Retrieval, RetrievalRequest, Retrieved, SideScore, fuse};
use futures_util::future::BoxFuture;
use ragd_core::domain::PassageId;
use ragd_core::error::Result;
use ragd_index::Query;
use serde::Serialize;

/// The explanation of one passage for one request.
#[derive(Debug, Clone, Serialize)]
pub struct Explanation {
    /// The passage.
    pub passage_id: PassageId,
    /// Whether the result contains it.
    pub returned: bool,
    /// Its rank, from 1: the reranker's where it was reranked, else by the fused score.
    pub rank: Option<usize>,
    /// Its fused score, with the factor of age.
    pub score: Option<f64>,
    /// The fused score of the last passage that was returned.
    pub threshold: Option<f64>,
    /// By words.
    pub bm25: SideScore,
    /// By meaning.
    pub vector: SideScore,
    /// The reranker's score; `None` where it was not reranked.
    pub rerank: Option<f64>,
    /// The reason in a sentence.
    pub reason: String,
}

/// The ranks of a passage, from 0.
#[derive(Clone, Copy)]
struct Ranks {
    fused: Option<usize>,
    reranked: Option<usize>,
}

impl Ranks {
    /// The one that decides.
    fn last(self) -> Option<usize> {
        self.reranked.or(self.fused)
    }
}

impl Retrieval {
    /// Explains why `passage` is, or is not, in `retrieved`, the result of `request`.
    ///
    /// # Errors
    /// As [`Retrieval::search`].
    pub fn explain<'a>(
        &'a self,
        request: &'a RetrievalRequest,
        retrieved: &'a Retrieved,
        passage: PassageId,
    ) -> BoxFuture<'a, Result<Explanation>> {
        Box::pin(async move {
            let mut prepared = self.prepare(request).await;
            loop {
                let query = prepared.query.clone();
                match self.explain_with(request, retrieved, passage, query).await {
                    Err(error) => prepared = self.prepare_again(request, prepared, error).await?,
                    explained => return explained,
                }
            }
        })
    }

    async fn explain_with(
        &self,
        request: &RetrievalRequest,
        retrieved: &Retrieved,
        passage: PassageId,
        query: Query,
    ) -> Result<Explanation> {
        let stored = self.readable(&[passage], &request.read).await?.pop();
        let scores = self.parts.index.score(query.clone(), vec![passage]).await?;
        let candidates = self.parts.index.search(query).await?;
        let completed = if self.settings.complete_scores {
            scores.clone()
        } else {
            Vec::new()
        };
        let fused = fuse(&candidates, &completed, self.fusion_of(request));
        let fused_place = fused.iter().position(|one| one.id == passage);
        let is_passage = |(id, _): &(PassageId, f64)| *id == passage;
        let reranked = retrieved.reranked.iter().position(is_passage);
        let rerank = retrieved.reranked.iter().find(|one| is_passage(one));
        let threshold = if retrieved.reranked.is_empty() {
            let last = request.limit.min(fused.len()).saturating_sub(1);
            fused.get(last).map(|one| one.score)
        } else {
            retrieved.hits.last().map(|hit| hit.score)
        };
        let candidate: Option<&Fused> = fused_place.and_then(|place| fused.get(place));
        let raw = scores.first();
        let bm25 = candidate.map_or_else(
            || SideScore {
                raw: raw.map(|one| f64::from(one.lexical)),
                ..SideScore::default()
            },
            |one| one.bm25,
        );
        let vector = candidate.map_or_else(
            || SideScore {
                raw: raw.and_then(|one| one.dense).map(f64::from),
                ..SideScore::default()
            },
            |one| one.vector,
        );
        let ranks = Ranks {
            fused: fused_place,
            reranked,
        };
        let rank = ranks.last();
        let returned = stored.is_some() && rank.is_some_and(|rank| rank < request.limit);
        let reason = self.reason(stored.is_some(), ranks, request.limit);
        let score = match (candidate, stored) {
            (Some(one), Some(stored)) => Some(self.hit(one, stored).score),
            (Some(one), None) => Some(one.score),
            (None, _) => None,
        };
        Ok(Explanation {
            passage_id: passage,
            returned,
            rank: rank.map(|rank| rank + 1),
            score,
            threshold,
            bm25,
            vector,
            rerank: rerank.map(|(_, score)| *score),
            reason,
        })
    }

    fn reason(&self, readable: bool, ranks: Ranks, limit: usize) -> String {
        if !readable {
            return "there is no such passage that is current and readable here".to_owned();
        }
        let Some(place) = ranks.fused else {
            return format!(
                "it is neither among the best {} by words nor among the best {} by meaning that \
                 pass the filter",
                self.settings.topk_bm25, self.settings.topk_vec
            );
        };
        let fused = format!("number {} by the fused score", place + 1);
        let reason = match ranks.reranked {
            Some(rank) => format!("it is number {} by the reranker, {fused}", rank + 1),
            None => format!("it is {fused}"),
        };
        if ranks.reranked.unwrap_or(place) < limit {
            reason
        } else {
            format!("{reason}, and {limit} are returned")
        }
    }
}
