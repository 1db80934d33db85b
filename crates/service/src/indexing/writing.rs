//! Who may write to the index: within this process one task at a time; among processes that share an
//! index on a server, the one with the lease. The lease is taken for one piece of work and released
//! at its end, so that any process can do the next; the others wait until it has caught up.

use super::Follower;
use super::open::is_replaceable;
use futures_util::future::BoxFuture;
use ragd_core::error::Result;
use ragd_index::CODE_UNREACHABLE;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Between two checks of how far another process has come.
const POLL: Duration = Duration::from_millis(100);

impl Follower {
    /// Applies every change up to now, durably, and returns how many there were; 0 also when
    /// another process has applied them.
    ///
    /// # Errors
    /// `Unavailable` without a database or without the server of the index; `Internal` when the
    /// index fails. Nothing is lost then: the next call begins where this one stopped.
    pub fn catch_up(&self) -> BoxFuture<'_, Result<usize>> {
        Box::pin(async move {
            let _writing = self.shared.writing.lock().await;
            if !self.claim_unless_current().await? {
                return Ok(0);
            }
            self.then_release(Box::pin(self.follow())).await
        })
    }

    /// As [`Follower::catch_up`], but an unreachable server is no failure: SQL has the changes and
    /// confirms every hit, and the index follows when the server is back.
    ///
    /// # Errors
    /// As [`Follower::catch_up`] otherwise.
    pub fn catch_up_if_reachable(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move { if_reachable(self.catch_up().await.map(drop)) })
    }

    /// As [`Follower::repair`], but an unreachable server is no failure.
    ///
    /// # Errors
    /// As [`Follower::repair`] otherwise.
    pub fn repair_if_reachable(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move { if_reachable(self.repair().await.map(drop)) })
    }

    /// Catches up when there is something to do, and rebuilds an index that is lost.
    ///
    /// # Errors
    /// As [`Follower::catch_up`] and [`Follower::rebuild`].
    pub fn pass(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            if self.index.is_shared() && self.is_current().await? {
                return Ok(());
            }
            match self.catch_up().await {
                Err(error) if is_replaceable(&error) => self.repair().await.map(drop),
                outcome => outcome.map(drop),
            }
        })
    }

    /// Creates the index where it is missing and applies every change; the caller holds `writing`.
    pub(super) async fn follow(&self) -> Result<usize> {
        self.index.ensure().await?;
        self.apply_changes().await
    }

    /// Takes the lease, waiting for another process to release it.
    pub(super) async fn claim(&self) -> Result<()> {
        while !self.index.claim().await? {
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    /// As [`Follower::claim`]; `false`, without the lease, when another process has meanwhile applied
    /// everything.
    pub(super) async fn claim_unless_current(&self) -> Result<bool> {
        if self.index.claim().await? {
            return Ok(true);
        }
        let head = self.store.change_log_head().await?;
        loop {
            let position = self.index.refresh().await?;
            self.note_lag(head - position.sequence);
            if position.sequence >= head {
                return Ok(false);
            }
            tokio::time::sleep(POLL).await;
            if self.index.claim().await? {
                return Ok(true);
            }
        }
    }

    /// Does `work` with the lease, and releases it whatever the outcome.
    pub(super) async fn then_release<T>(&self, work: BoxFuture<'_, Result<T>>) -> Result<T> {
        let outcome = work.await;
        if let Err(error) = self.index.release().await {
            tracing::warn!(
                error = error.chain(),
                "the lease of the index was not released; it expires"
            );
        }
        outcome
    }

    /// Whether the index is intact and has every change, whoever applied it.
    async fn is_current(&self) -> Result<bool> {
        let is_intact = self.index.check().await?;
        let head = self.store.change_log_head().await?;
        let lag = head - self.index.position().sequence;
        self.note_lag(lag);
        Ok(is_intact && lag <= 0)
    }

    pub(super) fn note_lag(&self, lag: i64) {
        self.shared.lag.store(lag.max(0), Ordering::Relaxed);
    }
}

fn if_reachable(outcome: Result<()>) -> Result<()> {
    match outcome {
        Err(error) if error.code() == CODE_UNREACHABLE => {
            tracing::warn!(error = error.chain(), "the index follows later");
            Ok(())
        }
        outcome => outcome,
    }
}
