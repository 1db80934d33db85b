//! Compares the index with SQL, and rebuilds it from SQL beside the serving one where needed: when it
//! holds another number of passages, or when its average length has drifted from the corpus.

use super::Follower;
use super::open::is_replaceable;
use futures_util::future::BoxFuture;
use ragd_core::error::Result;
use ragd_index::{DEFAULT_AVERAGE_TERMS, IndexFilter};

/// How many passages are read from SQL at once.
pub(super) const PAGE_PASSAGES: i64 = 1_000;
/// How many passages the average length is measured on. Ids are hashes, so the first ones in their
/// order are a fair sample.
const SAMPLE_PASSAGES: i64 = 2_000;
/// With fewer passages the drift of the average length does not matter.
const DRIFT_FROM_PASSAGES: usize = 200;
/// How far the measured average may be from the built one, as a ratio.
const DRIFT_RATIO: f32 = 1.25;

/// The progress of a rebuild, in passages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RebuildProgress {
    /// How many are in the new index.
    pub done: u64,
    /// How many there are.
    pub total: u64,
}

/// The result of comparing the index with SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// It holds as many passages as SQL.
    Sound,
    /// It holds another number of passages than SQL.
    Short {
        /// How many it holds.
        indexed: usize,
        /// How many SQL holds.
        stored: usize,
    },
    /// Its BM25 weights were computed for another average length.
    Drifted,
    /// It is gone from its server, or was made by another version of ragd.
    Lost,
    /// Another process has brought it up to date.
    Elsewhere,
}

impl Follower {
    /// Catches up and compares the index with SQL.
    ///
    /// # Errors
    /// `Unavailable` without a database; `Internal` when the index fails.
    pub fn verify(&self) -> BoxFuture<'_, Result<Check>> {
        Box::pin(async move {
            let _writing = self.shared.writing.lock().await;
            self.claim().await?;
            self.then_release(Box::pin(async {
                self.follow().await?;
                self.check().await
            }))
            .await
        })
    }

    /// Catches up, and rebuilds the index unless it is sound. Returns the result of the check.
    ///
    /// # Errors
    /// As [`Follower::verify`] and [`Follower::rebuild`].
    pub fn repair(&self) -> BoxFuture<'_, Result<Check>> {
        Box::pin(async move {
            let _writing = self.shared.writing.lock().await;
            if !self.claim_unless_current().await? {
                return Ok(Check::Elsewhere);
            }
            self.then_release(Box::pin(self.repair_locked())).await
        })
    }

    async fn repair_locked(&self) -> Result<Check> {
        let check = match self.follow().await {
            Ok(_) => self.check().await?,
            Err(error) if is_replaceable(&error) => {
                tracing::warn!(reason = error.chain(), "the index is lost");
                Check::Lost
            }
            Err(error) => return Err(error),
        };
        if check != Check::Sound {
            tracing::warn!(?check, "the index is rebuilt from the database");
            self.rebuild_locked(&mut |_| {}).await?;
        }
        Ok(check)
    }

    /// Fills a new index from SQL, without embedding anything, and puts it in place of the old one.
    ///
    /// # Errors
    /// `Unavailable` without a database; `Internal` when the index fails; the old one then stays.
    pub async fn rebuild(&self, mut progress: impl FnMut(RebuildProgress) + Send) -> Result<u64> {
        let _writing = self.shared.writing.lock().await;
        self.claim().await?;
        self.then_release(Box::pin(self.rebuild_locked(&mut progress)))
            .await
    }

    async fn check(&self) -> Result<Check> {
        let stored = usize::try_from(self.store.count_current_passages().await?).unwrap_or(0);
        let indexed = self.index.count(IndexFilter::default()).await?;
        if indexed != stored {
            return Ok(Check::Short { indexed, stored });
        }
        let health = self.index.health().await?;
        let built = health.built_average_terms;
        let drifted = health.seen_average_terms.is_some_and(|seen| {
            seen > 0.0 && (seen / built > DRIFT_RATIO || built / seen > DRIFT_RATIO)
        });
        if drifted && stored >= DRIFT_FROM_PASSAGES {
            Ok(Check::Drifted)
        } else {
            Ok(Check::Sound)
        }
    }

    async fn rebuild_locked(
        &self,
        progress: &mut (dyn FnMut(RebuildProgress) + Send),
    ) -> Result<u64> {
        // Read before the passages: what changes meanwhile is applied afterwards.
        let head = self.store.change_log_head().await?;
        let total = u64::try_from(self.store.count_current_passages().await?).unwrap_or(0);
        let space = self.space();
        let model = space.as_ref().map(|space| space.model.clone());
        let rebuild = self
            .index
            .begin_rebuild(space, self.average_terms().await?)
            .await?;
        let mut done = 0;
        let mut after = None;
        progress(RebuildProgress { done, total });
        loop {
            let passages = self
                .page_of_passages(after, PAGE_PASSAGES, model.as_deref())
                .await?;
            let Some(last) = passages.last() else { break };
            after = Some(last.id);
            done += passages.len() as u64;
            for batch in self.points(passages).await? {
                rebuild.upsert(batch).await?;
            }
            progress(RebuildProgress {
                done,
                total: total.max(done),
            });
        }
        // The position will pass over these changes, so nothing else marks their documents.
        self.store
            .mark_indexed_up_to(head, self.clock.now())
            .await?;
        rebuild.commit(head).await?;
        self.apply_changes().await?;
        Ok(done)
    }

    pub(super) async fn average_terms(&self) -> Result<f32> {
        let sample = self.page_of_passages(None, SAMPLE_PASSAGES, None).await?;
        let mut terms = 0.0;
        let mut passages = 0_u16;
        for point in self.points(sample).await?.iter().flatten() {
            terms += point.terms.total();
            passages += 1;
        }
        let average = if passages == 0 {
            0.0
        } else {
            terms / f32::from(passages)
        };
        Ok(if average > 0.0 {
            average
        } else {
            DEFAULT_AVERAGE_TERMS
        })
    }
}
