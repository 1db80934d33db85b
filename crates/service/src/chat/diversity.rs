//! Which retrieved passages become an answer's sources: the best, but not five of the same document
//! where others match almost as well. Each further passage of a document must be better by a margin,
//! so with a single document, or one that is far ahead, retrieval's order stays. No text is read.

use crate::retrieval::Hit;
use ragd_core::domain::{DocumentId, PassageSource};
use std::collections::HashMap;

/// How many passages are looked at for each that becomes a source.
pub(super) const CANDIDATES_PER_SOURCE: usize = 5;

/// What each further passage of a document loses, as a share of the distance between the best
/// candidate's score and the last one's. From 0.2 to 0.5 the tuned questions on the PostgreSQL
/// manual came out the same (`docs/PERFORMANCE.md`).
const MARGIN: f64 = 0.3;

/// The `count` sources among `hits`, which come best first. The order of a reranker stays: it has
/// read the texts.
pub(super) fn choose(mut hits: Vec<Hit>, count: usize) -> Vec<Hit> {
    if hits.iter().any(|hit| hit.rerank.is_some()) {
        hits.truncate(count);
        return hits;
    }
    let best = hits.first().map_or(0.0, |hit| hit.score);
    let last = hits.last().map_or(0.0, |hit| hit.score);
    let margin = MARGIN * (best - last);
    let mut taken: HashMap<Option<DocumentId>, f64> = HashMap::new();
    let mut rest = hits;
    let mut chosen = Vec::with_capacity(count);
    while chosen.len() < count {
        let adjusted = |hit: &Hit| {
            let before = taken.get(&document(hit)).copied().unwrap_or(0.0);
            hit.score - margin * before
        };
        // The first of equals, so that retrieval's order stays.
        let next = rest
            .iter()
            .enumerate()
            .rev()
            .max_by(|(_, a), (_, b)| adjusted(a).total_cmp(&adjusted(b)))
            .map(|(at, _)| at);
        let Some(at) = next else { break };
        let hit = rest.remove(at);
        *taken.entry(document(&hit)).or_default() += 1.0;
        chosen.push(hit);
    }
    chosen
}

fn document(hit: &Hit) -> Option<DocumentId> {
    match &hit.stored.passage.source {
        PassageSource::Document { document, .. } => Some(*document),
        PassageSource::Message { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retrieval::SideScore;
    use ragd_core::domain::{Collection, OwnerId, Passage, PassageId};
    use ragd_store::StoredPassage;
    use uuid::Uuid;

    fn hit(document: u128, ordinal: i64, score: f64) -> Hit {
        let document = DocumentId::from_uuid(Uuid::from_u128(document));
        Hit {
            stored: StoredPassage {
                passage: Passage {
                    id: PassageId::of_document(document, 1, ordinal),
                    owner: OwnerId::system(),
                    source: PassageSource::Document {
                        document,
                        collection: Collection::default_collection(),
                    },
                    generation: 1,
                    ordinal,
                    content: String::new(),
                    heading: String::new(),
                    page: None,
                    char_start: 0,
                    char_end: 0,
                    embedding: None,
                    model: None,
                    created_at: chrono::DateTime::UNIX_EPOCH,
                },
                document: None,
            },
            score,
            bm25: SideScore::default(),
            vector: SideScore::default(),
            decay: 1.0,
            age_days: 0.0,
            rerank: None,
        }
    }

    fn places(hits: &[Hit]) -> Vec<i64> {
        hits.iter().map(|hit| hit.stored.passage.ordinal).collect()
    }

    #[test]
    fn one_document_keeps_its_order() {
        let hits = (0..6)
            .map(|at| hit(1, at, 1.0 - at as f64 / 10.0))
            .collect();
        assert_eq!(places(&choose(hits, 4)), [0, 1, 2, 3]);
        assert!(choose(Vec::new(), 3).is_empty());
    }

    #[test]
    fn a_rerankers_order_stands() {
        let mut hits = vec![hit(1, 0, 0.1), hit(1, 1, 0.9), hit(2, 2, 0.8)];
        hits[0].rerank = Some(0.7);
        assert_eq!(places(&choose(hits, 2)), [0, 1]);
    }

    #[test]
    fn another_document_that_fits_almost_as_well_comes_before_a_repetition() {
        let hits = || {
            vec![
                hit(1, 0, 0.94),
                hit(1, 1, 0.90),
                hit(1, 2, 0.85),
                hit(2, 3, 0.80),
                hit(3, 4, 0.40),
            ]
        };
        assert_eq!(places(&choose(hits(), 3)), [0, 3, 1]);
        assert_eq!(places(&choose(hits(), 9)), [0, 3, 1, 2, 4]);
    }
}
