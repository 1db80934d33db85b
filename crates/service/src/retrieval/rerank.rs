//! Reranking: the best hits of the fused list get the order of an upstream that reads question and
//! passage together. It is an extra: without the upstream's scores the fused order stays.

use super::Hit;
use ragd_core::resilience::BreakerState;
use ragd_llm::{Reranker, Skipped};

/// A reranker, and how many hits it is shown; cheap to clone, and the clones share its breaker.
#[derive(Debug, Clone)]
pub struct Reranking {
    reranker: Reranker,
    top: usize,
}

impl Reranking {
    /// Has `reranker` order the best `top` hits of each list.
    pub fn new(reranker: Reranker, top: usize) -> Self {
        Self { reranker, top }
    }

    /// How many hits are reranked.
    pub fn top(&self) -> usize {
        self.top
    }

    /// The upstream's name.
    pub fn name(&self) -> &'static str {
        self.reranker.name()
    }

    /// The state of the breaker; brings its metrics up to date.
    pub fn state(&self) -> BreakerState {
        self.reranker.state()
    }

    /// Orders the first hits by the upstream's score, which each of them then has; the others keep
    /// their order behind them.
    pub(super) async fn rerank(&self, query: &str, hits: &mut [Hit]) -> Result<(), Skipped> {
        let count = self.top.min(hits.len());
        let (best, _) = hits.split_at_mut(count);
        if best.is_empty() {
            return Ok(());
        }
        let texts: Vec<String> = best
            .iter()
            .map(|hit| hit.stored.passage.indexed_text())
            .collect();
        let scores = self.reranker.rerank(query, &texts).await?;
        for (hit, score) in best.iter_mut().zip(scores) {
            hit.rerank = Some(score);
        }
        let score = |hit: &Hit| hit.rerank.unwrap_or(f64::NEG_INFINITY);
        // Equal scores keep the fused order.
        best.sort_by(|a, b| score(b).total_cmp(&score(a)));
        Ok(())
    }
}
