//! Why a passage is, or is not, in a list.

use super::fusion::{Fused, FusionSettings};
use super::{Retrieval, RetrievalRequest, SideScore, fuse};
use crate::domain::PassageId;
use crate::error::Result;
use crate::index::Query;
use serde::Serialize;

/// The case of one passage for one request.
#[derive(Debug, Clone, Serialize)]
pub struct Explanation {
    /// The passage.
    pub passage_id: PassageId,
    /// Whether the list that was returned has it.
    pub returned: bool,
    /// Its place in the fused list, from 1.
    pub rank: Option<usize>,
    /// Its fused score, with the factor of age.
    pub score: Option<f64>,
    /// The fused score of the last passage that was returned.
    pub threshold: Option<f64>,
    /// By words.
    pub bm25: SideScore,
    /// By meaning.
    pub vector: SideScore,
    /// In a sentence.
    pub reason: String,
}

impl Retrieval {
    /// Says why `passage` is, or is not, in the answer to `request`.
    ///
    /// # Errors
    /// As [`Retrieval::search`].
    pub async fn explain(
        &self,
        request: &RetrievalRequest,
        passage: PassageId,
    ) -> Result<Explanation> {
        let mut asked = self.ask(request).await;
        loop {
            let query = asked.query.clone();
            match self.explain_query(request, passage, query).await {
                Err(error) => asked = self.ask_again(request, asked, error).await?,
                explained => return explained,
            }
        }
    }

    async fn explain_query(
        &self,
        request: &RetrievalRequest,
        passage: PassageId,
        query: Query,
    ) -> Result<Explanation> {
        let stored = self
            .store
            .passages_by_ids(&[passage], &request.read)
            .await?
            .pop();
        let scores = self.index.score(query.clone(), vec![passage]).await?;
        let candidates = self.index.search(query).await?;
        let completed = if self.settings.complete_scores {
            scores.clone()
        } else {
            Vec::new()
        };
        let fused = fuse(&candidates, &completed, FusionSettings::of(&self.settings));
        let place = fused.iter().position(|one| one.id == passage);
        let threshold = fused
            .get(request.limit.min(fused.len()).saturating_sub(1))
            .map(|one| one.score);
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
        let returned = stored.is_some() && place.is_some_and(|place| place < request.limit);
        let reason = self.reason(stored.is_some(), place, request.limit);
        let score = match (found, stored) {
            (Some(one), Some(stored)) => Some(self.hit(one, stored).score),
            (Some(one), None) => Some(one.score),
            (None, _) => None,
        };
        Ok(Explanation {
            passage_id: passage,
            returned,
            rank: place.map(|place| place + 1),
            score,
            threshold,
            bm25,
            vector,
            reason,
        })
    }

    fn reason(&self, readable: bool, place: Option<usize>, limit: usize) -> String {
        match (readable, place) {
            (false, _) => "there is no such passage that is current and readable here".to_owned(),
            (true, None) => format!(
                "it is neither among the best {} by words nor among the best {} by meaning that \
                 pass the filter",
                self.settings.topk_bm25, self.settings.topk_vec
            ),
            (true, Some(place)) if place < limit => {
                format!("it is number {} by the fused score", place + 1)
            }
            (true, Some(place)) => format!(
                "it is number {} by the fused score, and {limit} are returned",
                place + 1
            ),
        }
    }
}
