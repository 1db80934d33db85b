//! Why a passage is, or is not, in a list.

use super::fusion::{Fused, FusionSettings};
use super::{Retrieval, RetrievalRequest, Retrieved, SideScore, fuse};
use ragd_core::domain::PassageId;
use ragd_core::error::Result;
use ragd_index::Query;
use serde::Serialize;

/// The case of one passage for one request.
#[derive(Debug, Clone, Serialize)]
pub struct Explanation {
    /// The passage.
    pub passage_id: PassageId,
    /// Whether the list that was returned has it.
    pub returned: bool,
    /// Its place in the list, from 1: the reranker's where it was reranked, else the fused one.
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
    /// In a sentence.
    pub reason: String,
}

impl Retrieval {
    /// Says why `passage` is, or is not, in `answer`, the one to `request`.
    ///
    /// # Errors
    /// As [`Retrieval::search`].
    pub async fn explain(
        &self,
        request: &RetrievalRequest,
        answer: &Retrieved,
        passage: PassageId,
    ) -> Result<Explanation> {
        let mut asked = self.ask(request).await;
        loop {
            let query = asked.query.clone();
            match self.explain_query((request, answer), passage, query).await {
                Err(error) => asked = self.ask_again(request, asked, error).await?,
                explained => return explained,
            }
        }
    }

    async fn explain_query(
        &self,
        (request, answer): (&RetrievalRequest, &Retrieved),
        passage: PassageId,
        query: Query,
    ) -> Result<Explanation> {
        let stored = self.readable(&[passage], &request.read).await?.pop();
        let scores = self.index.score(query.clone(), vec![passage]).await?;
        let candidates = self.index.search(query).await?;
        let completed = if self.settings.complete_scores {
            scores.clone()
        } else {
            Vec::new()
        };
        let fused = fuse(&candidates, &completed, FusionSettings::of(&self.settings));
        let place = fused.iter().position(|one| one.id == passage);
        let is_passage = |(id, _): &(PassageId, f64)| *id == passage;
        let reranked = answer.reranked.iter().position(is_passage);
        let rerank = answer.reranked.iter().find(|one| is_passage(one));
        let threshold = if answer.reranked.is_empty() {
            let last = request.limit.min(fused.len()).saturating_sub(1);
            fused.get(last).map(|one| one.score)
        } else {
            answer.hits.last().map(|hit| hit.score)
        };
        let found: Option<&Fused> = place.and_then(|place| fused.get(place));
        let raw = scores.first();
        let bm25 = found.map_or_else(
            || SideScore {
                raw: raw.map(|one| f64::from(one.lexical)),
                ..SideScore::default()
            },
            |one| one.bm25,
        );
        let vector = found.map_or_else(
            || SideScore {
                raw: raw.and_then(|one| one.dense).map(f64::from),
                ..SideScore::default()
            },
            |one| one.vector,
        );
        let rank = reranked.or(place);
        let returned = stored.is_some() && rank.is_some_and(|rank| rank < request.limit);
        let reason = self.reason(stored.is_some(), (place, reranked), request.limit);
        let score = match (found, stored) {
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

    fn reason(
        &self,
        readable: bool,
        (place, reranked): (Option<usize>, Option<usize>),
        limit: usize,
    ) -> String {
        if !readable {
            return "there is no such passage that is current and readable here".to_owned();
        }
        let Some(place) = place else {
            return format!(
                "it is neither among the best {} by words nor among the best {} by meaning that \
                 pass the filter",
                self.settings.topk_bm25, self.settings.topk_vec
            );
        };
        let fused = format!("number {} by the fused score", place + 1);
        let reason = match reranked {
            Some(rank) => format!("it is number {} by the reranker, {fused}", rank + 1),
            None => format!("it is {fused}"),
        };
        if reranked.unwrap_or(place) < limit {
            reason
        } else {
            format!("{reason}, and {limit} are returned")
        }
    }
}
