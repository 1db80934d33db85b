//! The measures: nDCG@10 with the grade as gain and a logarithmic discount (Järvelin and
//! Kekäläinen, 2002), Recall@100, the reciprocal rank of the first relevant document, and latency.

use std::collections::HashMap;

const NDCG_DEPTH: usize = 10;
const RECALL_DEPTH: usize = 100;

/// The measures of every query so far.
#[derive(Default)]
pub(super) struct Measures {
    ndcg: Vec<f64>,
    recall: Vec<f64>,
    reciprocal_rank: Vec<f64>,
    latencies_ms: Vec<f64>,
}

impl Measures {
    /// Adds one query: its ranking, best first, and the grades of its judged documents.
    pub(super) fn add(&mut self, ranking: &[&str], grades: &HashMap<String, f64>, elapsed_ms: f64) {
        let grade = |document: &&&str| grades.get(**document).copied().unwrap_or(0.0).max(0.0);
        let gains: Vec<f64> = ranking
            .iter()
            .take(NDCG_DEPTH)
            .map(|one| grade(&one))
            .collect();
        let mut ideal: Vec<f64> = grades
            .values()
            .copied()
            .filter(|gain| *gain > 0.0)
            .collect();
        let relevant = ideal.len() as f64;
        ideal.sort_by(|a, b| b.total_cmp(a));
        ideal.truncate(NDCG_DEPTH);
        self.ndcg.push(discounted(&gains) / discounted(&ideal));
        let found = ranking
            .iter()
            .take(RECALL_DEPTH)
            .filter(|one| grade(one) > 0.0)
            .count();
        self.recall.push(found as f64 / relevant);
        let first = ranking.iter().position(|one| grade(&one) > 0.0);
        self.reciprocal_rank
            .push(first.map_or(0.0, |place| 1.0 / (place + 1) as f64));
        self.latencies_ms.push(elapsed_ms);
    }

    pub(super) fn len(&self) -> usize {
        self.ndcg.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ndcg.is_empty()
    }

    pub(super) fn ndcg_at_10(&self) -> f64 {
        mean(&self.ndcg)
    }

    pub(super) fn recall_at_100(&self) -> f64 {
        mean(&self.recall)
    }

    pub(super) fn mrr(&self) -> f64 {
        mean(&self.reciprocal_rank)
    }

    /// The latency that a `share` (0–1) of the queries did not exceed.
    pub(super) fn latency_ms(&self, share: f64) -> f64 {
        let mut sorted = self.latencies_ms.clone();
        sorted.sort_by(f64::total_cmp);
        let place = (share * sorted.len().saturating_sub(1) as f64).round() as usize;
        sorted.get(place).copied().unwrap_or(0.0)
    }
}

fn discounted(gains: &[f64]) -> f64 {
    gains
        .iter()
        .enumerate()
        .map(|(place, gain)| gain / ((place + 2) as f64).log2())
        .sum()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_perfect_ranking_scores_one_and_a_late_hit_less() {
        let grades = HashMap::from([("a".to_owned(), 2.0), ("b".to_owned(), 1.0)]);
        let mut perfect = Measures::default();
        perfect.add(&["a", "b", "c"], &grades, 1.0);
        assert!((perfect.ndcg_at_10() - 1.0).abs() < 1e-12);
        assert!((perfect.recall_at_100() - 1.0).abs() < 1e-12);
        let mut late = Measures::default();
        late.add(&["c", "b"], &grades, 1.0);
        let expected = (1.0 / 3f64.log2()) / (2.0 + 1.0 / 3f64.log2());
        assert!((late.ndcg_at_10() - expected).abs() < 1e-12);
        assert!((late.mrr() - 0.5).abs() < 1e-12);
        assert!((late.recall_at_100() - 0.5).abs() < 1e-12);
    }
}
