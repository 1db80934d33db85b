//! One retrieval, stage by stage: embed, search, complete, fuse, hydrate, rerank.

use super::fusion::FusionSettings;
use super::query::PreparedQuery;
use super::{Hit, Reranking, Retrieval, RetrievalRequest, Retrieved, TimingsMs, fuse};
use crate::config::Fusion;
use futures_util::future::BoxFuture;
use ragd_core::domain::PassageId;
use ragd_core::error::Result;
use ragd_index::{Candidates, Query, QueryVector, Scores};
use std::time::Instant;

/// The candidates are not asked for again when this many were asked for.
const MAX_CANDIDATES: usize = 10_000;

/// The hits before reranking, and the candidates that they come from.
struct Ranked {
    hits: Vec<Hit>,
    candidates: Candidates,
}

impl Retrieval {
    /// Finds the passages that match the request best.
    ///
    /// # Errors
    /// `Unavailable` without a database; `Internal` when the index fails.
    pub fn search<'a>(&'a self, request: &'a RetrievalRequest) -> BoxFuture<'a, Result<Retrieved>> {
        Box::pin(async move {
            let begun = Instant::now();
            let prepared = self.prepare(request).await;
            self.run(request, prepared, begun).await
        })
    }

    /// As [`Retrieval::search`], for a question whose vector is known; `None`: it has none, and only
    /// words are searched.
    ///
    /// # Errors
    /// As [`Retrieval::search`].
    pub fn search_with<'a>(
        &'a self,
        request: &'a RetrievalRequest,
        vector: Option<QueryVector>,
    ) -> BoxFuture<'a, Result<Retrieved>> {
        Box::pin(async move {
            let prepared = self.prepare_with(request, vector);
            self.run(request, prepared, Instant::now()).await
        })
    }

    /// Runs the query, again when the model of the index changes meanwhile.
    async fn run(
        &self,
        request: &RetrievalRequest,
        mut prepared: PreparedQuery,
        begun: Instant,
    ) -> Result<Retrieved> {
        loop {
            let query = prepared.query.clone();
            match self.run_once(request, query, begun).await {
                Err(error) => prepared = self.prepare_again(request, prepared, error).await?,
                retrieved => return retrieved,
            }
        }
    }

    async fn run_once(
        &self,
        request: &RetrievalRequest,
        mut query: Query,
        begun: Instant,
    ) -> Result<Retrieved> {
        let mut timings = TimingsMs {
            embed: elapsed_ms(begun),
            ..TimingsMs::default()
        };
        let ranked = self.rank(request, &mut query, &mut timings).await?;
        let Ranked {
            mut hits,
            candidates,
        } = ranked;
        let mut degraded = Vec::new();
        if query.dense.is_none() && self.settings.vec_weight > 0.0 {
            degraded.push("vector");
        }
        let stage = Instant::now();
        let reranked = self.rerank(request, &mut hits, &mut degraded).await;
        if self.parts.reranking.is_some() {
            timings.rerank = elapsed_ms(stage);
        }
        hits.truncate(request.limit);
        timings.total = elapsed_ms(begun);
        self.record(&candidates, &timings);
        Ok(Retrieved {
            hits,
            bm25_candidates: candidates.lexical.len(),
            vector_candidates: candidates.dense.len(),
            timings,
            weights: self.fusion_of(request).weights,
            fusion: self.settings.fusion,
            reranked,
            degraded,
            query_vector: query.dense,
        })
    }

    /// Searches, fuses and hydrates. SQL may drop candidates; when too few are left, twice as many
    /// are asked for, for as long as that gives more.
    async fn rank(
        &self,
        request: &RetrievalRequest,
        query: &mut Query,
        timings: &mut TimingsMs,
    ) -> Result<Ranked> {
        let depth = self.depth(request);
        loop {
            let stage = Instant::now();
            let (candidates, completed) = self.candidates(query).await?;
            timings.search += elapsed_ms(stage);
            let stage = Instant::now();
            let fused = fuse(&candidates, &completed, self.fusion_of(request));
            let offered = fused.len();
            timings.fuse += elapsed_ms(stage);
            let stage = Instant::now();
            let hits = self.hydrate(request, depth, fused).await?;
            timings.hydrate += elapsed_ms(stage);
            let dropped = offered > hits.len();
            let exhausted = candidates.lexical.len() < query.lexical_limit
                && candidates.dense.len() < query.dense_limit;
            let longest = query.lexical_limit.max(query.dense_limit) >= MAX_CANDIDATES;
            if hits.len() >= depth || !dropped || exhausted || longest {
                return Ok(Ranked { hits, candidates });
            }
            query.lexical_limit *= 2;
            query.dense_limit *= 2;
        }
    }

    /// How the lists are fused for this question.
    pub(super) fn fusion_of(&self, request: &RetrievalRequest) -> FusionSettings {
        let settings = FusionSettings::of(&self.settings);
        if self.parts.counter.has_identifier(request.query.as_str()) {
            settings.for_identifier()
        } else {
            settings
        }
    }

    /// How many hits are needed: those that are asked for, and those that are reranked.
    pub(super) fn depth(&self, request: &RetrievalRequest) -> usize {
        let reranked = self.parts.reranking.as_ref().map_or(0, Reranking::top);
        request.limit.max(reranked)
    }

    /// Has the first hits reranked; returns what was reranked, with its score.
    async fn rerank(
        &self,
        request: &RetrievalRequest,
        hits: &mut [Hit],
        degraded: &mut Vec<&'static str>,
    ) -> Vec<(PassageId, f64)> {
        let Some(reranking) = &self.parts.reranking else {
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
        let index = &self.parts.index;
        let two_sided = query.dense.is_some() && query.lexical_limit > 0 && !query.terms.is_empty();
        if !self.settings.complete_scores || self.settings.fusion == Fusion::Rrf || !two_sided {
            return Ok((index.search(query.clone()).await?, Vec::new()));
        }
        let scored = index.search_and_score(query.clone()).await?;
        Ok((scored.candidates, scored.scores))
    }

    fn record(&self, candidates: &Candidates, timings: &TimingsMs) {
        let metrics = &self.parts.metrics;
        let (lexical, dense) = (candidates.lexical.len(), candidates.dense.len());
        metrics.bm25_candidates.observe(lexical as f64);
        metrics.vector_candidates.observe(dense as f64);
        let stages = [
            ("embed", timings.embed),
            ("search", timings.search),
            ("fuse", timings.fuse),
            ("hydrate", timings.hydrate),
            ("rerank", timings.rerank),
            ("total", timings.total),
        ];
        for (stage, elapsed_ms) in stages {
            let duration = metrics.duration.with_label_values(&[stage]);
            duration.observe(elapsed_ms / 1_000.0);
        }
    }
}

fn elapsed_ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1_000.0
}
