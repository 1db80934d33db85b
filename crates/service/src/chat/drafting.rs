//! How a draft is made, whoever asked: look in the response cache, retrieve sources, have a provider
//! reply, check the reply. Nothing here belongs to a session or is stored in one, so several callers
//! may share the result.

use super::draft::{CitationStatus, Draft};
use super::reply::ModelReply;
use super::response_cache::ResponseKey;
use super::single_flight::{InFlight, ProgressSender};
use super::source::RetrievedSources;
use super::turn::Turn;
use super::{Chat, sanitize};
use futures_util::FutureExt;
use ragd_core::error::Result;
use ragd_language::citation::strip_unknown_markers;
use std::sync::Arc;

impl Chat {
    /// Joins the draft of an equal question that is being made, or begins one.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub(super) async fn join_draft(&self, turn: &Arc<Turn>) -> Result<InFlight> {
        let key = self.response_key(turn).await?;
        let fingerprint = key.map(|key| key.fingerprint());
        let single_flight = &self.parts.responses.single_flight;
        Ok(single_flight.join(fingerprint, |progress| {
            let turn = Arc::clone(turn);
            self.clone().draft(turn, key, progress).boxed()
        }))
    }

    /// The draft that is cached under `key`, or a new one.
    async fn draft(
        self,
        turn: Arc<Turn>,
        key: Option<ResponseKey>,
        progress: ProgressSender,
    ) -> Result<Draft> {
        let Some(key) = key else {
            return self.new_draft(&turn, &progress).await;
        };
        let cached = self.parts.responses.get(&key).await;
        if let Ok(Some(draft)) = cached {
            self.count_hit();
            return Ok(draft);
        }
        self.count_miss();
        // An index that lags behind would give an answer of an older corpus than the key says.
        let is_current = self.parts.retrieval.has_followed(key.generation());
        let mut draft = self.new_draft(&turn, &progress).await?;
        let is_cache_down = match cached {
            Ok(_) if is_current && draft.is_cacheable() => {
                self.parts.responses.put(&key, &draft).await.is_err()
            }
            Ok(_) => false,
            Err(_) => true,
        };
        if is_cache_down {
            draft.degraded.push("cache");
        }
        Ok(draft)
    }

    async fn new_draft(&self, turn: &Turn, progress: &ProgressSender) -> Result<Draft> {
        let searched = self.searched(turn).await;
        let retrieved = Arc::new(self.retrieve_sources(turn, searched).await?);
        progress.send_modify(|progress| progress.retrieved = Some(Arc::clone(&retrieved)));
        let reply = self.reply(turn, &retrieved, progress).await?;
        self.checked(&retrieved, reply).await
    }

    /// The draft of a reply: without what may not be shown, with its citations checked and its
    /// confidence.
    ///
    /// # Errors
    /// `Internal` when checking is interrupted.
    pub(super) async fn checked(
        &self,
        retrieved: &RetrievedSources,
        reply: ModelReply,
    ) -> Result<Draft> {
        let mut sources = retrieved.sources.clone();
        let known = strip_unknown_markers(&reply.text, sources.len());
        let text = sanitize::sanitize(&known, &sources);
        let citations = self.check(&text, &sources).await?;
        for source in &mut sources {
            source.cited = citations
                .iter()
                .any(|citation| citation.citation_index == source.citation_index);
        }
        // That of the best supported citation.
        let confidence = citations
            .iter()
            .filter(|citation| citation.status == CitationStatus::Supported)
            .map(|citation| {
                let relevance = retrieved.relevance.get(citation.citation_index - 1);
                citation.score * (0.5 + 0.5 * relevance.copied().unwrap_or(0.0))
            })
            .reduce(f64::max);
        let mut degraded = retrieved.degraded.clone();
        if reply.served.is_fallback {
            degraded.push(Draft::PROVIDER_FALLBACK);
        }
        Ok(Draft {
            text,
            sources,
            grounded: confidence.is_some(),
            confidence: confidence.unwrap_or(0.0),
            citations,
            searched: retrieved.searched.clone(),
            provider: reply.served.provider,
            model: reply.model,
            asked_model: reply.served.model,
            usage: reply.usage,
            degraded,
            finish_reason: reply.finish_reason,
            is_withheld: reply.is_withheld,
            attempts: reply.served.attempts,
            upstream: reply.served.upstream,
        })
    }
}
