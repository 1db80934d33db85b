//! One retrieval, stage by stage: embed, search, complete, fuse, hydrate, rerank.

use super::fusion::{Fused, FusionSettings};
use super::question::Asked;
use super::{Hit, Reranking, Retrieval, RetrievalRequest, Retrieved, TimingsMs, fuse};
use crate::config::Fusion;
use ragd_core::domain::{Passage, PassageId, PassageKind, ReadScope};
use ragd_core::error::Result;
use ragd_index::{Candidates, Query, QueryVector, Scores};
use ragd_store::StoredPassage;
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
        let asked = self.ask(request).await;
        self.answer(request, asked, begun).await
    }

    /// As [`Retrieval::search`], for a question whose vector was made already; `None`: it has none,
    /// and words alone find.
    ///
    /// # Errors
    /// As [`Retrieval::search`].
    pub async fn search_with(
        &self,
        request: &RetrievalRequest,
        vector: Option<QueryVector>,
    ) -> Result<Retrieved> {
        let asked = self.ask_with(request, vector);
        self.answer(request, asked, Instant::now()).await
    }

    async fn answer(
        &self,
        request: &RetrievalRequest,
        mut asked: Asked,
        begun: Instant,
    ) -> Result<Retrieved> {
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
        let depth = self.depth(request);
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
            hits = self.hydrate((request, depth), fused).await?;
            hydrate_ms += elapsed_ms(stage);
            // What SQL does not confirm was dropped: ask for twice as many, until that helps no more.
            let dropped = offered > hits.len();
            let exhausted = candidates.lexical.len() < query.lexical_limit
                && candidates.dense.len() < query.dense_limit;
            let longest = query.lexical_limit.max(query.dense_limit) >= MAX_CANDIDATES;
            if hits.len() >= depth || !dropped || exhausted || longest {
                break;
            }
            query.lexical_limit *= 2;
            query.dense_limit *= 2;
        }
        let mut degraded = Vec::new();
        if query.dense.is_none() && self.settings.vec_weight > 0.0 {
            degraded.push("vector");
        }
        let stage = Instant::now();
        let reranked = self.rerank(request, &mut hits, &mut degraded).await;
        let rerank_ms = self.reranking.as_ref().map_or(0.0, |_| elapsed_ms(stage));
        hits.truncate(request.limit);
        let timings = TimingsMs {
            embed,
            search: search_ms,
            fuse: fuse_ms,
            hydrate: hydrate_ms,
            rerank: rerank_ms,
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
            reranked,
            degraded,
            query_vector: query.dense,
        })
    }

    /// How many hits are needed: those that are asked for, and those that are reranked.
    pub(super) fn depth(&self, request: &RetrievalRequest) -> usize {
        let reranked = self.reranking.as_ref().map_or(0, Reranking::top);
        request.limit.max(reranked)
    }

    /// Has the first hits reranked; what was reranked, with its score.
    async fn rerank(
        &self,
        request: &RetrievalRequest,
        hits: &mut [Hit],
        degraded: &mut Vec<&'static str>,
    ) -> Vec<(PassageId, f64)> {
        let Some(reranking) = &self.reranking else {
            return Vec::new();
        };
        if reranking
            .rerank(request.query.as_str(), hits)
            .await
            .is_err()
        {
            degraded.push("rerank");
        }
        hits.iter()
            .filter_map(|hit| Some((hit.id(), hit.rerank?)))
            .collect()
    }

    /// Both lists, and both raw scores of every candidate where the fusion uses them.
    async fn candidates(&self, query: &Query) -> Result<(Candidates, Vec<Scores>)> {
        let two_sided = query.dense.is_some() && query.lexical_limit > 0 && !query.terms.is_empty();
        if !self.settings.complete_scores || self.settings.fusion == Fusion::Rrf || !two_sided {
            return Ok((self.index.search(query.clone()).await?, Vec::new()));
        }
        let found = self.index.search_and_score(query.clone()).await?;
        Ok((found.candidates, found.scores))
    }

    async fn hydrate(
        &self,
        (request, depth): (&RetrievalRequest, usize),
        fused: Vec<Fused>,
    ) -> Result<Vec<Hit>> {
        // Documents keep the order of the fused score, so only the best need their text. Memory is
        // re-ordered by age, so every candidate does.
        let wanted = if request.scope == super::RetrievalScope::Documents {
            depth
        } else {
            fused.len()
        };
        let mut hits: Vec<Hit> = Vec::with_capacity(wanted.min(fused.len()));
        for batch in fused.chunks(wanted.max(1)) {
            let ids: Vec<PassageId> = batch.iter().map(|one| one.id).collect();
            let mut stored: HashMap<PassageId, StoredPassage> = self
                .readable(&ids, &request.read)
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

    /// Those of `ids` that SQL confirms as current and readable, with their texts; a message that
    /// does not open is none of them.
    pub(super) async fn readable(
        &self,
        ids: &[PassageId],
        read: &ReadScope,
    ) -> Result<Vec<StoredPassage>> {
        let mut stored = self.store.passages_by_ids(ids, read).await?;
        let passages = stored.iter_mut().map(|stored| &mut stored.passage);
        self.texts.fill_each(passages.collect()).await?;
        let is_message = |passage: &Passage| passage.source.kind() == PassageKind::Message;
        stored.retain(|one| !is_message(&one.passage) || !one.passage.content.is_empty());
        Ok(stored)
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
            ("rerank", timings.rerank),
            ("total", timings.total),
        ];
        for (stage, elapsed_ms) in stages {
            self.metrics
                .duration
                .with_label_values(&[stage])
                .observe(elapsed_ms / 1_000.0);
        }
    }
}

fn elapsed_ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1_000.0
}
