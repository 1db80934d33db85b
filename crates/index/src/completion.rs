//! Both scores of every candidate, from the two result lists and from a second query for the scores
//! that are missing. The same for every engine.

use super::query::{Candidates, Query, Scored, ScoredCandidates, Scores};
use ragd_core::domain::PassageId;
use std::collections::{HashMap, HashSet};

/// The scores that are missing because a passage is in only one of the two lists.
pub(super) struct Gaps {
    /// Passages whose keyword score is unknown.
    pub lexical: Vec<PassageId>,
    /// Passages whose vector score is unknown.
    pub dense: Vec<PassageId>,
    /// Passages that only the vector list has, in its order.
    only_dense: Vec<PassageId>,
}

impl Gaps {
    /// The gaps of `candidates`, the answer to `query`.
    pub fn of(query: &Query, candidates: &Candidates) -> Self {
        let lexical_ids: HashSet<_> = candidates.lexical.iter().map(|found| found.id).collect();
        let dense_ids: HashSet<_> = candidates.dense.iter().map(|found| found.id).collect();
        let only_dense: Vec<_> = missing(&candidates.dense, &lexical_ids).collect();
        // A keyword list below its limit has every passage that shares a term with the question.
        let is_complete = candidates.lexical.len() < query.lexical_limit.min(Query::MAX_LIMIT);
        Self {
            lexical: if is_complete {
                Vec::new()
            } else {
                only_dense.clone()
            },
            dense: missing(&candidates.lexical, &dense_ids).collect(),
            only_dense,
        }
    }

    /// The candidates with both scores of each; `rest` is the answer to the query for the gaps.
    pub fn fill(self, candidates: Candidates, rest: &Candidates) -> ScoredCandidates {
        let ids = candidates.lexical.iter().map(|found| found.id);
        let ids: Vec<PassageId> = ids.chain(self.only_dense).collect();
        let scores = both(&ids, &[&candidates, rest]);
        ScoredCandidates { candidates, scores }
    }
}

/// The passages of `list` that are not in `known`.
fn missing(list: &[Scored], known: &HashSet<PassageId>) -> impl Iterator<Item = PassageId> {
    let ids = list.iter().map(|found| found.id);
    ids.filter(|id| !known.contains(id))
}

/// The scores of `ids` from `lists`; without a keyword score it is 0.
pub(super) fn both(ids: &[PassageId], lists: &[&Candidates]) -> Vec<Scores> {
    let scores = |side: fn(&Candidates) -> &[Scored]| -> HashMap<PassageId, f32> {
        let found = lists.iter().flat_map(|list| side(list));
        found.map(|found| (found.id, found.score)).collect()
    };
    let (lexical, dense) = (scores(|list| &list.lexical), scores(|list| &list.dense));
    let both = |id: &PassageId| Scores {
        id: *id,
        lexical: lexical.get(id).copied().unwrap_or(0.0),
        dense: dense.get(id).copied(),
    };
    ids.iter().map(both).collect()
}
