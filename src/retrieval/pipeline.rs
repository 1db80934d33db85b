//! One retrieval, stage by stage: embed, search, complete, fuse, hydrate.

use super::fusion::{Fused, FusionSettings};
use super::{Hit, Retrieval, RetrievalRequest, Retrieved, TimingsMs, fuse};
use crate::config::Fusion;
use crate::domain::{PassageId, PassageKind};
use crate::error::Result;
use crate::index::{Candidates, Query, Scores};
use crate::store::StoredPassage;
use std::collections::HashMap;
use std::time::Instant;

/// A list that asked for more than this many hits is not lengthened a second time.
const MAX_CANDIDATES: usize = 10_000;
const SECONDS_PER_DAY: f64 = 86_400.0;

impl Retrieval {
    /// Finds the passages that fit the request best.
    ///
    /// # Errors
    /// `Unavailable` without a database; `Internal` when the index fails.
    pub async fn search(&self, request: &RetrievalRequest) -> Result<Retrieved> {
        let begun = Instant::now();
        let mut asked = self.ask(request).await;
        loop {
            match self.find(request, asked.query.clone(), begun).await {
                Err(error) => asked = self.ask_again(request, asked, error).await?,
                found => return found,
            }
        }
    }

    /// The whole of one retrieval for a question whose vector is made.
    async fn find(
        &self,
        request: &RetrievalRequest,
        mut query: Query,
        begun: Instant,
    ) -> Result<Retrieved> {
        let embed = elapsed_ms(begun);
        let (mut search_ms, mut fuse_ms, mut hydrate_ms) = (0.0, 0.0, 0.0);
        let (mut candidates, mut hits);
        loop {
            let stage = Instant::now();
            let completed;
            (candidates, completed) = self.candidates(&query).await?;
            search_ms += elapsed_ms(stage);
            let stage = Instant::now();
            let fused = fuse(&candidates, &completed, FusionSettings::of(&self.settings));
            let offered = fused.len();
            fuse_ms += elapsed_ms(stage);
            let stage = Instant::now();
            hits = self.hydrate(request, fused).await?;
            hydrate_ms += elapsed_ms(stage);
            // What SQL does not confirm was dropped: ask for twice as many, until that helps no more.
            let dropped = offered > hits.len();
            let exhausted = candidates.lexical.len() < query.lexical_limit
                && candidates.dense.len() < query.dense_limit;
            let longest = query.lexical_limit.max(query.dense_limit) >= MAX_CANDIDATES;
            if hits.len() >= request.limit || !dropped || exhausted || longest {
                break;
            }
            query.lexical_limit *= 2;
            query.dense_limit *= 2;
        }
        hits.truncate(request.limit);
        let by_words = query.dense.is_none() && self.settings.vec_weight > 0.0;
        let timings = TimingsMs {
            embed,
            search: search_ms,
            fuse: fuse_ms,
            hydrate: hydrate_ms,
            total: elapsed_ms(begun),
        };
        self.record(&candidates, &timings);
        Ok(Retrieved {
            hits,
            bm25_candidates: candidates.lexical.len(),
            vector_candidates: candidates.dense.len(),
            timings,
            weights: FusionSettings::of(&self.settings).weights,
            fusion: self.settings.fusion,
            degraded: if by_words { vec!["vector"] } else { Vec::new() },
            query_vector: query.dense,
        })
    }

    /// Both lists, and both raw scores of every candidate that one of them lacks.
    async fn candidates(&self, query: &Query) -> Result<(Candidates, Vec<Scores>)> {
        let candidates = self.index.search(query.clone()).await?;
        let two_sided = query.dense.is_some() && query.lexical_limit > 0 && !query.terms.is_empty();
        if !self.settings.complete_scores || self.settings.fusion == Fusion::Rrf || !two_sided {
            return Ok((candidates, Vec::new()));
        }
        let mut sides: HashMap<PassageId, u8> = HashMap::new();
        for scored in candidates.lexical.iter().chain(&candidates.dense) {
            *sides.entry(scored.id).or_default() += 1;
        }
        let one_sided: Vec<PassageId> = sides
            .into_iter()
            .filter(|&(_, count)| count == 1)
            .map(|(id, _)| id)
            .collect();
        if one_sided.is_empty() {
            return Ok((candidates, Vec::new()));
        }
        let completed = self.index.score(query.clone(), one_sided).await?;
        Ok((candidates, completed))
    }

    async fn hydrate(&self, request: &RetrievalRequest, fused: Vec<Fused>) -> Result<Vec<Hit>> {
        // Documents keep the order of the fused score, so only the best need their text. Memory is
        // re-ordered by age, so every candidate does.
        let wanted = if request.scope == super::RetrievalScope::Documents {
            request.limit
        } else {
            fused.len()
        };
        let mut hits: Vec<Hit> = Vec::with_capacity(wanted.min(fused.len()));
        for batch in fused.chunks(wanted.max(1)) {
            let ids: Vec<PassageId> = batch.iter().map(|one| one.id).collect();
            let mut stored: HashMap<PassageId, StoredPassage> = self
                .store
                .passages_by_ids(&ids, &request.read)
                .await?
                .into_iter()
                .map(|stored| (stored.passage.id, stored))
                .collect();
            hits.extend(
                batch
                    .iter()
                    .filter_map(|one| Some(self.hit(one, stored.remove(&one.id)?))),
            );
            if hits.len() >= wanted {
                break;
            }
        }
        hits.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.id().cmp(&b.id())));
        Ok(hits)
    }

    pub(super) fn hit(&self, fused: &Fused, stored: StoredPassage) -> Hit {
        let age = self.clock.now() - stored.passage.created_at;
        let age_days = (age.num_milliseconds() as f64 / 1_000.0 / SECONDS_PER_DAY).max(0.0);
        let ages = stored.passage.source.kind() == PassageKind::Message;
        let decay = if ages && self.settings.time_decay_enabled {
            (-self.settings.time_decay_lambda * age_days).exp()
        } else {
            1.0
        };
        Hit {
            stored,
            score: fused.score * decay,
            bm25: fused.bm25,
            vector: fused.vector,
            decay,
            age_days,
            rerank: None,
        }
    }

    fn record(&self, candidates: &Candidates, timings: &TimingsMs) {
        self.metrics
            .bm25_candidates
            .observe(candidates.lexical.len() as f64);
        self.metrics
            .vector_candidates
            .observe(candidates.dense.len() as f64);
        let stages = [
            ("embed", timings.embed),
            ("search", timings.search),
            ("fuse", timings.fuse),
            ("hydrate", timings.hydrate),
            ("total", timings.total),
        ];
        for (stage, elapsed_ms) in stages {
            self.metrics
                .retrieval_duration
                .with_label_values(&[stage])
                .observe(elapsed_ms / 1_000.0);
        }
    }
}

fn elapsed_ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1_000.0
}
